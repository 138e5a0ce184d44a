// Ends an account, so it runs after all others.
import assert from 'node:assert/strict'
import test from 'node:test'
import { cli, cliFails, fails, instagram, target, unique, zernio } from './helper.mjs'

test('a disconnected account takes no posts', async () => {
  const path = { accountId: instagram[0]._id }
  const gone = await zernio.accounts.deleteAccount({ path })
  assert.equal(gone.data.message, 'Account disconnected successfully')
  await fails(zernio.accounts.deleteAccount({ path }), 404)
  await fails(zernio.posts.createPost({ body: { content: unique('x'), platforms: [target(instagram[0])], publishNow: true } }), 403, 'ACCOUNT_DISCONNECTED')
  assert.ok((await cli('accounts:delete', instagram[1]._id)).message)
  await cliFails(/not found/i, 'accounts:delete', instagram[1]._id)
})
