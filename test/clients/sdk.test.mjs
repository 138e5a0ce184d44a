// The unmodified Node SDK and CLI against a running Posthorn, with nothing but base URL and key set.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import test from 'node:test'
import { promisify } from 'node:util'
import Zernio from '@zernio/node'

const origin = process.env.POSTHORN_TEST_API
const apiKey = process.env.POSTHORN_TEST_KEY
const photo = process.env.POSTHORN_TEST_PHOTO
const zernio = new Zernio({ apiKey, baseURL: `${origin}/api` })
const { data: { accounts } } = await zernio.accounts.listAccounts()
const bluesky = accounts.find((a) => a.platform === 'bluesky')
const instagram = accounts.filter((a) => a.platform === 'instagram')
const target = (a) => ({ platform: a.platform, accountId: a._id })
const unique = (text) => `${text} ${process.hrtime.bigint()}`

test('accounts and profiles', async () => {
  assert.equal(instagram.length, 2)
  assert.ok(bluesky.profileId._id)
  const { data } = await zernio.profiles.listProfiles()
  assert.ok(data.profiles.some((p) => p._id === bluesky.profileId._id && p.isDefault))
})

test('publish now to every account, read it back, list it', async () => {
  const { data, response } = await zernio.posts.createPost({ body: {
    content: unique('from the SDK'), mediaItems: [{ type: 'image', url: photo }], platforms: accounts.map(target), publishNow: true } })
  assert.equal(response.status, 201)
  assert.equal(data.post.status, 'published')
  for (const t of data.post.platforms) assert.match(t.platformPostUrl, /^https:/)
  const read = await zernio.posts.getPost({ path: { postId: data.post._id } })
  assert.equal(read.data.post.status, 'published')
  const list = await zernio.posts.listPosts({ query: { limit: 5, status: 'published', platform: 'instagram' } })
  assert.ok(list.data.posts.some((p) => p._id === data.post._id))
})

test('schedule in local time, and delete', async () => {
  const { data } = await zernio.posts.createPost({ body: {
    content: unique('later'), platforms: [target(bluesky)], scheduledFor: '2035-01-15T10:00:00', timezone: 'America/New_York' } })
  assert.equal(data.post.status, 'scheduled')
  assert.equal(data.post.scheduledFor, '2035-01-15T15:00:00.000Z')
  const gone = await zernio.posts.deletePost({ path: { postId: data.post._id } })
  assert.equal(gone.data.message, 'Post deleted successfully')
  await assert.rejects(zernio.posts.getPost({ path: { postId: data.post._id } }), (e) => e.statusCode === 404 || e.status === 404)
})

test('a fault of the post names its field', async () => {
  await assert.rejects(zernio.posts.createPost({ body: { content: 'no picture', platforms: [target(instagram[0])], publishNow: true } }),
    (e) => e.constructor.name === 'ValidationError' && 'mediaItems' in e.fields)
})

test('the same content twice is a duplicate, the same request ID is not', async () => {
  const body = { content: unique('once'), platforms: [target(bluesky)], scheduledFor: '2035-01-15T10:00:00Z' }
  const headers = { 'x-request-id': `r-${process.hrtime.bigint()}` }
  const first = await zernio.posts.createPost({ body, headers })
  const again = await zernio.posts.createPost({ body, headers })
  assert.equal(again.response.status, 200)
  assert.equal(again.data.existingPost._id, first.data.post._id)
  await assert.rejects(zernio.posts.createPost({ body }), (e) => (e.statusCode ?? e.status) === 409)
  await zernio.posts.deletePost({ path: { postId: first.data.post._id } })
})

test('the CLI', async () => {
  const cli = async (...args) => JSON.parse((await promisify(execFile)('node_modules/.bin/zernio', args,
    { env: { ...process.env, ZERNIO_API_URL: `${origin}/api`, ZERNIO_API_KEY: apiKey } })).stdout)
  assert.equal((await cli('accounts:list')).accounts.length, 3)
  assert.ok((await cli('profiles:list')).profiles.length >= 1)
  const made = await cli('posts:create', '--text', unique('from the CLI'), '--accounts', bluesky._id)
  assert.match(made.post._id, /^[0-9a-f]{24}$/)
  assert.equal((await cli('posts:get', made.post._id)).post._id, made.post._id)
})
