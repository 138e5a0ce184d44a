// Tries the types that openapi-typescript makes, with openapi-fetch.
import assert from 'node:assert/strict'
import createClient from 'openapi-fetch'
import type { paths } from './schema.js'

const client = createClient<paths>({ baseUrl: process.env.POSTHORN_TEST_API ?? '', headers: { Authorization: `Bearer ${process.env.POSTHORN_TEST_KEY}` } })

const listed = await client.GET('/v1/accounts')
const account = listed.data?.accounts.find((a) => a.platform === 'bluesky')
assert.ok(account)
const content = `from openapi-fetch ${process.hrtime.bigint()}`
const scheduledFor = '2035-01-15T10:00:00Z'
const created = await client.POST('/v1/posts', { body: { content, scheduledFor, platforms: [{ platform: account.platform, accountId: account._id }] } })
assert.ok(created.data && 'post' in created.data) // and no answer to a dry run
assert.equal(created.data.post.status, 'scheduled')
const params = { path: { postId: created.data.post._id } }
const read = await client.GET('/v1/posts/{postId}', { params })
assert.equal(read.data?.post.content, content)
const deleted = await client.DELETE('/v1/posts/{postId}', { params })
assert.ok(deleted.data?.message)
const refused = await client.POST('/v1/posts', { body: { content, scheduledFor } })
assert.equal(refused.response.status, 400)
assert.ok(refused.error?.error && refused.error.code)
console.log('openapi-typescript: accounts listed; a post created, read and deleted; an error read')
