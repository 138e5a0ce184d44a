// Connecting accounts as users do it: through the sandbox's consent pages and this server's own, in a headless Chromium.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import test, { after, before, beforeEach, afterEach } from 'node:test'
import { chromium } from 'playwright-core'

const api = process.env.POSTHORN_TEST_API
const shots = process.env.POSTHORN_BROWSER_SHOTS // a folder for pictures of the pages, to be looked at
const phone = { width: 400, height: 760 }

let browser, shop, shopAddress, profileId, context, page

const get = async (path) => {
  const answer = await fetch(api + path, { headers: { authorization: `Bearer ${process.env.POSTHORN_TEST_KEY}` } })
  assert.equal(answer.status, 200, await answer.clone().text())
  return answer.json()
}
const start = async (query) => (await get(`/v1/connect/instagram?${new URLSearchParams({ profileId, ...query })}`)).authUrl
const shot = async (name) => shots && page.screenshot({ path: `${shots}/${name}.png`, fullPage: true })

// fits fails where a page is wider than the screen of a phone, or a control has no name to be read out.
const fits = async () => {
  assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= phone.width, 'the page is wider than a phone')
  const nameless = await page.evaluate(() => [...document.querySelectorAll('button, a, input:not([type=hidden])')].filter((e) => !(e.textContent || e.labels?.[0]?.textContent || e.ariaLabel || '').trim()).map((e) => e.outerHTML))
  assert.deepEqual(nameless, [])
}

// pictured waits until every picture of the page has come, or is known not to come, and says how many did.
const pictured = async () => {
  await page.waitForLoadState('networkidle')
  return page.evaluate(() => [...document.images].filter((i) => i.complete && i.naturalWidth === 128).length)
}

before(async () => {
  browser = await chromium.launch({ executablePath: process.env.POSTHORN_CHROMIUM, args: ['--no-sandbox', '--disable-dev-shm-usage'] })
  shop = createServer((_, res) => res.end('<!doctype html><title>shop</title>back at the shop')) // the app that lets its users connect
  await new Promise((done) => shop.listen(0, '127.0.0.1', done))
  shopAddress = `http://127.0.0.1:${shop.address().port}/done?keep=1`
  profileId = (await get('/v1/profiles')).profiles[0]._id
})
after(async () => {
  await browser.close()
  shop.close()
})
beforeEach(async () => {
  context = await browser.newContext({ viewport: phone })
  page = await context.newPage()
})
afterEach(() => context.close())

// home waits until the browser is back at the shop and gives what it brings along.
const home = async () => {
  await page.waitForURL((u) => u.href.startsWith(shopAddress.split('?')[0]))
  return new URL(page.url()).searchParams
}

test('a user connects an account, and comes back once', async () => {
  await page.goto(await start({ redirect_url: shopAddress }))
  await shot('consent')
  await fits()
  const callback = page.waitForRequest((r) => r.url().includes('/connect/callback/'))
  await page.getByRole('button', { name: 'Allow' }).click()
  const q = await home()
  assert.equal(q.get('connected'), 'instagram')
  assert.equal(q.get('keep'), '1')
  assert.ok((await get('/v1/accounts')).accounts.some((a) => a._id === q.get('accountId')))
  await page.goto((await callback).url())
  assert.equal((await home()).get('error'), 'code_already_redeemed')
})

test('a user denies', async () => {
  await page.goto(await start({ redirect_url: shopAddress }))
  await page.getByRole('button', { name: 'Deny' }).click()
  assert.equal((await home()).get('error'), 'oauth_denied')
})

test('a user unticks what publishing takes', async () => {
  await page.goto(await start({ redirect_url: shopAddress }))
  await page.getByLabel('instagram_business_content_publish').uncheck()
  await page.getByRole('button', { name: 'Allow' }).click()
  const q = await home()
  assert.equal(q.get('error'), 'missing_permissions')
  assert.equal(q.get('missing_scopes'), 'instagram_business_content_publish')
})

test('a personal account', async () => {
  await page.goto(await start({}))
  await page.getByLabel('@tide.watcher').check()
  await page.getByRole('button', { name: 'Allow' }).click()
  await page.getByText('creator or business account').waitFor()
  await shot('failure')
  await fits()
})

test('success on our own page', async () => {
  await page.goto(await start({}))
  await page.getByRole('button', { name: 'Allow' }).click()
  await page.getByText('@coastline.daily').first().waitFor()
  assert.equal(await pictured(), 1)
  await shot('success')
  await fits()
})

test('a user chooses a Page with the keyboard, and goes back', async () => {
  await page.goto(await start({ loginMethod: 'facebook_login', redirect_url: shopAddress }))
  await page.getByRole('button', { name: 'Allow' }).click()
  const elsewhere = []
  page.on('request', (r) => r.url().startsWith(api) || elsewhere.push(r.url()))
  await page.waitForURL(/connect\/choose/)
  assert.equal(await pictured(), 1)
  await shot('choose')
  await fits()
  await page.setViewportSize({ width: 1280, height: 800 })
  await shot('choose-wide')
  await page.emulateMedia({ colorScheme: 'dark' })
  await shot('choose-dark')
  await page.emulateMedia({ colorScheme: null })
  await page.setViewportSize(phone)
  // A picture that does not come leaves the initials, and the page as usable as before.
  const rules = new URL('/_sandbox/rules', process.env.POSTHORN_TEST_SAMPLES)
  await fetch(rules, { method: 'POST', body: JSON.stringify({ host: '*.cdninstagram.com', action: 'status', status: 404, times: 0 }) })
  await page.reload()
  assert.equal(await pictured(), 0)
  assert.ok(await page.getByText('ML', { exact: true }).first().isVisible())
  await shot('choose-without-picture')
  await fits()
  await fetch(rules, { method: 'DELETE' })
  assert.deepEqual(elsewhere, [], 'the page asked another server')
  const address = page.url()
  // Somebody else who has the address.
  const stranger = await (await browser.newContext()).newPage()
  assert.equal((await stranger.goto(address)).status(), 404)
  await stranger.context().close()
  assert.ok(await page.getByLabel('Maison Lune Bakery').isDisabled())
  for (let i = 0; i < 10 && !(await page.evaluate(() => document.activeElement.type === 'radio')); i++) await page.keyboard.press('Tab')
  await page.keyboard.press('Space')
  await page.keyboard.press('Enter')
  // A page of ours says that it is done, and goes on by itself.
  assert.equal((await home()).get('connected'), 'instagram')
  assert.equal((await page.goto(address)).status(), 404)
  await shot('chosen-already')
  await fits()
})

test('a double click', async () => {
  await page.goto(await start({ loginMethod: 'facebook_login' }))
  await page.getByRole('button', { name: 'Allow' }).click()
  await page.waitForURL(/connect\/choose/)
  await page.getByRole('radio').first().check()
  await page.getByRole('button').first().dblclick()
  await page.waitForLoadState('networkidle')
  const { accounts } = await get('/v1/accounts')
  assert.equal(accounts.filter((a) => a.username === 'maison.lune').length, 1)
})

test('a state that is not known', async () => {
  const answer = await page.goto(`${api}/connect/callback/instagram?state=invented&code=1`)
  assert.equal(answer.status(), 400)
  await fits()
})
