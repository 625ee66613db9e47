import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { ThymusError } from '../../core/errors.ts'
import type { Known } from '../../crossings/attestation/known.ts'
import { KnownKeys } from './known-keys.ts'

const root = mkdtempSync(join(tmpdir(), 'thymus-known-'))
after(() => rmSync(root, { recursive: true }))
const KEY = `000b${'ab'.repeat(32)}`
const NAME = `${createHash('sha256').update(Buffer.from(KEY, 'hex')).digest('hex')}.json`
const heard = (clock: bigint, key = KEY): Known => ({
  key,
  heard: { clockInfo: { clock, resetCount: 1, restartCount: 0, safe: true }, firmwareVersion: 1n },
})
/** A folder in which the key was heard. */
async function folder(name: string): Promise<{ readonly at: string; readonly file: string }> {
  const at = join(root, name)
  assert.equal(await new KnownKeys(at).keep([heard(7n)]), true)
  return { at, file: join(at, NAME) }
}
const refused = (work: () => unknown, at: string, text: RegExp) =>
  assert.throws(work, (error) => {
    assert.ok(error instanceof ThymusError && error.code === 'KNOWN', String(error))
    assert.ok(error.at?.startsWith(at), String(error.at))
    assert.match(error.message, text)
    return true
  })

test('what was learned is there the next time, in a file of its key that is its owner’s alone', async () => {
  const { at, file } = await folder('kept')
  assert.deepEqual(new KnownKeys(at).get(KEY), heard(7n))
  assert.equal(new KnownKeys(at).get(`000b${'cd'.repeat(32)}`), undefined)
  assert.deepEqual(readdirSync(at), [NAME])
  assert.deepEqual([statSync(at).mode & 0o777, statSync(file).mode & 0o777], [0o700, 0o600])
})

test('nothing is made where nothing was learned', async () => {
  const at = join(root, 'none')
  assert.equal(await new KnownKeys(at).keep([]), true)
  assert.equal(new KnownKeys(at).get(KEY), undefined)
  assert.equal(statSync(at, { throwIfNoEntry: false }), undefined)
})

test('a file that is damaged, cut off anywhere, or of another key is named, and not taken for none', async () => {
  const { at, file } = await folder('damaged')
  const text = readFileSync(file, 'utf8')
  for (let length = 0; length < text.trimEnd().length; length++) {
    writeFileSync(file, text.slice(0, length))
    refused(() => new KnownKeys(at).get(KEY), file, /not JSON/)
  }
  writeFileSync(file, text.replace('"7"', '"-7"'))
  refused(() => new KnownKeys(at).get(KEY), `${file}, heard.clock`, /./)
  writeFileSync(file, text.replace(KEY, `000b${'cd'.repeat(32)}`))
  refused(() => new KnownKeys(at).get(KEY), `${file}, key`, /of another key/)
  rmSync(file)
  chmodSync(at, 0o770)
  refused(() => new KnownKeys(at), at, /others may write into it/)
  refused(() => new KnownKeys(import.meta.filename), import.meta.filename, /no folder/)
})

test('of two verifications at the same time the second is told, and loses nothing of the first', async () => {
  const { at } = await folder('twice')
  const [one, other] = [new KnownKeys(at), new KnownKeys(at)]
  for (const keys of [one, other]) assert.deepEqual(keys.get(KEY), heard(7n))
  assert.equal(await one.keep([heard(9n)]), true)
  assert.equal(await other.keep([heard(8n)]), false)
  assert.deepEqual(new KnownKeys(at).get(KEY), heard(9n))
  const late = new KnownKeys(at)
  assert.equal(await late.keep([heard(8n)]), true)
  assert.deepEqual(new KnownKeys(at).get(KEY), heard(9n))
})

test('many at once keep the last, each of them once it was told', async () => {
  const { at } = await folder('many')
  const learn = async (clock: bigint) => {
    for (let turn = 0; turn < 50; turn++) {
      const keys = new KnownKeys(at)
      keys.get(KEY)
      if (await keys.keep([heard(clock)])) return
    }
    assert.fail('it never came to its turn')
  }
  await Promise.all([12n, 10n, 14n, 11n, 13n].map(learn))
  assert.deepEqual(new KnownKeys(at).get(KEY), heard(14n))
  assert.deepEqual(readdirSync(at), [NAME])
})

test('a lock that was left is waited for, then named, and what was kept stays', async (t) => {
  const { at, file } = await folder('locked')
  writeFileSync(`${file}.lock`, '')
  t.mock.method(Date, 'now', () => Number(process.hrtime.bigint() / 10_000n))
  await assert.rejects(new KnownKeys(at).keep([heard(8n)]), { code: 'KNOWN', at: `${file}.lock` })
  assert.deepEqual(new KnownKeys(at).get(KEY), heard(7n))
  rmSync(`${file}.lock`)
  assert.equal(await new KnownKeys(at).keep([heard(8n)]), true)
})
