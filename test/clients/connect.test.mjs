// Connecting accounts with the SDK: the browser's part is played by fetch.
import assert from 'node:assert/strict'
import test from 'node:test'
import { agree, client, fails, instagram, profileId, strangersKey, unique, zernio } from './helper.mjs'

// hop follows one redirect and no more.
const hop = async (url) => (await fetch(url, { redirect: 'manual' })).headers.get('location')

test('Instagram by its own login', async () => {
  const path = { platform: 'instagram' }
  const { data } = await zernio.connect.getConnectUrl({ path, query: { profileId, redirect_url: 'https://shop.example/done?keep=1' } })
  assert.match(data.authUrl, /oauth\/authorize/)
  const done = new URL(await hop(await agree(data.authUrl)))
  assert.equal(done.host, 'shop.example')
  assert.equal(done.searchParams.get('keep'), '1')
  assert.equal(done.searchParams.get('connected'), 'instagram')
  assert.ok(instagram.some((a) => a._id === done.searchParams.get('accountId')))
  await fails(zernio.connect.getConnectUrl({ path, query: { profileId, redirect_url: 'javascript:alert(1)' } }), 400, 'INVALID_REDIRECT_URL')
  await fails(client(strangersKey).connect.getConnectUrl({ path, query: { profileId } }), 404)
})

test('a code that the caller took', async () => {
  const path = { platform: 'instagram' }
  const { data } = await zernio.connect.getConnectUrl({ path, query: { profileId } })
  const code = new URL(await agree(data.authUrl)).searchParams.get('code')
  const body = { code, state: data.state, profileId }
  const connected = await zernio.connect.handleOAuthCallback({ path, body })
  assert.equal(connected.data.account.platform, 'instagram')
  await fails(zernio.connect.handleOAuthCallback({ path, body }), 400, 'invalid_state')
})

test('Instagram by Facebook, headless', async () => {
  const { data } = await zernio.connect.getConnectUrl({ path: { platform: 'instagram' }, query: { profileId, loginMethod: 'facebook_login', headless: true, redirect_url: 'https://shop.example/choose' } })
  const choose = new URL(await hop(await agree(data.authUrl))).searchParams
  assert.equal(choose.get('step'), 'select_account')
  const tempToken = choose.get('tempToken')
  await fails(zernio.connect.getPendingOAuthData({ query: { token: tempToken } }), 404) // it has a list of its own
  const { pages } = (await zernio.connect.listInstagramPages({ query: { profileId, tempToken } })).data
  assert.ok(pages[0].instagram_business_account.username)
  const body = { profileId, pageId: pages[0].id, tempToken }
  const { account } = (await zernio.connect.selectInstagramAccount({ body })).data
  assert.equal(account.platform, 'instagram')
  await fails(zernio.connect.selectInstagramAccount({ body }), 404)
})

test('Threads, and a chain on it', async () => {
  const { data } = await zernio.connect.getConnectUrl({ path: { platform: 'threads' }, query: { profileId, redirect_url: 'https://shop.example/done' } })
  const done = new URL(await hop(await agree(data.authUrl))).searchParams
  assert.equal(done.get('connected'), 'threads')
  const threadItems = [{ content: unique('one') }, { content: 'two' }]
  const post = await zernio.posts.createPost({ body: { content: 'for display', publishNow: true, platforms: [{ platform: 'threads', accountId: done.get('accountId'), platformSpecificData: { threadItems, topic_tag: 'sdk' } }] } })
  assert.equal(post.data.post.platforms[0].status, 'published')
  assert.match(post.data.post.platforms[0].platformPostUrl, /^https:\/\/www\.threads\.com\//)
})
