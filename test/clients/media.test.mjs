// Uploads with the SDK, the way its users do them.
import assert from 'node:assert/strict'
import test from 'node:test'
import { bluesky, fails, photo, target, unique, zernio } from './helper.mjs'

test('upload and publish', async () => {
  const bytes = Buffer.from(await (await fetch(photo)).arrayBuffer())
  const { data } = await zernio.media.getMediaPresignedUrl({ body: { filename: 'coast.jpg', contentType: 'image/jpeg', size: bytes.length } })
  assert.equal(data.expiresIn, 3600)
  assert.match(data.publicUrl, /\.jpg$/)
  const sent = await fetch(data.uploadUrl, { method: 'PUT', headers: { 'Content-Type': 'image/jpeg' }, body: bytes })
  assert.ok(sent.ok, await sent.text())
  const read = await fetch(data.publicUrl)
  assert.deepEqual(Buffer.from(await read.arrayBuffer()), bytes)
  const created = await zernio.posts.createPost({ body: { content: unique('uploaded'), mediaItems: [{ type: 'image', url: data.publicUrl }], platforms: [target(bluesky)], publishNow: true } })
  assert.equal(created.data.post.status, 'published')
  await fails(zernio.media.getMediaPresignedUrl({ body: { filename: 'a.html', contentType: 'text/html' } }), 400, 'invalid_field_value')
})

test('upload at once', async () => {
  const file = new File([await (await fetch(photo)).arrayBuffer()], 'coast.jpg', { type: 'image/jpeg' })
  const { data } = await zernio.messages.uploadMediaDirect({ body: { file } })
  assert.deepEqual([data.contentType, data.size], ['image/jpeg', file.size])
  assert.match(data.filename, /coast\.jpg$/) // a name of its own
  assert.deepEqual(Buffer.from(await (await fetch(data.url)).arrayBuffer()).length, file.size)
  await fails(zernio.messages.uploadMediaDirect({ body: { file, contentType: 'video/mp4' } }), 400, 'invalid_field_value')
})
