// Every core command of the unmodified CLI.
import assert from 'node:assert/strict'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { accounts, bluesky, cli, cliFails, instagram, nobody, photo, profileId, unique } from './helper.mjs'

test('who am I', async () => {
  assert.ok(JSON.stringify(await cli('auth:check')).length > 2)
  assert.ok((await cli('users:get', (await cli('profiles:list')).profiles[0].userId)).user.isRoot)
})

test('profiles and accounts', async () => {
  const { profile } = await cli('profiles:create', '--name', unique('CLI').slice(0, 60), '--color', '#336699')
  assert.ok((await cli('profiles:list')).profiles.some((p) => p._id === profile._id))
  assert.equal((await cli('profiles:get', profile._id)).profile._id, profile._id)
  assert.equal((await cli('profiles:update', profile._id, '--description', 'changed')).profile.description, 'changed')
  assert.equal((await cli('accounts:list')).accounts.length, accounts.length)
  assert.equal((await cli('accounts:get', bluesky._id)).accountId, bluesky._id)
  assert.ok((await cli('accounts:health')).summary.total >= 3)
  assert.ok((await cli('accounts:update', instagram[1]._id, '--displayName', 'From the CLI')).message)
  assert.equal((await cli('accounts:move', instagram[1]._id, '--profileId', profile._id)).profileId, profile._id)
  await cli('accounts:move', instagram[1]._id, '--profileId', profileId)
  assert.ok((await cli('profiles:delete', profile._id)).message)
  await cliFails(/not found/i, 'profiles:get', profile._id)
})

test('posts', async () => {
  const made = await cli('posts:create', '--text', unique('from the CLI'), '--accounts', bluesky._id)
  assert.equal(made.post.status, 'published')
  assert.equal((await cli('posts:get', made.post._id)).post._id, made.post._id)
  assert.ok((await cli('posts:list', '--status', 'published', '--from', '2026-01-01', '--to', '2040-01-01', '--limit', '5')).posts.length > 0)
  const photoPost = await cli('posts:create', '--text', unique('with a photo'), '--accounts', `${instagram[0]._id},${bluesky._id}`, '--media', photo, '--scheduledAt', '2035-01-15T10:00:00Z')
  assert.equal(photoPost.post.platforms.length, 2)
  assert.match((await cli('posts:update', photoPost.post._id, '--content', unique('changed'))).post.content, /^changed/)
  assert.ok((await cli('posts:delete', photoPost.post._id)).message)
  const draft = await cli('posts:create', '--text', unique('draft'), '--accounts', bluesky._id, '--draft')
  assert.equal(draft.post.status, 'draft')
  const failed = await cli('posts:create', '--text', unique('[[sandbox:fail]]'), '--accounts', bluesky._id)
  assert.equal(failed.post.status, 'failed')
  assert.ok((await cli('posts:retry', failed.post._id)).post)
  assert.equal((await cli('posts:unpublish', made.post._id, '--platform', 'bluesky')).success, true)
  await cliFails(/edit/i, 'posts:edit', made.post._id, '--platform', 'bluesky', '--content', 'x')
  await cliFails(/youtube/i, 'posts:update-metadata', made.post._id, '--platform', 'youtube', '--title', 'x')
  const file = join(mkdtempSync(join(tmpdir(), 'posthorn-cli-')), 'posts.csv')
  writeFileSync(file, `platforms,profiles,is_draft,post_content\nbluesky,${profileId},true,${unique('bulk')}\n`)
  assert.equal((await cli('posts:bulk-upload', '--file', file, '--dryRun')).valid, 1)
  assert.equal((await cli('posts:bulk-upload', '--file', file)).valid, 1)
})

test('account groups, keys, queues, invitations', async () => {
  const { group } = await cli('accountgroups:create', '--name', unique('CLI').slice(0, 60), '--accountIds', bluesky._id)
  assert.ok((await cli('accountgroups:list')).groups.some((g) => g._id === group._id))
  assert.equal((await cli('accountgroups:update', group._id, '--accountIds', `${bluesky._id},${instagram[0]._id}`)).group.accountIds.length, 2)
  await cli('accountgroups:delete', group._id)

  const { apiKey } = await cli('apikeys:create', '--name', 'from the CLI', '--permission', 'read', '--expiresIn', '7')
  assert.ok((await cli('apikeys:list')).apiKeys.some((k) => k.id === apiKey.id))
  await cli('apikeys:delete', apiKey.id)

  const { profile } = await cli('profiles:create', '--name', unique('CLI queue').slice(0, 60))
  const at = ['--profileId', profile._id]
  const { schedule } = await cli('queue:create-slot', ...at, '--name', 'q', '--timezone', 'UTC', '--slots', '[{"dayOfWeek":1,"time":"09:00"}]')
  assert.equal((await cli('queue:list-slots', ...at)).schedule._id, schedule._id)
  assert.equal((await cli('queue:preview', ...at, '--count', '3')).slots.length, 3)
  assert.ok((await cli('queue:get-next-slot', ...at)).nextSlot)
  const queued = await cli('posts:create', '--text', unique('queued'), '--accounts', bluesky._id, '--queuedFromProfile', profile._id)
  assert.equal(queued.post.queueId, schedule._id)
  await cli('queue:update-slot', ...at, '--timezone', 'UTC', '--slots', '[{"dayOfWeek":2,"time":"10:00"}]')
  assert.equal((await cli('queue:delete-slot', ...at, '--queueId', schedule._id)).success, true)
  await cli('posts:delete', queued.post._id)
  await cli('profiles:delete', profile._id)

  assert.ok((await cli('invites:create-token', '--scope', 'all')).token)
})

test('usage and logs', async () => {
  assert.ok((await cli('usage:stats')).limits)
  assert.ok(await cli('usage:x-pricing'))
  assert.ok(Array.isArray((await cli('logs:list', '--type', 'all', '--days', '7', '--limit', '5')).logs))
})

test('tools', async () => {
  assert.equal((await cli('validate:post', '--platforms', 'bluesky', '--content', 'hello')).valid, true)
  assert.ok((await cli('validate:post-length', '--text', 'hello')).platforms.bluesky.valid)
  assert.equal((await cli('validate:media', '--url', photo)).valid, true)
  assert.equal(typeof (await cli('validate:subreddit', '--name', 'golang')).exists, 'boolean')
})

test('what is not there', async () => {
  await cliFails(/not found|404/i, 'posts:get', nobody)
})
