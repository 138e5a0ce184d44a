// API keys, users and invitations with the SDK.
import assert from 'node:assert/strict'
import test from 'node:test'
import { apiKey, bluesky, client, fails, nobody, profileId, target, unique, zernio } from './helper.mjs'

test('a key from its making to its end', async () => {
  const { data, response } = await zernio.apiKeys.createApiKey({ body: { name: 'reader', permission: 'read', expiresIn: 30 } })
  assert.equal(response.status, 201)
  assert.match(data.apiKey.key, /^sk_[0-9a-f]{64}$/)
  const reader = client(data.apiKey.key)
  await reader.posts.listPosts()
  await fails(reader.posts.createPost({ body: { content: 'no' } }), 403, 'insufficient_permissions')
  const listed = (await zernio.apiKeys.listApiKeys()).data.apiKeys
  const shown = listed.find((k) => k.id === data.apiKey.id)
  assert.ok(shown.keyPreview.startsWith('sk_') && !('key' in shown))
  await zernio.apiKeys.deleteApiKey({ path: { keyId: data.apiKey.id } })
  await fails(reader.posts.listPosts(), 401)
  await fails(zernio.apiKeys.deleteApiKey({ path: { keyId: data.apiKey.id } }), 404)
  for (const body of [{ name: '' }, { name: 'x', scope: 'some' }, { name: 'x', scope: 'profiles' }, { name: 'x', permission: 'all' }]) {
    await fails(zernio.apiKeys.createApiKey({ body }), 400)
  }
  await fails(zernio.apiKeys.createApiKey({ body: { name: 'x', scope: 'profiles', profileIds: [nobody] } }), 404)
})

test('keys of one profile and of some groups', async () => {
  const { data: { profile } } = await zernio.profiles.createProfile({ body: { name: unique('Scoped').slice(0, 60) } })
  const scoped = await zernio.apiKeys.createApiKey({ body: { name: 'scoped', scope: 'profiles', profileIds: [profile._id] } })
  assert.equal(scoped.data.apiKey.profileIds[0]._id, profile._id)
  const narrow = client(scoped.data.apiKey.key)
  assert.deepEqual((await narrow.profiles.listProfiles()).data.profiles.map((p) => p._id), [profile._id])
  assert.equal((await narrow.accounts.listAccounts()).data.accounts.length, 0)
  await fails(narrow.posts.createPost({ body: { content: unique('x'), platforms: [target(bluesky)], publishNow: true } }), 403)
  await fails(narrow.profiles.getProfile({ path: { profileId } }), 404)
  await fails(narrow.apiKeys.listApiKeys(), 403)
  const grouped = await zernio.apiKeys.createApiKey({ body: { name: 'grouped', disabledResourceGroups: ['publishing'] } })
  assert.match(grouped.data.apiKey.key, /^zrk_[0-9a-f]{64}$/)
  await assert.rejects(client(grouped.data.apiKey.key).posts.listPosts(), (e) => e.statusCode === 403 && e.code === 'insufficient_permissions' && e.body.required_group === 'publishing')
  for (const k of [scoped, grouped]) await zernio.apiKeys.deleteApiKey({ path: { keyId: k.data.apiKey.id } })
})

test('who am I', async () => {
  const { data } = await zernio.apiKeys.verifyCredential()
  assert.deepEqual([data.valid, data.authType], [true, 'api_key'])
  const users = (await zernio.users.listUsers()).data
  assert.equal(users.currentUserId, data.userId)
  const me = (await zernio.users.getUser({ path: { userId: data.userId } })).data.user
  assert.deepEqual([me.isRoot, me.role], [true, 'owner'])
  await fails(zernio.users.getUser({ path: { userId: nobody } }), 404)
  await fails(client(apiKey.replace(/.{8}$/, '00000000')).apiKeys.verifyCredential(), 401)
})

test('an invitation', async () => {
  const { data, response } = await zernio.invites.createInviteToken({ body: { scope: 'profiles', profileIds: [profileId], role: 'member' } })
  assert.equal(response.status, 201)
  assert.deepEqual(data.invitedProfileIds, [profileId])
  assert.match((await fetch(data.inviteUrl)).headers.get('content-type'), /text\/html/)
  await fails(zernio.invites.createInviteToken({ body: { scope: 'profiles' } }), 400)
})
