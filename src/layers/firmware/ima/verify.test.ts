import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { imaLists, type LoggedFile, pcrAfter } from '../../../../test/kit/ima-log.ts'
import { readAsciiList } from './ascii.ts'
import { readBinaryList } from './binary.ts'
import type { ImaList } from './list.ts'
import { type Bank, beginning, replay, walk } from './replay.ts'
import { type ListEvidence, verifyList } from './verify.ts'

const PCRS = new Map(Array.from({ length: 10 }, (_, pcr) => [pcr, Buffer.alloc(32, pcr)] as const))
const aggregate = (count: number) => Buffer.concat([...PCRS.values()].slice(0, count))
const FILES: readonly LoggedFile[] = [
  { name: 'boot_aggregate', content: aggregate(10) },
  { name: '/usr/bin/env', content: 'env' },
  { name: '/var/log/journal', content: '', violation: true },
  { name: 'kexec-cmdline', content: 'quiet', template: 'ima-buf' },
  { name: '/usr/bin/true', content: 'true', template: 'ima-sig' },
]
const list = readAsciiList(imaLists(FILES).ascii)
const BANKS: readonly Bank[] = ['sha1', 'sha256', 'sha384', 'sha512']

const evidence = (more: Partial<ListEvidence> = {}): ListEvidence => ({
  list,
  quoted: pcrAfter(FILES, 'sha256'),
  boot: '7',
  progress: beginning('7', 'sha256'),
  ...more,
})
const failed = (more: Partial<ListEvidence>) =>
  verifyList(evidence(more))
    .checks.filter(({ verdict }) => verdict.is !== 'pass')
    .map(({ code, verdict }) => `${code} ${verdict.is}`)

describe('a list replayed', () => {
  test('is what the TPM holds, in every bank, whichever way the kernel extends it', () => {
    for (const bank of BANKS) {
      assert.deepEqual(replay(list, bank, 'own'), pcrAfter(FILES, bank), bank)
      if (bank !== 'sha1') assert.deepEqual(replay(list, bank, 'padded-sha1'), pcrAfter(FILES, bank, true), bank)
    }
  })

  test('is the same from the list of another bank, and from the binary one', () => {
    for (const [bank, of] of [
      ['sha256', 'sha256'],
      ['sha1', 'sha512'],
      ['sha384', 'sha256'],
    ] as const) {
      const lists = imaLists(FILES, of)
      for (const each of [readAsciiList(lists.ascii), readBinaryList(lists.binary)]) {
        assert.deepEqual(replay(each, bank, 'own'), pcrAfter(FILES, bank))
        if (bank !== 'sha1') assert.deepEqual(replay(each, bank, 'padded-sha1'), pcrAfter(FILES, bank, true))
      }
    }
  })

  test('a flipped bit in a digest changes every bank', () => {
    for (let entry = 0; entry < FILES.length; entry++) {
      if (FILES[entry]!.violation) continue
      const flipped = changed(list, entry, (data) => data.fill(data[20]! ^ 1, 20, 21))
      for (const bank of BANKS) assert.notDeepEqual(replay(flipped, bank, 'own'), pcrAfter(FILES, bank))
    }
  })
})

describe('the walk to a quoted value', () => {
  test('ends where the quote was taken; what came after it is named and not believed', () => {
    for (const padded of [false, true]) {
      for (let count = 1; count <= FILES.length; count++) {
        const { reached, extension, attested, pending } = walk(
          beginning('7', 'sha384'),
          list,
          pcrAfter(FILES.slice(0, count), 'sha384', padded),
        )
        assert.equal(reached, true)
        assert.equal(attested.length, count)
        assert.equal(pending.length, FILES.length - count)
        assert.equal(extension, padded ? 'padded-sha1' : 'own')
      }
    }
  })

  test('goes on from where it was, with new lines alone, wherever it is parted', () => {
    const cut = fc.tuple(fc.nat(FILES.length), fc.nat(FILES.length), fc.boolean())
    fc.assert(
      fc.property(cut, ([one, other, padded]) => {
        const [first, second] = [Math.min(one, other), Math.max(one, other)]
        const before = walk(beginning('7', 'sha256'), list, pcrAfter(FILES.slice(0, first), 'sha256', padded))
        const { ascii } = imaLists(FILES.slice(before.progress.entries))
        const after = walk(
          before.progress,
          readAsciiList(ascii, before.progress.entries + 1),
          pcrAfter(FILES.slice(0, second), 'sha256', padded),
        )
        assert.deepEqual([before.reached, after.reached], [true, true])
        assert.equal(before.attested.length + after.attested.length, second)
      }),
    )
  })

  test('a way of extending that was told once is not changed later', () => {
    const { progress } = walk(beginning('7', 'sha256'), list, pcrAfter(FILES.slice(0, 2), 'sha256'))
    const rest = readAsciiList(imaLists(FILES.slice(2)).ascii, 3)
    assert.equal(walk(progress, rest, pcrAfter(FILES, 'sha256', true)).reached, false)
  })

  test('leaves out entries of other PCRs', () => {
    const files = FILES.map((file, index) => (index === 1 ? { ...file, pcr: 11 } : file))
    const { reached, attested } = walk(beginning('7', 'sha256'), readAsciiList(imaLists(files).ascii), pcrAfter(files, 'sha256'))
    assert.deepEqual([reached, attested.length], [true, FILES.length - 1])
  })
})

describe('a list verified', () => {
  test('passes against its quote and its boot', () => {
    assert.deepEqual(failed({ boots: { bank: 'sha256', pcrs: PCRS } }), [])
  })

  test('the boot aggregate of a kernel before 5.8 leaves out PCRs 8 and 9', () => {
    const files = [{ name: 'boot_aggregate', content: aggregate(8) }, ...FILES.slice(1)]
    const old = readAsciiList(imaLists(files).ascii)
    assert.deepEqual(failed({ list: old, quoted: pcrAfter(files, 'sha256'), boots: { bank: 'sha256', pcrs: PCRS } }), [])
  })

  test('another boot than the firmware’s is told, and PCRs that cannot tell are unknown', () => {
    const other = new Map(PCRS).set(4, Buffer.alloc(32, 0xee))
    assert.deepEqual(failed({ boots: { bank: 'sha256', pcrs: other } }), ['IMA_BOOT_AGGREGATE fail'])
    assert.deepEqual(failed({ boots: { bank: 'sha384', pcrs: PCRS } }), ['IMA_BOOT_AGGREGATE unknown'])
    assert.deepEqual(failed({ boots: { bank: 'sha256', pcrs: new Map() } }), ['IMA_BOOT_AGGREGATE unknown'])
  })

  test('a boot aggregate that nothing binds, since it is logged as a violation, is none', () => {
    const [first, ...rest] = imaLists(FILES).ascii.toString().split('\n')
    const lied = readAsciiList(Buffer.from([first!.replace(/[0-9a-f]{40}/, '0'.repeat(40)), ...rest].join('\n')))
    const quoted = replay(lied, 'sha256', 'own')
    assert.deepEqual(failed({ list: lied, quoted, boots: { bank: 'sha256', pcrs: PCRS } }), ['IMA_BOOT_AGGREGATE fail'])
  })

  test('an entry of another PCR, which nothing here is held to, leaves it open', () => {
    const files = [...FILES, { name: '/usr/bin/evil', content: 'evil', pcr: 11 }]
    assert.deepEqual(failed({ list: readAsciiList(imaLists(files).ascii) }), ['IMA_PCR unknown'])
  })

  test('an entry that was changed, left out or put in is not reached', () => {
    const lines = imaLists(FILES).ascii.toString().split('\n')
    const text = (edited: readonly string[]) => readAsciiList(Buffer.from(edited.join('\n')))
    assert.deepEqual(failed({ list: text(lines.toSpliced(1, 1)) }), ['IMA_PCR fail'])
    assert.deepEqual(failed({ list: text(lines.toSpliced(1, 0, lines[1]!)) }), ['IMA_PCR fail'])
    assert.deepEqual(failed({ list: text(lines.with(1, lines[1]!.replace('/usr/bin/env', '/usr/bin/sh'))) }), [
      'IMA_TEMPLATE_HASH fail',
      'IMA_PCR fail',
    ])
    assert.deepEqual(failed({ list: text(lines.with(1, 'torn')) }), ['IMA_LIST fail', 'IMA_PCR fail'])
  })

  test('data that is exchanged under its logged SHA-1 is found where the bank is extended with SHA-1 alone', () => {
    const lines = imaLists(FILES).ascii.toString().replace('/usr/bin/env', '/usr/bin/sh')
    const quoted = pcrAfter(FILES, 'sha256', true)
    assert.deepEqual(failed({ list: readAsciiList(Buffer.from(lines)), quoted }), ['IMA_TEMPLATE_HASH fail'])
  })

  test('a buffer that is not what its digest says is told', () => {
    const files: LoggedFile[] = [{ name: 'kexec-cmdline', content: 'quiet', template: 'ima-buf' }]
    const { data } = imaLists(files)
    const other = data[0]!.toString('latin1').replace('quiet', 'debug')
    const templateHash = createHash('sha1').update(other, 'latin1').digest('hex')
    const line = `10 ${templateHash} ima-buf sha256:${createHash('sha256').update('quiet').digest('hex')} kexec-cmdline ${Buffer.from('debug').toString('hex')}`
    const lied = readAsciiList(Buffer.from(line))
    assert.deepEqual(failed({ list: lied, quoted: replay(lied, 'sha256', 'own') }), ['IMA_BUFFER fail'])
  })

  test('another boot, or lines that were attested before, do not go on from a list', () => {
    assert.deepEqual(failed({ boot: '8' }), ['IMA_CONTINUES fail'])
    const { walk: first } = verifyList(evidence())
    assert.deepEqual(failed({ progress: first.progress }), ['IMA_CONTINUES fail'])
    assert.deepEqual(failed({ progress: first.progress, list: readAsciiList(Buffer.alloc(0)) }), [])
  })
})

/** The list with one entry's data changed, and its template hash made to fit. */
function changed(from: ImaList, at: number, change: (data: Buffer) => void): ImaList {
  const { data } = imaLists(FILES)
  const bytes = Buffer.from(data[at]!)
  change(bytes)
  const { binary } = imaLists(FILES)
  const where = binary.indexOf(data[at]!)
  bytes.copy(binary, where)
  const nameLength = Buffer.byteLength(from.entries[at]!.template.name)
  createHash('sha1')
    .update(bytes)
    .digest()
    .copy(binary, where - 4 - nameLength - 4 - 20)
  return readBinaryList(binary)
}
