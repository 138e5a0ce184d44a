// Posts with the SDK: every way to make, change and end one.
import assert from 'node:assert/strict'
import test from 'node:test'
import { accounts, bluesky, client, fails, instagram, nobody, photo, profileId, scheduled, strangersKey, target, unique, until, zernio } from './helper.mjs'

const create = (body, headers) => zernio.posts.createPost({ body, headers })
const picture = [{ type: 'image', url: photo }]

// YouTube takes videos alone, and TikTok wants to be told who may see and comment; the second account there is a private one, whose posts have no address.
const consent = { privacyLevel: 'PUBLIC_TO_EVERYONE', allowComment: true, contentPreviewConfirmed: true, expressConsentGiven: true }
const everywhere = accounts.filter((a) => a.platform !== 'youtube' && (a.platform !== 'tiktok' || a.username === 'amber.reels')).map((a) => target(a, a.platform === 'tiktok' ? { platformSpecificData: consent } : {}))

test('publish now to every account that takes a picture, read it back, list it', async () => {
  const { data, response } = await create({ content: unique('from the SDK'), mediaItems: picture, platforms: everywhere, publishNow: true })
  assert.equal(response.status, 201, JSON.stringify(data.post?.platforms.filter((t) => t.status !== 'published')))
  assert.equal(data.message, 'Post published successfully')
  assert.equal(data.post.status, 'published')
  for (const t of data.post.platforms) {
    assert.match(t.platformPostUrl, /^https:/)
    assert.equal(t.accountId.platform, t.platform)
  }
  const read = await zernio.posts.getPost({ path: { postId: data.post._id } })
  assert.equal(read.data.post.status, 'published')
  const list = await zernio.posts.listPosts({ query: { limit: 5, status: 'published', platform: 'instagram', sortBy: 'created-desc' } })
  assert.ok(list.data.posts.some((p) => p._id === data.post._id))
  await fails(zernio.posts.deletePost({ path: { postId: data.post._id } }), 400)
  await fails(zernio.posts.updatePost({ path: { postId: data.post._id }, body: { content: 'other' } }), 400)
  await fails(zernio.posts.retryPost({ path: { postId: data.post._id } }), 400)
})

test('every mode', async () => {
  const draft = await create({ content: unique('draft'), isDraft: true, publishNow: true })
  assert.deepEqual([draft.response.status, draft.data.post.status], [201, 'draft'])
  const nothing = await create({ content: unique('neither time nor now'), platforms: [target(bluesky)] })
  assert.equal(nothing.data.post.status, 'draft')
  const later = await create({ content: unique('later'), platforms: [target(bluesky)], scheduledFor: '2035-01-15T10:00:00', timezone: 'America/New_York' })
  assert.deepEqual([later.data.message, later.data.post.status, later.data.post.scheduledFor], ['Post scheduled successfully', 'scheduled', '2035-01-15T15:00:00.000Z'])
  const past = await create({ content: unique('past'), platforms: [target(bluesky)], scheduledFor: '2020-01-15T10:00:00Z' })
  assert.equal(past.data.post.status, 'published')
  const gap = await create({ content: unique('gap'), platforms: [target(bluesky)], scheduledFor: '2035-03-11T02:30:00', timezone: 'America/New_York' })
  assert.equal(gap.data.post.scheduledFor, '2035-03-11T07:30:00.000Z')
  const own = await create({ content: unique('a time of its own'), scheduledFor: '2035-01-15T10:00:00Z',
    platforms: [target(bluesky, { scheduledFor: '2035-02-01T09:00', customContent: 'other words' }), target(instagram[0])], mediaItems: picture })
  assert.equal(own.data.post.platforms[0].scheduledFor, '2035-02-01T09:00:00.000Z')
  for (const { data } of [draft, nothing, later, gap, own]) {
    const gone = await zernio.posts.deletePost({ path: { postId: data.post._id } })
    assert.equal(gone.data.message, 'Post deleted successfully')
    await fails(zernio.posts.getPost({ path: { postId: data.post._id } }), 404)
  }
})

test('what is refused names its field', async () => {
  await assert.rejects(create({ content: 'no picture', platforms: [target(instagram[0])], publishNow: true }),
    (e) => e.constructor.name === 'ValidationError' && 'mediaItems' in e.fields && e.body.rule === 'instagram.photo.min_items')
  const body = (more) => ({ content: unique('refused'), platforms: [target(bluesky)], scheduledFor: '2035-01-15T10:00:00Z', ...more })
  await fails(create(body({ platforms: [] })), 400, 'missing_required_field')
  await fails(create(body({ content: undefined })), 400)
  await fails(create(body({ timezone: 'Mars/Olympus', scheduledFor: '2035-01-15T10:00:00' })), 400, 'invalid_field_value')
  await fails(create(body({ scheduledFor: 'soon' })), 400, 'invalid_field_value')
  await fails(create(body({ platforms: [{ platform: 'myspace', accountId: bluesky._id }] })), 400)
  await fails(create(body({ platforms: [{ platform: 'instagram', accountId: bluesky._id }] })), 400)
  await fails(create(body({ platforms: [{ platform: 'bluesky', accountId: nobody }] })), 403)
  await fails(create(body({ content: 'x'.repeat(301) })), 400)
  await fails(create(body({ dryRun: true })), 400, 'invalid_field_value')
  await fails(client(strangersKey).posts.createPost({ body: body() }), 403)
  await fails(client('sk_' + '0'.repeat(64)).posts.listPosts(), 401)
})

test('a request once: x-request-id, Idempotency-Key, duplicates', async () => {
  const body = { content: unique('once'), platforms: [target(bluesky)], scheduledFor: '2035-01-15T10:00:00Z' }
  const headers = { 'x-request-id': `r-${process.hrtime.bigint()}` }
  const [a, b] = await Promise.all([create(body, headers), create(body, headers)])
  assert.deepEqual([a.response.status, b.response.status].sort(), [200, 201])
  assert.equal(a.data.post._id, b.data.post._id)
  const again = await create(body, headers)
  assert.equal(again.data.existingPost._id, a.data.post._id)
  await assert.rejects(create(body), (e) => e.statusCode === 409 && e.body.existingPostId === a.data.post._id && e.details.accountId === bluesky._id)
  await zernio.posts.deletePost({ path: { postId: a.data.post._id } })
  const freed = await create(body)
  await zernio.posts.deletePost({ path: { postId: freed.data.post._id } })

  const key = { 'Idempotency-Key': `k-${process.hrtime.bigint()}` }
  const keyed = { ...body, content: unique('keyed') }
  const first = await create(keyed, key)
  const second = await create(keyed, key)
  assert.equal(second.data.post._id, first.data.post._id)
  assert.equal(second.response.status, 201)
  assert.equal(second.response.headers.get('Idempotent-Replayed'), 'true')
  await fails(create({ ...keyed, content: 'other' }, key), 422, 'idempotency_key_reused')
})

test('update: reschedule, draft and back, publish', async () => {
  const post = await scheduled('to be changed')
  const update = (body) => zernio.posts.updatePost({ path: { postId: post._id }, body })
  const moved = await update({ scheduledFor: '2035-02-15T10:00:00Z', content: unique('changed') })
  assert.equal(moved.data.message, 'Post updated successfully')
  assert.equal(moved.data.post.scheduledFor, '2035-02-15T10:00:00.000Z')
  assert.match(moved.data.post.content, /^changed/)
  assert.equal((await update({ isDraft: true })).data.post.status, 'draft')
  assert.equal((await update({ scheduledFor: '2035-03-15T10:00:00Z' })).data.post.status, 'draft')
  assert.equal((await update({ isDraft: false, scheduledFor: '2035-03-15T10:00:00Z' })).data.post.status, 'scheduled')
  await fails(update({ tiktokSettings: { draft: true } }), 400)
  await fails(update({ content: 'x'.repeat(301) }), 400)
  await fails(zernio.posts.updatePost({ path: { postId: nobody }, body: { content: 'x' } }), 404)
  const done = await update({ publishNow: true })
  assert.equal(done.data.post.status, 'published')
})

test('a failure says why, and a retry publishes', async () => {
  const { data, response } = await create({ content: unique('[[sandbox:fail]]'), platforms: [target(bluesky)], publishNow: true })
  assert.equal(response.status, 207)
  assert.equal(data.error, 'All platforms failed')
  const [t] = data.post.platforms
  assert.equal(t.status, 'failed')
  assert.ok(t.errorMessage && t.errorCategory && t.errorSource)
  assert.ok(t.error.rule && t.error.remediation && t.error.docUrl && t.error.platformError, JSON.stringify(t.error))
  const again = await zernio.posts.retryPost({ path: { postId: data.post._id } })
  assert.equal(again.response.status, 207)
  await zernio.posts.updatePost({ path: { postId: data.post._id }, body: { content: unique('mended') } })
  const mended = await until('the mended post is published', async () => {
    const { data: { post } } = await zernio.posts.getPost({ path: { postId: data.post._id } })
    if (post.status === 'failed' || post.status === 'partial') await zernio.posts.retryPost({ path: { postId: post._id } })
    return post.status === 'published' && post
  })
  assert.match(mended.platforms[0].platformPostUrl, /^https:/)
  await fails(zernio.posts.retryPost({ path: { postId: nobody } }), 404)
  const flaky = await create({ content: unique('[[sandbox:flaky:1]]'), platforms: [target(bluesky)], publishNow: true })
  await until('a passing fault is retried by itself', async () =>
    (await zernio.posts.getPost({ path: { postId: flaky.data.post._id } })).data.post.status === 'published')
})

test('unpublish and edit', async () => {
  const { data: { post } } = await create({ content: unique('to be taken back'), platforms: [target(bluesky)], publishNow: true })
  const path = { postId: post._id }
  await fails(zernio.posts.editPost({ path, body: { platform: 'bluesky', content: 'other' } }), 400)
  await fails(zernio.posts.unpublishPost({ path, body: { platform: 'instagram' } }), 400)
  const gone = await zernio.posts.unpublishPost({ path, body: { platform: 'bluesky' } })
  assert.equal(gone.data.success, true)
  const after = (await zernio.posts.getPost({ path })).data.post
  assert.deepEqual([after.status, after.platforms[0].status], ['cancelled', 'cancelled'])
  await fails(zernio.posts.unpublishPost({ path, body: { platform: 'bluesky' } }), 400)
  await fails(zernio.posts.updatePostMetadata({ path, body: { platform: 'youtube' } }), 400)
})

test('bulk upload', async () => {
  const row = (text, rest = '') => `bluesky,${profileId},2035-01-15T10:00:00,UTC,${unique(text)}${rest}`
  const csv = (...rows) => new File([['platforms,profiles,schedule_time,tz,post_content', ...rows].join('\n')], 'posts.csv', { type: 'text/csv' })
  const upload = (file, query) => zernio.posts.bulkUploadPosts({ body: { file }, query })
  const dry = await upload(csv(row('one'), row('two')), { dryRun: true })
  assert.deepEqual([dry.data.total, dry.data.valid, dry.data.invalid], [2, 2, 0])
  assert.ok(dry.data.results.every((r) => r.ok && !r.createdPostId))
  const mixed = await upload(csv(row('three'), 'bluesky,no such profile,2035-01-15T10:00:00,UTC,four'))
  assert.equal(mixed.response.status, 207)
  assert.match(mixed.data.results[0].createdPostId, /^[0-9a-f]{24}$/)
  assert.deepEqual(mixed.data.results[1].errors, ['unknown_profile:no such profile'])
  await fails(upload(new File([''], 'empty.csv')), 400)
})

test('recycling', async () => {
  const post = await scheduled('again and again', { recycling: { gap: 1, gapFreq: 'week', expireCount: 3, contentVariations: [unique('a'), unique('b')] } })
  assert.deepEqual([post.recycling.enabled, post.recycling.gap, post.recycling.gapFreq], [true, 1, 'week'])
  const { data } = await zernio.posts.updatePost({ path: { postId: post._id }, body: { recycling: { gap: 1, gapFreq: 'week', expireCount: null, contentVariations: [] } } })
  assert.equal(data.post.recycling.expireCount ?? null, null)
  await fails(scheduled('never', { recycling: { gap: 0, gapFreq: 'year' } }), 400)
})

test('lists', async () => {
  const text = unique('needle')
  const made = []
  for (const month of ['01', '02', '03']) made.push(await scheduled(text, { scheduledFor: `2036-${month}-15T10:00:00Z` }))
  const list = async (query) => (await zernio.posts.listPosts({ query })).data
  const ids = (page) => page.posts.map((p) => p._id)
  const mine = { search: text }
  assert.deepEqual(ids(await list({ ...mine, sortBy: 'scheduled-asc' })), made.map((p) => p._id))
  assert.deepEqual(ids(await list({ ...mine, sortBy: 'scheduled-asc', limit: 1, page: 2 })), [made[1]._id])
  assert.deepEqual(ids(await list({ ...mine, sortBy: 'scheduled-asc', limit: 1, offset: 2, page: 1 })), [made[2]._id])
  assert.deepEqual(ids(await list({ ...mine, fromDate: '2036-02-01', toDate: '2036-02-28' })), [made[1]._id])
  assert.equal((await list({ ...mine, status: 'scheduled', platform: 'bluesky', accountId: bluesky._id, profileId })).pagination.total, 3)
  assert.equal((await list({ ...mine, status: 'failed' })).pagination.total, 0)
  for (const sortBy of ['scheduled-desc', 'created-desc', 'created-asc', 'status', 'platform']) assert.equal((await list({ ...mine, sortBy })).posts.length, 3)
  for (const query of [{ limit: 501 }, { page: 0 }, { status: 'lost' }, { fromDate: 'soon' }, { colour: 'blue' }, { sortBy: 'beauty' }]) {
    await fails(zernio.posts.listPosts({ query }), 400)
  }
})

test('edit what a Facebook Page shows', async () => {
  const page = accounts.find((a) => a.platform === 'facebook')
  const { data: { post } } = await create({ content: unique('on a Page'), platforms: [target(page)], publishNow: true })
  const { data } = await zernio.posts.editPost({ path: { postId: post._id }, body: { platform: 'facebook', content: unique('said better') } })
  assert.ok(data.success, JSON.stringify(data))
})
