// The sandbox's platforms with clients of theirs that others wrote, which know nothing of us: through connect, one post and one read.
import assert from 'node:assert/strict'
import { register } from 'node:module'
import test from 'node:test'
import { agree, photo, sandbox, unique } from './helper.mjs'

// The client's modules name each other without the ending that Node wants.
const endings = 'export const resolve = (name, from, next) => next(name.startsWith(".") && !/[.]m?js$/.test(name) ? name + ".js" : name, from)'
register(`data:text/javascript,${encodeURIComponent(endings)}`)
const threads = await import('threads-graph-api')

test('Threads', async () => {
  const api = `${sandbox}/graph.threads.net`
  const visitor = new threads.ThreadsPublicApiClient(api)
  const redirect = 'https://elsewhere.example/back'
  const scopes = ['threads_basic', 'threads_content_publish', 'threads_read_replies']
  const back = new URL(await agree(visitor.createAuthorizationUrl('an-app', redirect, scopes, 'a state', `${sandbox}/www.threads.net`)))
  assert.equal(back.searchParams.get('state'), 'a state')
  const granted = await visitor.exchangeAuthorizationCode('an-app', 'its secret', redirect, back.searchParams.get('code'))
  const user = new threads.ThreadsAuthenticatedApiClient(granted.access_token, granted.user_id, api)
  const me = await user.getUserProfile({ id: 'me', fields: ['id', 'username'] })
  assert.equal(me.username, 'harbour.notes')

  // What was made a moment ago is not known everywhere yet; of an empty list the client says that its paging is missing.
  const eventually = async (call) => {
    for (let i = 0; ; i++) {
      try {
        return await call()
      } catch (e) {
        if (i > 200 || !/not available|does not exist|paging/.test(e.message)) throw e
        await new Promise((done) => setTimeout(done, 200))
      }
    }
  }
  const publish = async (params) => {
    const { id } = await eventually(() => user.createMediaContainer(params))
    return (await eventually(() => user.publish({ creationId: id }))).id
  }
  const text = unique('from elsewhere')
  const post = await publish({ mediaType: 'IMAGE', imageUrl: photo, text })
  const reply = await publish({ mediaType: 'TEXT', text: 'and a reply', replyToId: post })
  const read = await user.getMediaObject({ id: post, fields: ['id', 'text', 'media_type', 'permalink', 'username'] })
  assert.deepEqual([read.text, read.media_type, read.username], [text, 'IMAGE', 'harbour.notes'])
  assert.match(read.permalink, /^https:\/\/www\.threads\.com\/@harbour\.notes\/post\//)
  const listed = await eventually(async () => {
    const { data } = await user.getUserThreads({ id: 'me', fields: ['id', 'text'], limit: 10 })
    if (!data.some((p) => p.id === post)) throw new Error('the post does not exist in the list')
    return data
  })
  assert.ok(!listed.some((p) => p.id === reply))
  const limit = await user.getUserThreadsPublishingLimit({ id: 'me', fields: ['reply_quota_usage', 'reply_config'] })
  assert.ok(limit.data[0].reply_quota_usage >= 1 && limit.data[0].reply_config.quota_total > 0)
  await assert.rejects(user.createMediaContainer({ mediaType: 'TEXT', text: 'x'.repeat(501) }), /500 characters/)
})
