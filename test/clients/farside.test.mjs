// The sandbox's platforms with clients of theirs that others wrote, which know nothing of us: through connect, one post and one read.
import assert from 'node:assert/strict'
import http from 'node:http'
import https from 'node:https'
import { register } from 'node:module'
import { Readable } from 'node:stream'
import test from 'node:test'
import { agree, photo, sandbox, unique } from './helper.mjs'

// The client's modules name each other without the ending that Node wants.
const endings = 'export const resolve = (name, from, next) => next(name.startsWith(".") && !/[.][cm]?js$/.test(name) ? name + ".js" : name, from)'
register(`data:text/javascript,${encodeURIComponent(endings)}`)
const threads = await import('threads-graph-api')

// The clients of X, LinkedIn and Facebook have no setting for their address: what they ask by https goes through the gateway of the sandbox.
const gateway = new URL(sandbox)
https.request = ({ host, hostname = host, path, method, headers }, ...rest) => http.request({ hostname: gateway.hostname, port: gateway.port, path: `/${hostname}${path}`, method, headers }, ...rest)
const { AuthClient, RestliClient } = (await import('linkedin-api-client')).default
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
  await assert.rejects(page.createFeed([], { message: 'again', attached_media: [{ media_fbid: picture.id }] }), (e) => e.response.error_subcode === 1366051)
  const reel = await page.createVideoReel([], { upload_phase: 'start' })
  assert.match(reel.upload_url, /^https:\/\/rupload\.facebook\.com\/video-upload\//)
  await post.delete([])
  assert.equal(await published(), undefined)
})

test('YouTube', async () => {
  const { auth, youtube } = await import('@googleapis/youtube')
  const tokens = `${sandbox}/oauth2.googleapis.com`
  const login = new auth.OAuth2({ clientId: 'an-app', clientSecret: 'its secret', redirectUri: 'https://elsewhere.example/back',
    endpoints: { oauth2AuthBaseUrl: `${sandbox}/accounts.google.com/o/oauth2/v2/auth`, oauth2TokenUrl: `${tokens}/token`, tokenInfoUrl: `${tokens}/tokeninfo`, oauth2RevokeUrl: `${tokens}/revoke` } })
  const { codeVerifier, codeChallenge } = await login.generateCodeVerifierAsync()
  const scope = ['youtube.upload', 'youtube.readonly', 'youtube.force-ssl'].map((s) => `https://www.googleapis.com/auth/${s}`)
  const back = new URL(await agree(login.generateAuthUrl({ access_type: 'offline', prompt: 'consent', scope, state: 'a state', code_challenge: codeChallenge, code_challenge_method: 'S256' })))
  assert.equal(back.searchParams.get('state'), 'a state')
  const first = (await login.getToken({ code: back.searchParams.get('code'), codeVerifier })).tokens
  assert.ok(first.refresh_token)

  // Another access token comes without another refresh token.
  login.setCredentials({ refresh_token: first.refresh_token })
  assert.notEqual((await login.getAccessToken()).token, first.access_token)
  assert.deepEqual((await login.getTokenInfo(login.credentials.access_token)).scopes, scope)

  const api = youtube({ version: 'v3', auth: login })
  const here = { rootUrl: `${sandbox}/youtube.googleapis.com/`, retry: false }
  const channel = (await api.channels.list({ part: ['snippet', 'contentDetails'], mine: true }, here)).data.items[0]
  assert.equal(channel.snippet.customUrl, '@tidewatch_films')
  const title = unique('From elsewhere')
  const film = Buffer.concat([Buffer.from('000000106674797069736f6d00000000', 'hex'), Buffer.alloc(4096)])
  const insert = (snippet, status) => api.videos.insert({ part: ['snippet', 'status'], requestBody: { snippet, status }, media: { mimeType: 'video/mp4', body: Readable.from([film]) } }, here)
  await assert.rejects(insert({ title: 'a < b', categoryId: '22' }, { privacyStatus: 'public' }), (e) => e.status === 400 && e.response.data.error.errors[0].reason === 'invalidTitle')
  await assert.rejects(insert({ title, categoryId: '22' }, { privacyStatus: 'public', publishAt: '2099-01-01T00:00:00Z' }), (e) => e.response.data.error.errors[0].reason === 'invalidPublishAt')
  const { id } = (await insert({ title, description: 'a film', tags: ['one', 'two'], categoryId: '22' }, { privacyStatus: 'public', selfDeclaredMadeForKids: false })).data
  const eventually = async (look) => { // what is new does not show everywhere at once, and is processed first
    for (let i = 0; i < 450; i++) {
      const found = await look()
      if (found) return found
      await new Promise((done) => setTimeout(done, 200))
    }
    assert.fail(`it never came: ${look}`)
  }
  const video = await eventually(async () => {
    const [found] = (await api.videos.list({ part: ['status', 'processingDetails', 'fileDetails'], id: [id] }, here)).data.items
    return found?.status.uploadStatus === 'processed' && found
  })
  assert.equal(video.fileDetails.fileSize, String(film.length))
  const picture = Buffer.from(await (await fetch(photo)).arrayBuffer())
  await api.thumbnails.set({ videoId: id, media: { mimeType: 'image/jpeg', body: Readable.from([picture]) } }, here)
  const captions = () => api.captions.insert({ part: ['snippet'], requestBody: { snippet: { videoId: id, language: 'en', name: '' } }, media: { mimeType: 'text/plain', body: Readable.from(['1\n00:00:00,000 --> 00:00:01,000\nSea']) } }, here)
  await captions()
  await assert.rejects(captions(), (e) => e.status === 409)
  await api.playlistItems.insert({ part: ['snippet'], requestBody: { snippet: { playlistId: 'PLf4keTidewatchHarbours01', resourceId: { kind: 'youtube#video', videoId: id } } } }, here)
  assert.equal((await api.playlistItems.list({ part: ['snippet'], playlistId: 'PLf4keTidewatchHarbours01', videoId: id }, here)).data.items.length, 1)
  await api.commentThreads.insert({ part: ['snippet'], requestBody: { snippet: { videoId: id, topLevelComment: { snippet: { textOriginal: 'a comment' } } } } }, here)
  const thread = await eventually(async () => (await api.commentThreads.list({ part: ['snippet'], videoId: id }, here)).data.items[0])
  assert.equal(thread.snippet.topLevelComment.snippet.textOriginal, 'a comment')

  // An update replaces what it names, and erases what it leaves out.
  await assert.rejects(api.videos.update({ part: ['snippet'], requestBody: { id, snippet: { title: 'no category' } } }, here), (e) => e.response.data.error.errors[0].reason === 'invalidCategoryId')
  await api.videos.update({ part: ['snippet'], requestBody: { id, snippet: { title: `${title}!`, categoryId: '22' } } }, here)
  const [changed] = (await api.videos.list({ part: ['snippet'], id: [id] }, here)).data.items
  assert.deepEqual([changed.snippet.title, changed.snippet.description, changed.snippet.tags], [`${title}!`, '', undefined])
  await api.videos.delete({ id }, here)
  await assert.rejects(api.videos.delete({ id }, here), (e) => e.status === 404)
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
