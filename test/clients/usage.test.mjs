// Logs, usage and billing with the SDK.
import assert from 'node:assert/strict'
import test from 'node:test'
import { bluesky, fails, target, unique, until, zernio } from './helper.mjs'

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

