// What all checks share: the unmodified SDK and CLI with nothing but base URL and key set, and a note of every call that the SDK made.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { promisify } from 'node:util'
import Zernio from '@zernio/node'

const { POSTHORN_TEST_API: origin, POSTHORN_TEST_KEY: apiKey, POSTHORN_TEST_KEY_B: strangersKey, POSTHORN_TEST_SAMPLES: samples, POSTHORN_TEST_SCRATCH: scratch } = process.env
export { apiKey, origin, strangersKey }
export const photo = `${samples}coast.jpg`
export const sandbox = new URL(samples).origin

// client is the SDK with a key, every operation of it noted in the file of calls as "name status".
export function client(key = apiKey) {
  const sdk = new Zernio({ apiKey: key, baseURL: `${origin}/api` })
  const note = (name, status) => appendFileSync(`${scratch}/calls`, `${name} ${status}\n`)
  return new Proxy(sdk, {
    get(target, area) {
      const operations = target[area]
      if (typeof operations !== 'object' || operations === null) return operations
      return new Proxy(operations, {
        get(group, name) {
          if (typeof group[name] !== 'function') return group[name]
          return async (...args) => {
            try {
              const answer = await group[name](...args)
              note(name, answer.response.status)
              return answer
            } catch (e) {
              note(name, e.statusCode ?? 0)
              throw e
            }
          }
        },
      })
    },
  })
}

export const zernio = client()
const listed = await zernio.accounts.listAccounts()
export const accounts = listed.data.accounts
export const bluesky = accounts.find((a) => a.platform === 'bluesky')
export const instagram = accounts.filter((a) => a.platform === 'instagram')
export const profileId = bluesky.profileId._id

export const target = (account, more = {}) => ({ platform: account.platform, accountId: account._id, ...more })
export const unique = (text) => `${text} ${process.hrtime.bigint()}`
export const nobody = '6745a1b2c3d4e5f600000000'

// fails holds a call to its refusal: the status, the contract's code where one is named, and what every refusal carries.
export async function fails(call, status, code) {
  await assert.rejects(call, (e) => {
    assert.equal(e.statusCode, status, `${e.statusCode} ${e.message} ${JSON.stringify(e.body)}`)
    if (code !== undefined) assert.equal(e.code, code, JSON.stringify(e.body))
    assert.ok(e.message.length > 0 && e.type, JSON.stringify(e.body))
    assert.ok(e.body.rule && e.body.remediation && e.docUrl, `not a refusal to act on: ${JSON.stringify(e.body)}`)
    return true
  })
}

// scheduled makes a post far ahead, and a draft where there is no target.
export async function scheduled(text, more = {}) {
  const { data } = await zernio.posts.createPost({ body: { content: unique(text), platforms: [target(bluesky)], scheduledFor: '2035-01-15T10:00:00Z', ...more } })
  return data.post
}

// until asks again until it is so.
export async function until(what, ask, seconds = 30) {
  for (const end = Date.now() + seconds * 1000; ;) {
    const got = await ask()
    if (got) return got
    assert.ok(Date.now() < end, `after ${seconds} s it is still not so that ${what}`)
    await new Promise((done) => setTimeout(done, 100))
  }
}

// cli runs the CLI with a key and reads the JSON that it prints.
export async function cli(...args) {
  const { stdout } = await promisify(execFile)('node_modules/.bin/zernio', args,
    { env: { ...process.env, ZERNIO_API_URL: `${origin}/api`, ZERNIO_API_KEY: apiKey } })
  return JSON.parse(stdout)
}

// cliFails runs the CLI and holds it to failing with words.
export async function cliFails(pattern, ...args) {
  await assert.rejects(cli(...args), (e) => {
    assert.match(`${e.stdout}${e.stderr}`, pattern)
    return true
  })
}

// agree grants all that a consent page of the sandbox asks for, as its first user.
export const agree = async (url) => {
  const page = await (await fetch(url)).text()
  const value = (type) => [...page.matchAll(new RegExp(`<input type="${type}" name="([^"]+)" value="([^"]+)"`, 'g'))].map((m) => [m[1], m[2]])
  const body = new URLSearchParams([value('radio')[0], ...value('checkbox'), ['decision', 'allow']])
  return (await fetch(url, { method: 'POST', body, redirect: 'manual' })).headers.get('location')
}
