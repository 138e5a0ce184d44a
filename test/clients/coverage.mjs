// Holds the checks to their promise: every operation that both the server's description and the SDK have was called, and succeeded.
import { readFileSync } from 'node:fs'
import Zernio from '@zernio/node'

const sdk = new Zernio({ apiKey: 'none' })
const known = new Set(Object.values(sdk).filter((area) => area && typeof area === 'object').flatMap((area) => Object.keys(area)))
const calls = readFileSync(`${process.env.POSTHORN_TEST_SCRATCH}/calls`, 'utf8').trim().split('\n').map((line) => line.split(' '))
const doc = await (await fetch(`${process.env.POSTHORN_TEST_API}/openapi.json`)).json()
const operations = Object.values(doc.paths).flatMap((item) => Object.values(item)).map((op) => op.operationId).filter((name) => known.has(name))
// This succeeds with videos alone, of which the sandbox has no sample; that it is refused in the contract's words is checked.
const refused = new Set(['updatePostMetadata'])
const missed = operations.filter((name) => !calls.some(([called, status]) => called === name && (Number(status) < 300 || refused.has(name))))
const failures = new Set(calls.filter(([, status]) => Number(status) >= 400).map((call) => call.join(' ')))
console.log(`SDK operations called: ${operations.length - missed.length} of ${operations.length}; kinds of refusal seen: ${failures.size}; calls: ${calls.length}`)
if (missed.length > 0) {
  console.log(`not called, or never with success: ${missed.join(', ')}`)
  process.exit(1)
}
