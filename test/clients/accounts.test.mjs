// Profiles, accounts and account groups with the SDK.
import assert from 'node:assert/strict'
import test from 'node:test'
import { accounts, bluesky, client, fails, instagram, nobody, profileId, strangersKey, unique, zernio } from './helper.mjs'

test('profiles', async () => {
  const name = unique('Brand').slice(0, 60)
  const { data, response } = await zernio.profiles.createProfile({ body: { name, description: 'of tests', color: '#4CAF50' } })
  assert.equal(response.status, 201)
  const path = { profileId: data.profile._id }
  await assert.rejects(zernio.profiles.createProfile({ body: { name } }), (e) => e.statusCode === 409 && e.code === 'profile_name_conflict' && e.details.existingProfileId === path.profileId)
  assert.equal((await zernio.profiles.getProfile({ path })).data.profile.description, 'of tests')
  assert.equal((await zernio.profiles.updateProfile({ path, body: { description: '' , name: name + '!' } })).data.profile.name, name + '!')
  await fails(zernio.profiles.updateProfile({ path, body: {} }), 400, 'missing_required_field')
  assert.equal((await zernio.profiles.listProfiles({ query: { name: name + '!' } })).data.profiles.length, 1)
  const all = (await zernio.profiles.listProfiles()).data.profiles
  assert.ok(all[0].isDefault)
  await fails(zernio.profiles.deleteProfile({ path: { profileId } }), 400)
  await fails(client(strangersKey).profiles.getProfile({ path }), 404)
  assert.ok((await zernio.profiles.deleteProfile({ path })).data.message)
  await fails(zernio.profiles.getProfile({ path }), 404)
})

test('accounts: list, rename, move', async () => {
  assert.equal(instagram.length, 2)
  assert.ok(bluesky.profileId._id && bluesky.profileId.name)
  assert.deepEqual((await zernio.accounts.listAccounts({ query: { platform: 'bluesky', page: 1, limit: 10 } })).data.pagination.total, 1)
  await fails(zernio.accounts.listAccounts({ query: { page: 1 } }), 400)
  const path = { accountId: bluesky._id }
  const renamed = await zernio.accounts.updateAccount({ path, body: { displayName: 'Renamed' } })
  assert.deepEqual([renamed.data.message, renamed.data.displayName], ['Account updated successfully', 'Renamed'])
  await fails(zernio.accounts.updateAccount({ path, body: { xCapabilities: { inbox: true } } }), 400)
  const { data: { profile } } = await zernio.profiles.createProfile({ body: { name: unique('Elsewhere').slice(0, 60) } })
  const moved = await zernio.accounts.moveAccountToProfile({ path, body: { profileId: profile._id } })
  assert.equal(moved.data.profileId, profile._id)
  await fails(zernio.profiles.deleteProfile({ path: { profileId: profile._id } }), 400)
  await zernio.accounts.moveAccountToProfile({ path, body: { profileId } })
  await fails(zernio.accounts.moveAccountToProfile({ path, body: { profileId: nobody } }), 404)
  await zernio.profiles.deleteProfile({ path: { profileId: profile._id } })
})

test('accounts: health of one and all', async () => {
  const { data } = await zernio.accounts.getAllAccountsHealth()
  assert.equal(data.summary.total, data.accounts.length)
  assert.equal(data.summary.healthy + data.summary.warning + data.summary.error, data.summary.total)
  const one = (await zernio.accounts.getAccountHealth({ path: { accountId: instagram[0]._id } })).data
  assert.deepEqual([one.platform, one.tokenStatus.valid, one.permissions.canPost], ['instagram', true, true])
  await fails(zernio.accounts.getAccountHealth({ path: { accountId: nobody } }), 404)
})

test('account groups', async () => {
  const name = unique('Group').slice(0, 60)
  const { data, response } = await zernio.accountGroups.createAccountGroup({ body: { name, accountIds: [bluesky._id] } })
  assert.equal(response.status, 201)
  const path = { groupId: data.group._id }
  await fails(zernio.accountGroups.createAccountGroup({ body: { name, accountIds: [bluesky._id] } }), 409)
  await fails(zernio.accountGroups.createAccountGroup({ body: { name: name + '2', accountIds: [nobody] } }), 404)
  assert.ok((await zernio.accountGroups.listAccountGroups()).data.groups.some((g) => g._id === path.groupId && g.accountIds[0] === bluesky._id))
  const changed = await zernio.accountGroups.updateAccountGroup({ path, body: { name, accountIds: accounts.map((a) => a._id) } })
  assert.equal(changed.data.group.accountIds.length, accounts.length)
  await fails(client(strangersKey).accountGroups.updateAccountGroup({ path, body: { name: 'mine' } }), 404)
  assert.ok((await zernio.accountGroups.deleteAccountGroup({ path })).data.message)
  await fails(zernio.accountGroups.deleteAccountGroup({ path }), 404)
})

test('what a TikTok creator may do', async () => {
  const creator = accounts.find((a) => a.platform === 'tiktok')
  const { data } = await zernio.accounts.getTikTokCreatorInfo({ path: { accountId: creator._id } })
  assert.ok(data.creator.nickname && data.privacyLevels.length > 0, JSON.stringify(data))
  await fails(zernio.accounts.getTikTokCreatorInfo({ path: { accountId: bluesky._id } }), 400)
})
