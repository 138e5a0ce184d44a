// Tries the client that @hey-api/openapi-ts makes.
import assert from 'node:assert/strict'
import { createPost, deletePost, getPost, listAccounts } from './hey/sdk.gen.js'
import { client } from './hey/client.gen.js'

client.setConfig({ baseUrl: process.env.POSTHORN_TEST_API ?? '', auth: process.env.POSTHORN_TEST_KEY ?? '' })

const listed = await listAccounts({ throwOnError: true })
const account = listed.data.accounts.find((a) => a.platform === 'bluesky')
assert.ok(account)
const content = `from hey-api ${process.hrtime.bigint()}`
const scheduledFor = '2035-01-15T10:00:00Z'
const created = await createPost({ throwOnError: true, body: { content, scheduledFor, platforms: [{ platform: account.platform, accountId: account._id }] } })
assert.ok('post' in created.data) // and no answer to a dry run
assert.equal(created.data.post.status, 'scheduled')
const path = { postId: created.data.post._id }
const read = await getPost({ throwOnError: true, path })
assert.equal(read.data.post.content, content)
const deleted = await deletePost({ throwOnError: true, path })
assert.ok(deleted.data.message)
const refused = await createPost({ body: { content, scheduledFor } })
assert.equal(refused.response?.status, 400)
assert.ok(refused.error?.error && refused.error.code)
console.log('@hey-api/openapi-ts: accounts listed; a post created, read and deleted; an error read')
