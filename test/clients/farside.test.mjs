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

// The clients of X and of Facebook have no setting for their address: what they ask by https goes through the gateway of the sandbox.
const { hostname, port } = new URL(sandbox)
https.request = ({ host, hostname: name, path, method, headers }, ...rest) => http.request({ hostname, port, path: `/${host ?? name}${path}`, method, headers }, ...rest)
const { TwitterApi } = (await import('twitter-api-v2')).default
const { FacebookAdsApi, Page, PagePost, User } = (await import('facebook-nodejs-business-sdk')).default

// Neither has that of TikTok, which asks with fetch.
const fetched = globalThis.fetch
globalThis.fetch = async (what, options) => {
  const request = new Request(what, options)
  const { host, pathname, search } = new URL(request.url)
  if (!host.endsWith('.tiktokapis.com')) return fetched(what, options)
  return fetched(`${sandbox}/${host}${pathname}${search}`, { method: request.method, headers: request.headers, body: await request.text() })
}
const arctic = await import('arctic')

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

test('TikTok', async () => {
  const app = new arctic.TikTok('a-key', 'its secret', 'https://elsewhere.example/back')
  const state = arctic.generateState()
  const verifier = arctic.generateCodeVerifier()
  const url = app.createAuthorizationURL(state, verifier, ['user.info.basic', 'video.publish'])
  const back = new URL(await agree(url.href.replace('https:/', sandbox)))
  assert.equal(back.searchParams.get('state'), state)
  assert.equal(back.searchParams.get('scopes'), 'user.info.basic,video.publish')
  // TikTok's refusals come with success, which this client leaves to its user to see.
  const refusal = async (call) => (await call).data.error
  assert.equal(await refusal(app.validateAuthorizationCode(back.searchParams.get('code'), arctic.generateCodeVerifier())), 'invalid_request')
  const tokens = await app.validateAuthorizationCode(back.searchParams.get('code'), verifier)
  assert.equal(tokens.accessTokenExpiresInSeconds(), 86400)
  assert.equal(await refusal(app.validateAuthorizationCode(back.searchParams.get('code'), verifier)), 'invalid_grant')

  // A refresh token is changed, and taken once more, as an answer may have been lost.
  const fresh = await app.refreshAccessToken(tokens.refreshToken())
  assert.notEqual(fresh.refreshToken(), tokens.refreshToken())
  await app.refreshAccessToken(tokens.refreshToken())
  assert.equal(await refusal(app.refreshAccessToken(tokens.refreshToken())), 'invalid_grant')

  const ask = async () => (await fetch('https://open.tiktokapis.com/v2/post/publish/creator_info/query/', { method: 'POST', headers: { authorization: `Bearer ${fresh.accessToken()}` } })).json()
  assert.equal((await ask()).data.creator_username, 'amber.reels')
  await app.revokeToken(fresh.accessToken())
  assert.equal((await ask()).error.code, 'access_token_invalid')
})

test('Facebook', async () => {
  const dialog = new URL(`${sandbox}/www.facebook.com/v24.0/dialog/oauth`)
  const redirect = 'https://elsewhere.example/back'
  dialog.search = new URLSearchParams({ client_id: 'an-app', redirect_uri: redirect, response_type: 'code', state: 'a state', scope: 'pages_show_list,pages_read_engagement,pages_manage_posts,pages_manage_engagement,business_management' })
  const back = new URL(await agree(dialog.href))
  assert.equal(back.searchParams.get('state'), 'a state')
  const token = async (params) => {
    const answer = await fetch(`${sandbox}/graph.facebook.com/v24.0/oauth/access_token?${new URLSearchParams({ client_id: 'an-app', client_secret: 'its secret', ...params })}`)
    return (await answer.json()).access_token
  }
  const short = await token({ redirect_uri: redirect, code: back.searchParams.get('code') })
  const user = new FacebookAdsApi(await token({ grant_type: 'fb_exchange_token', fb_exchange_token: short }), 'en_US', false)
  const pages = await new User('me', {}, undefined, user).getAccounts(['id', 'name', 'access_token', 'tasks'], { limit: 1 })
  const { id, access_token: access } = pages[0]
  const names = pages.map((p) => p.name)
  while (pages.hasNext()) names.push(...(await pages.next()).map((p) => p.name))
  assert.deepEqual(names, ['Lighthouse Bakery', 'Kiosk Vinyl', 'Old Mill Archive'])

  await assert.rejects(new Page(id, {}, undefined, user).createFeed([], { message: 'as a person' }), /#200/)
  const api = new FacebookAdsApi(access, 'en_US', false)
  const page = new Page(id, {}, undefined, api)
  const text = unique('from elsewhere')
  const picture = await page.createPhoto([], { url: photo, published: false })
  const made = await page.createFeed([], { message: text, attached_media: [{ media_fbid: picture.id }], published: false })
  const post = new PagePost(made.id, {}, undefined, api)
  const published = async () => (await page.getPublishedPosts(['id', 'message', 'permalink_url', 'attachments'], { limit: 5 })).find((p) => p.id === made.id)
  assert.equal(await published(), undefined)
  await post.update([], { is_published: true })
  await post.createComment([], { message: 'and a comment' })
  let read
  for (let i = 0; !read && i < 200; i++) {
    read = await published()
    await new Promise((done) => setTimeout(done, 100))
  }
  assert.equal(read.message, text)
  assert.match(read.permalink_url, /^https:\/\/www\.facebook\.com\/lighthousebakery\/posts\//)
  assert.equal(read.attachments.data[0].target.id, picture.id)
  assert.equal((await post.getComments(['message'])).map((c) => c.message).join(), 'and a comment')
  await assert.rejects(page.createFeed([], { message: 'again', attached_media: [{ media_fbid: picture.id }] }), /already posted/i)
  const reel = await page.createVideoReel([], { upload_phase: 'start' })
  assert.match(reel.upload_url, /^https:\/\/rupload\.facebook\.com\/video-upload\//)
  await post.delete([])
  assert.equal(await published(), undefined)
})
