// Queues with the SDK, and posts that take their slots.
import assert from 'node:assert/strict'
import test from 'node:test'
import { bluesky, fails, nobody, target, unique, zernio } from './helper.mjs'

test('a queue from its making to its end', async () => {
  const { data: { profile } } = await zernio.profiles.createProfile({ body: { name: unique('Queued').slice(0, 60) } })
  const profileId = profile._id
  const query = { profileId }
  assert.equal((await zernio.queue.listQueueSlots({ query })).data.exists, false)
  await fails(zernio.queue.getNextQueueSlot({ query }), 404)
  const slots = [{ dayOfWeek: 1, time: '09:00' }, { dayOfWeek: 3, time: '14:30' }]
  const made = await zernio.queue.createQueueSlot({ body: { profileId, name: 'Mornings', timezone: 'America/New_York', slots, active: true } })
  assert.equal(made.response.status, 201)
  assert.equal(made.data.schedule.isDefault, true)
  const queueId = made.data.schedule._id
  const preview = (await zernio.queue.previewQueue({ query: { profileId, count: 5 } })).data
  assert.equal(preview.slots.length, 5)
  for (const slot of preview.slots) assert.ok(!Number.isNaN(Date.parse(slot)))
  const next = (await zernio.queue.getNextQueueSlot({ query })).data
  assert.equal(Date.parse(next.nextSlot), Date.parse(preview.slots[0]))

  const bodies = Array.from({ length: 6 }, (_, i) => ({ content: unique(`queued ${i}`), platforms: [target(bluesky)], queuedFromProfile: profileId }))
  const posts = await Promise.all(bodies.map(async (body) => (await zernio.posts.createPost({ body })).data.post))
  assert.equal(new Set(posts.map((p) => p.scheduledFor)).size, 6)
  assert.deepEqual(posts.map((p) => p.queueId), posts.map(() => queueId))
  await fails(zernio.posts.updatePost({ path: { postId: posts[0]._id }, body: { queuedFromProfile: profileId, queueId, scheduledFor: posts[1].scheduledFor } }), 409, 'queue_slot_conflict')

  const changed = await zernio.queue.updateQueueSlot({ body: { profileId, queueId, timezone: 'Europe/Berlin', slots: [{ dayOfWeek: 5, time: '18:00' }], reshuffleExisting: true } })
  assert.equal(changed.data.reshuffledCount, 6)
  const again = await Promise.all(posts.map(async (p) => (await zernio.posts.getPost({ path: { postId: p._id } })).data.post.scheduledFor))
  assert.ok(again.every((at) => new Date(at).getUTCDay() === 5), again.join())
  const second = (await zernio.queue.updateQueueSlot({ body: { profileId, timezone: 'UTC', slots, active: false } })).data
  assert.equal(second.schedule._id, queueId)
  await fails(zernio.queue.getNextQueueSlot({ query }), 400)
  assert.equal((await zernio.queue.listQueueSlots({ query: { profileId, all: 'true' } })).data.count, 1)
  await fails(zernio.queue.createQueueSlot({ body: { profileId, name: 'bad', timezone: 'Mars/Olympus', slots } }), 400)
  await fails(zernio.queue.createQueueSlot({ body: { profileId, name: 'bad', timezone: 'UTC', slots: [{ dayOfWeek: 7, time: '24:00' }] } }), 400)
  await fails(zernio.queue.listQueueSlots({ query: { profileId: nobody } }), 404)
  const gone = (await zernio.queue.deleteQueueSlot({ query: { profileId, queueId } })).data
  assert.deepEqual([gone.success, gone.deletedCount], [true, 1])
  for (const p of posts) await zernio.posts.deletePost({ path: { postId: p._id } })
  await zernio.profiles.deleteProfile({ path: { profileId } })
})
