// Connecting accounts with the SDK: the browser's part is played by fetch.
import assert from 'node:assert/strict'
import test from 'node:test'
import { client, fails, instagram, profileId, strangersKey, zernio } from './helper.mjs'

// hop follows one redirect and no more.
const hop = async (url) => (await fetch(url, { redirect: 'manual' })).headers.get('location')

// agree grants all that a consent page of the sandbox asks for, as its first user.
const agree = async (url) => {
  const page = await (await fetch(url)).text()
  const value = (type) => [...page.matchAll(new RegExp(`<input type="${type}" name="([^"]+)" value="([^"]+)"`, 'g'))].map((m) => [m[1], m[2]])
  const body = new URLSearchParams([value('radio')[0], ...value('checkbox'), ['decision', 'allow']])
  return (await fetch(url, { method: 'POST', body, redirect: 'manual' })).headers.get('location')
}

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
  const { pages } = (await zernio.connect.listInstagramPages({ query: { profileId, tempToken } })).data
  assert.ok(pages[0].instagram_business_account.username)
  const body = { profileId, pageId: pages[0].id, tempToken }
  const { account } = (await zernio.connect.selectInstagramAccount({ body })).data
  assert.equal(account.platform, 'instagram')
  await fails(zernio.connect.selectInstagramAccount({ body }), 404)
})
