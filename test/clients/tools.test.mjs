// The validation tools with the SDK.
import assert from 'node:assert/strict'
import test from 'node:test'
import { fails, photo, zernio } from './helper.mjs'

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
