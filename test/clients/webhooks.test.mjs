// Webhooks with the SDK and the CLI; what is delivered is verified with the library of the Standard Webhooks specification.
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import test, { after } from 'node:test'
import { Webhook } from 'standardwebhooks'
import { bluesky, cli, cliFails, client, fails, nobody, profileId, strangersKey, target, unique, until, zernio } from './helper.mjs'

// The receiver keeps what it hears, and answers as it is told.
const heard = []
let status = 200
const receiver = createServer(async (request, response) => {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  heard.push({ headers: request.headers, body: Buffer.concat(chunks).toString() })
  response.writeHead(status).end('noted')
})
receiver.listen(0, '127.0.0.1')
await once(receiver, 'listening')
after(() => receiver.close())
const url = `http://127.0.0.1:${receiver.address().port}/hook`
const events = ['post.published', 'post.platform.published', 'post.scheduled']

async function made(more = {}) {
  const { data, response } = await zernio.webhooks.createWebhookSettings({ body: { name: 'checks', url, events, ...more } })
  assert.equal(response.status, 200)
  assert.ok(data.success)
  return data.webhook
}

test('settings from their making to their end', async () => {
  const webhook = await made({ url: ` ${url} `, customHeaders: { 'X-Check': 'yes' }, profileIds: [profileId], accountIds: [bluesky._id] })
  assert.match(webhook.secret, /^whsec_/)
  assert.equal(webhook.url, url)
  assert.equal(webhook.isActive, true)
  assert.equal(webhook.failureCount, 0)
  const { data: { webhooks } } = await zernio.webhooks.getWebhookSettings()
  const shown = webhooks.find((w) => w._id === webhook._id)
  assert.deepEqual(shown.events, events)
  assert.deepEqual(shown.customHeaders, { 'X-Check': 'yes' })
  assert.ok(!('secret' in shown))
  const { data } = await zernio.webhooks.updateWebhookSettings({ body: { _id: webhook._id, isActive: false, name: 'paused' } })
  assert.equal(data.webhook.isActive, false)
  assert.equal(data.webhook.name, 'paused')
  assert.deepEqual(data.webhook.events, events)
  await fails(zernio.webhooks.updateWebhookSettings({ body: { _id: nobody, name: 'x' } }), 404)
  for (const body of [{ name: '', url, events }, { name: 'x', url: 'nowhere', events }, { name: 'x', url, events: [] }, { name: 'x', url, events: ['post.exploded'] }, { name: 'x', url, events, customHeaders: { Host: 'x' } }]) {
    await fails(zernio.webhooks.createWebhookSettings({ body }), 400)
  }
  const stranger = client(strangersKey)
  await fails(stranger.webhooks.deleteWebhookSettings({ query: { id: webhook._id } }), 404)
  await fails(stranger.webhooks.testWebhook({ body: { webhookId: webhook._id } }), 404)
  await zernio.webhooks.deleteWebhookSettings({ query: { id: webhook._id } })
  await fails(zernio.webhooks.deleteWebhookSettings({ query: { id: webhook._id } }), 404)
})

test('what is published is delivered, signed', async () => {
  const webhook = await made()
  heard.length = 0
  const { data: { post } } = await zernio.posts.createPost({ body: { content: unique('signed'), platforms: [target(bluesky)], publishNow: true, metadata: { campaign: 'checks' } } })
  await until('both events came', () => heard.length >= 2)
  assert.deepEqual(heard.map((h) => h.headers['x-zernio-event']), ['post.platform.published', 'post.published'])
  for (const { headers, body } of heard) {
    const payload = new Webhook(webhook.secret).verify(body, headers)
    assert.throws(() => new Webhook(webhook.secret).verify(`${body} `, headers))
    assert.throws(() => new Webhook('whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA').verify(body, headers))
    assert.equal(headers['x-zernio-signature'], createHmac('sha256', webhook.secret).update(body).digest('hex'))
    assert.equal(headers['x-late-signature'], headers['x-zernio-signature'])
    assert.equal(headers['x-zernio-event-id'], payload.id)
    assert.equal(payload.event, headers['x-zernio-event'])
    assert.equal(payload.post.id, post._id)
    assert.deepEqual(payload.post.metadata, { campaign: 'checks' })
    assert.equal(payload.post.platforms[0].accountId, bluesky._id)
    assert.equal(payload.post.platforms[0].status, 'published')
    assert.ok(payload.post.platforms[0].publishedUrl && payload.post.platforms[0].platformPostId)
  }
  const { data: { logs } } = await until('both are in the log', async () => {
    const answer = await zernio.webhooks.getWebhookLogs({ query: { webhookId: webhook._id, status: 'success' } })
    return answer.data.logs.length === 2 && answer
  })
  const { data } = await zernio.webhooks.redeliverWebhookEvent({ body: { webhookId: webhook._id, eventId: logs[0].eventId } })
  assert.ok(data.success)
  assert.equal(heard.at(-1).body, heard.find((h) => h.headers['webhook-id'] === logs[0].eventId).body)
  await fails(client(strangersKey).webhooks.redeliverWebhookEvent({ body: { webhookId: webhook._id, eventId: logs[0].eventId } }), 404)

  // While a secret changes, both verify.
  const changed = await zernio.webhooks.updateWebhookSettings({ body: { _id: webhook._id, secret: '' } })
  assert.notEqual(changed.data.webhook.secret, webhook.secret)
  await zernio.webhooks.testWebhook({ body: { webhookId: webhook._id } })
  for (const secret of [webhook.secret, changed.data.webhook.secret]) new Webhook(secret).verify(heard.at(-1).body, heard.at(-1).headers)

  status = 500
  await assert.rejects(zernio.webhooks.testWebhook({ body: { webhookId: webhook._id } }), (e) => e.statusCode === 500)
  await assert.rejects(zernio.webhooks.redeliverWebhookEvent({ body: { webhookId: webhook._id, eventId: logs[0].eventId } }), (e) => e.statusCode === 502)
  status = 200
  await zernio.webhooks.deleteWebhookSettings({ query: { id: webhook._id } })
})

test('the CLI', async () => {
  const { webhook } = await cli('webhooks:create-settings', '--name', 'cli', '--url', url, '--events', 'post.published,post.failed', '--customHeaders', '{"X-Check":"cli"}')
  assert.deepEqual(webhook.events, ['post.published', 'post.failed'])
  assert.ok((await cli('webhooks:get-settings')).webhooks.some((w) => w._id === webhook._id))
  assert.equal((await cli('webhooks:update-settings', '--_id', webhook._id, '--name', 'renamed')).webhook.name, 'renamed')
  assert.equal((await cli('webhooks:test', '--webhookId', webhook._id)).success, true)
  assert.equal(heard.at(-1).headers['x-check'], 'cli')
  assert.equal((await cli('webhooks:get-logs', '--webhookId', webhook._id)).logs[0].event, 'webhook.test')
  assert.equal((await cli('webhooks:delete-settings', '--id', webhook._id)).success, true)
  await cliFails(/not found/i, 'webhooks:delete-settings', '--id', webhook._id)
})
