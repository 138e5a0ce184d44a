// The sandbox's platforms with clients of theirs that others wrote, which know nothing of us: through connect, one post and one read.
import assert from 'node:assert/strict'
import http from 'node:http'
import https from 'node:https'
import { register } from 'node:module'
import test from 'node:test'
import { agree, photo, sandbox, unique } from './helper.mjs'

// The client's modules name each other without the ending that Node wants.
const endings = 'export const resolve = (name, from, next) => next(name.startsWith(".") && !/[.]m?js$/.test(name) ? name + ".js" : name, from)'
register(`data:text/javascript,${encodeURIComponent(endings)}`)
const threads = await import('threads-graph-api')

// The clients of X and LinkedIn have no setting for their address: what they ask by https goes through the gateway of the sandbox.
const gateway = new URL(sandbox)
https.request = ({ host, hostname = host, path, method, headers }, ...rest) => http.request({ hostname: gateway.hostname, port: gateway.port, path: `/${hostname}${path}`, method, headers }, ...rest)
const { AuthClient, RestliClient } = (await import('linkedin-api-client')).default
const { TwitterApi } = (await import('twitter-api-v2')).default

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

test('X', async () => {
  const app = new TwitterApi({ clientId: 'an-app', clientSecret: 'its secret' })
  const redirectUri = 'https://elsewhere.example/back'
  const { url, codeVerifier, state } = app.generateOAuth2AuthLink(redirectUri, { scope: ['tweet.read', 'tweet.write', 'users.read', 'media.write', 'offline.access'] })
  const back = new URL(await agree(url.replace('https:/', sandbox)))
  assert.equal(back.searchParams.get('state'), state)
  const first = await app.loginWithOAuth2({ code: back.searchParams.get('code'), codeVerifier, redirectUri })
  assert.equal((await first.client.v2.me()).data.username, 'lamplight_press')

  // The pair is changed, and the old refresh token is spent.
  const { client, refreshToken } = await app.refreshOAuth2Token(first.refreshToken)
  assert.notEqual(refreshToken, first.refreshToken)
  await assert.rejects(app.refreshOAuth2Token(first.refreshToken), (e) => e.code === 400)

  const picture = Buffer.from(await (await fetch(photo)).arrayBuffer())
  const media = await client.v2.uploadMedia(picture, { media_type: 'image/jpeg' })
  const text = unique('from elsewhere & <here>')
  const post = await client.v2.tweet(text, { media: { media_ids: [media] } })
  const answered = await client.v2.reply('and an answer', post.data.id)
  assert.ok(answered.data.id)
  await assert.rejects(client.v2.tweet(text.repeat(20)), (e) => e.code === 403)
  const read = await client.v2.singleTweet(post.data.id, { 'tweet.fields': ['text', 'attachments', 'created_at'] })
  assert.ok(read.data.text.startsWith(text.replace('&', '&amp;').replace('<', '&lt;').replace('>', '&gt;')), read.data.text)
  assert.equal(read.data.attachments.media_keys.length, 1)
  assert.deepEqual((await client.v2.deleteTweet(post.data.id)).data, { deleted: true })
})

test('LinkedIn', async () => {
  const app = new AuthClient({ clientId: 'an-app', clientSecret: 'its secret', redirectUrl: 'https://elsewhere.example/back' })
  const scopes = ['openid', 'profile', 'w_member_social', 'w_organization_social', 'r_organization_social', 'rw_organization_admin']
  const back = new URL(await agree(app.generateMemberAuthorizationUrl(scopes, 'a-state').replace('https:/', sandbox)))
  assert.equal(back.searchParams.get('state'), 'a-state')
  const granted = await app.exchangeAuthCodeForAccessToken(back.searchParams.get('code'))
  await assert.rejects(app.exchangeAuthCodeForAccessToken(back.searchParams.get('code')), (e) => e.response.status === 400)
  const accessToken = granted.access_token
  assert.equal((await app.introspectAccessToken(accessToken)).data.status, 'active')

  // The refresh token stays, and ends no later for it; the new access token is not known everywhere at once.
  const again = await app.exchangeRefreshTokenForAccessToken(granted.refresh_token)
  assert.equal(again.refresh_token, granted.refresh_token)
  assert.ok(again.refresh_token_expires_in <= granted.refresh_token_expires_in)
  const client = new RestliClient()
  await assert.rejects(client.get({ resourcePath: '/userinfo', accessToken: again.access_token }), (e) => e.response.data.serviceErrorCode === 65601)
  const me = (await client.get({ resourcePath: '/userinfo', accessToken })).data
  assert.equal(me.name, 'Mira Castell')

  const versionString = '202609'
  const acls = await client.finder({ resourcePath: '/organizationAcls', finderName: 'roleAssignee', queryParams: { role: 'ADMINISTRATOR', state: 'APPROVED' }, versionString, accessToken })
  const author = acls.data.elements[0].organization
  const text = unique('from elsewhere')
  const entity = { author, commentary: `${text} \\(all of it\\) #lamps and (what is cut`, visibility: 'PUBLIC', lifecycleState: 'PUBLISHED', distribution: { feedDistribution: 'MAIN_FEED', targetEntities: [], thirdPartyDistributionChannels: [] } }
  const made = await client.create({ resourcePath: '/posts', entity, versionString, accessToken })
  assert.equal(made.status, 201)
  const urn = made.createdEntityId
  assert.match(urn, /^urn:li:share:\d+$/)
  await assert.rejects(client.create({ resourcePath: '/posts', entity, versionString, accessToken }), (e) => e.response.status === 422 && e.response.data.message.endsWith(urn))
  await assert.rejects(client.create({ resourcePath: '/posts', entity, versionString: '202401', accessToken }), (e) => e.response.status === 426)
  const read = await client.get({ resourcePath: '/posts/{id}', pathKeys: { id: urn }, versionString, accessToken })
  assert.equal(read.data.commentary, `${text} \\(all of it\\) {hashtag|\\#|lamps} and `)
  for (let i = 0; ; i++) { // a list has a post only after some seconds
    const listed = await client.finder({ resourcePath: '/posts', finderName: 'author', queryParams: { author, sortBy: 'CREATED', count: 10 }, versionString, accessToken })
    if (listed.data.elements.some((p) => p.id === urn)) break
    assert.ok(i < 100, 'the post is never listed')
    await new Promise((done) => setTimeout(done, 200))
  }
  await client.partialUpdate({ resourcePath: '/posts/{id}', pathKeys: { id: urn }, patchSetObject: { commentary: text }, versionString, accessToken })
  assert.equal((await client.get({ resourcePath: '/posts/{id}', pathKeys: { id: urn }, versionString, accessToken })).data.commentary, text)
  assert.equal((await client.delete({ resourcePath: '/posts/{id}', pathKeys: { id: urn }, versionString, accessToken })).status, 204)
  await assert.rejects(client.get({ resourcePath: '/posts/{id}', pathKeys: { id: urn }, versionString, accessToken }), (e) => e.response.status === 404)
})
