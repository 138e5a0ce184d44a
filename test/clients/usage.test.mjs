// Logs, usage, billing and the validation tools with the SDK.
import assert from 'node:assert/strict'
import test from 'node:test'
import { bluesky, fails, photo, target, unique, until, zernio } from './helper.mjs'

test('usage and billing', async () => {
  const stats = (await zernio.usage.getUsageStats()).data
  assert.equal(stats.limits.profiles, -1)
  assert.ok(stats.usage.connectedAccounts >= 3)
  await fails(zernio.usage.getUsageStats({ query: { reconcile: 'perhaps' } }), 400)
  const usage = (await zernio.usage.getUsage({ query: { range: '7d', granularity: 'day' } })).data
  assert.ok(Array.isArray(usage.days) && usage.totals)
  const billing = (await zernio.usage.getBilling()).data
  assert.equal(billing.status.hasAccess, true)
  assert.ok(Array.isArray((await zernio.usage.getXApiPricing()).data.operations))
})

test('logs', async () => {
  const { data: { post } } = await zernio.posts.createPost({ body: { content: unique('logged'), platforms: [target(bluesky)], publishNow: true } })
  assert.equal(post.status, 'published')
  const page = await until('the exchanges are in the log', async () => {
    const { data } = await zernio.logs.listLogs({ query: { type: 'publishing', platform: 'bluesky', accountId: bluesky._id, limit: 5 } })
    return data.logs.length > 0 && data
  })
  assert.ok(page.pagination.total >= 1)
  assert.equal(page.logs[0].platform, 'bluesky')
  assert.ok(!JSON.stringify(page).includes('Bearer '))
  await fails(zernio.logs.listLogs({ query: { days: 91 } }), 400)
  await fails(zernio.logs.listLogs({ query: { status: 'lost' } }), 400)
})

test('validation tools', async () => {
  const length = (await zernio.validate.validatePostLength({ body: { text: 'https://example.com/a/very/long/address/indeed 👩‍👩‍👧‍👦' } })).data.platforms
  assert.deepEqual([length.twitter.count, length.bluesky.count, Object.keys(length).length >= 15], [26, 48, true])
  const good = (await zernio.validate.validatePost({ body: { content: 'hello', platforms: [{ platform: 'bluesky' }] } })).data
  assert.equal(good.valid, true)
  const bad = (await zernio.validate.validatePost({ body: { content: 'hello', platforms: [{ platform: 'instagram' }, { platform: 'bluesky' }] } })).data
  assert.deepEqual([bad.valid, bad.errors[0].platform], [false, 'instagram'])
  await fails(zernio.validate.validatePost({ body: { content: 'x' } }), 400)
  const media = (await zernio.validate.validateMedia({ body: { url: photo } })).data
  assert.deepEqual([media.valid, media.type, media.contentType], [true, 'image', 'image/jpeg'])
  assert.equal((await zernio.validate.validateMedia({ body: { url: photo + '.gone' } })).data.valid, false)
  await fails(zernio.validate.validateSubreddit({ query: { name: 'no such name!' } }), 400)
  const sub = (await zernio.validate.validateSubreddit({ query: { name: 'golang' } })).data
  assert.equal(typeof sub.exists, 'boolean')
})
