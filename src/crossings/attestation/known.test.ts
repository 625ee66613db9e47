import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { LoggedFile } from '../../../test/kit/ima-log.ts'
import { AK_NAME, changed, type MachineRequest, machine, NONCE, NOW } from '../../../test/kit/machine.ts'
import { newEccKey } from '../../../test/kit/tpm-evidence.ts'
import { ThymusError } from '../../core/errors.ts'
import type { Bundle } from '../../formats/evidence/bundle.ts'
import type { Heard } from '../../layers/hardware/tpm/verify/clock.ts'
import { verifyBoot, verifyGuestBoot } from '../measured-boot/verify-boot.ts'
import { type Asked, appraise, type BundleAppraisal, type Verifier } from './appraise.ts'
import { type Known, knownAfter, readKnown, writeKnown } from './known.ts'
import { referenceOf } from './record.ts'
import { NO_REFERENCE } from './reference.ts'
import { appraisers } from './technologies/appraisers.ts'

const FILES: readonly LoggedFile[] = [
  { name: '/usr/bin/env', content: 'env' },
  { name: '/var/log/journal', content: '', violation: true },
  { name: '/usr/bin/agent', content: 'agent' },
  { name: '/usr/bin/other', content: 'other' },
  { name: 'kexec-cmdline', content: 'quiet', template: 'ima-buf' },
]
const files = (count: number) => FILES.slice(0, count)
const reference = referenceOf(machine({ files: FILES }), NOW)
/** What the policy says is another matter: the worst of its checks decides. */
const verifier: Verifier = {
  appraisers: appraisers({ toQuote: verifyBoot, toGuest: verifyGuestBoot }),
  policy: { id: 'none', decide: () => ({ status: 'none', vector: {}, because: [] }) },
  context: { mode: 'enforce' },
  validFor: 1000,
}

/** Appraised by a verifier that keeps this, or nothing yet. */
const looked = (bundle: Bundle, known?: Known, asked: Partial<Asked> = {}) =>
  appraise(bundle, { now: NOW, nonce: NONCE, reference, known: (key) => (key === known?.key ? known : undefined), ...asked }, verifier)
/** What is kept after this machine was seen. */
const seen = (request: MachineRequest, before?: Known) => knownAfter(before, looked(machine({ files: FILES, ...request }), before).learned)!
/** Of a machine that was seen, as it is now. */
const then = (before: MachineRequest['age'], now: MachineRequest['age']) =>
  looked(machine({ files: FILES, age: now! }), seen({ age: before! }))

const faults = ({ submodules }: BundleAppraisal, of: string) =>
  submodules.find(({ name }) => name === of)!.checks.flatMap(({ code, verdict }) => (verdict.is === 'fail' ? [code] : []))
const verdicts = ({ submodules }: BundleAppraisal) =>
  submodules.map(({ name, checks }) => [name, ...checks.map(({ code, verdict }) => `${code} ${verdict.is}`)])
const walked = ({ submodules }: BundleAppraisal) =>
  submodules.find(({ name }) => name === 'ima')!.checks.find(({ code }) => code === 'IMA_PCR')!.got

describe('a key that was heard before', () => {
  test('may say the same again, go on, resume and boot anew', () => {
    const before = { clock: 10_000_000n, resetCount: 5, restartCount: 1 }
    for (const now of [
      before,
      { ...before, clock: 10_000_001n },
      { ...before, restartCount: 2 },
      { clock: 10_000_001n, resetCount: 6 },
      // It was switched off before it could save its clock.
      { clock: 9_000_000n, resetCount: 6, safe: false },
    ]) {
      const appraised = then(before, now)
      assert.deepEqual(faults(appraised, 'tpm'), [])
      assert.ok(appraised.submodules[0]!.checks.some(({ code, verdict }) => code === 'TPM_CLOCK' && verdict.is === 'pass'))
    }
  })

  test('is found where it goes back, though its quote is genuine and answers the challenge; no log stands on it, and nothing is learned', () => {
    const before = { clock: 10_000_000n, resetCount: 5, restartCount: 1 }
    for (const [now, code] of [
      [{ ...before, clock: 9_999_999n }, 'TPM_CLOCK'],
      [{ ...before, resetCount: 4 }, 'TPM_RESET_COUNT'],
      [{ ...before, restartCount: 0 }, 'TPM_RESTART_COUNT'],
      [{ clock: 9_999_999n, resetCount: 6 }, 'TPM_CLOCK'],
    ] as const) {
      const appraised = then(before, now)
      assert.deepEqual(faults(appraised, 'tpm'), [code])
      for (const log of ['boot', 'ima']) assert.ok(faults(appraised, log).includes('ATTEST_QUOTED'))
      assert.deepEqual(appraised.learned, [])
    }
    const { checks } = then(before, { ...before, clock: 4_000n }).submodules[0]!
    const { title, expected, got } = checks.find(({ code }) => code === 'TPM_CLOCK')!
    assert.deepEqual([title, expected, got], ['the clock has not gone back', 'at least 10000000', '4000'])
  })

  test('that was not is asked nothing', () => {
    assert.ok(!looked(machine({ files: FILES })).submodules[0]!.checks.some(({ code }) => code === 'TPM_CLOCK'))
    const { learned } = looked(machine({ files: FILES }))
    assert.deepEqual(new Set(learned.map(({ key }) => key)), new Set([AK_NAME]))
  })

  test('is not moved by a forger, nor where it cannot be told who speaks', () => {
    const good = machine({ files: FILES, age: { clock: 1n << 60n } })
    const message = Buffer.from(good.evidence[0]!.parts.message!)
    message[message.length - 1]! ^= 1
    const stranger = newEccKey()
    for (const [bundle, asked] of [
      [changed(good, 'tpm', { message }), {}],
      [changed(good, 'tpm', { signature: machine({ files: FILES, key: stranger }).evidence[0]!.parts.signature! }), {}],
      [machine({ files: FILES, key: stranger }), {}],
      [machine({ files: FILES, nonce: Buffer.alloc(16) }), {}],
      [good, { reference: NO_REFERENCE }],
    ] as const)
      assert.deepEqual(looked(bundle, undefined, asked).learned, [])
    const { nonce: _, ...unasked } = { now: NOW, nonce: NONCE, reference, known: () => undefined }
    assert.deepEqual(appraise(good, unasked, verifier).learned, [])
    assert.equal(looked(good).learned.length, 2)
  })

  test('does not go back by what was learned, in whatever order', () => {
    const age = fc.record({ clock: fc.bigInt(0n, 9n), resetCount: fc.nat(3), restartCount: fc.nat(2) })
    fc.assert(
      fc.property(fc.array(age, { minLength: 1 }), (ages) => {
        const learned = ages.map((each): Known => ({ key: AK_NAME, heard: { clockInfo: { ...each, safe: true }, firmwareVersion: 1n } }))
        let known: Known | undefined
        for (const next of learned) {
          const after = knownAfter(known, [next])
          const { clockInfo: old } = known?.heard ?? next.heard
          const { clockInfo: now } = after!.heard
          assert.ok(now.clock >= old.clock && now.resetCount >= old.resetCount)
          known = after
        }
        assert.deepEqual(knownAfter(undefined, learned), known)
      }),
    )
  })
})

describe('a list that was walked before', () => {
  test('is walked on from there, and nothing that was found of its files is lost', () => {
    const before = seen({ files: files(3) })
    const known = seen({}, before)
    assert.deepEqual([before.list!.progress.entries, known.list!.progress.entries], [4, 6])
    const all = machine({ files: FILES })
    assert.match(walked(looked(all, before))!, /2 entries, behind 4 that were walked before/)
    assert.match(walked(looked(all, known))!, /0 entries, behind 6/)
    const digests = { ...(reference.ima!.digests as object), '/usr/bin/env': ['00'.repeat(32)] }
    const strict = { reference: { ...reference, ima: { ...reference.ima, digests } } }
    assert.ok(faults(looked(all, known, strict), 'ima').includes('IMA_CHANGED'))
    assert.ok(faults(looked(all, known), 'ima').includes('IMA_VIOLATION'))
  })

  test('is judged as by a verifier that keeps nothing, wherever it was parted and whatever was done to it', () => {
    const cut = fc.record({
      first: fc.nat(FILES.length),
      second: fc.nat(FILES.length),
      list: fc.constantFrom('ascii', 'binary'),
      flip: fc.option(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
      clip: fc.option(fc.nat(60)),
    })
    fc.assert(
      fc.property(cut, ({ first, second, list, flip, clip }) => {
        const log = logOf(machine({ files: FILES, list }))
        const known = knownAfter(undefined, looked(changed(machine({ files: files(first) }), 'ima', { log })).learned)!
        const later = log.subarray(0, log.length - (clip ?? 0))
        if (flip !== null) later[Math.floor(flip * later.length)]! ^= 1
        const now = changed(machine({ files: files(second) }), 'ima', { log: later })
        assert.deepEqual(verdicts(looked(now, known)), verdicts(looked(now, withoutList(known))))
      }),
      { numRuns: 60 },
    )
  })

  test('and is another now is found: a program cannot be renamed once it was attested', () => {
    const evil = [{ name: '/tmp/evil', content: 'evil' }, ...FILES]
    const known = seen({ files: evil })
    assert.ok(faults(looked(machine({ files: evil }), known), 'ima').includes('IMA_FILE'))
    const log = logOf(machine({ files: evil }))
    log.write('/usr/evil', log.indexOf('/tmp/evil'))
    assert.ok(faults(looked(changed(machine({ files: evil }), 'ima', { log }), known), 'ima').includes('IMA_PCR'))
  })

  test('is not gone on with in the middle of a line: what was attested gets no longer name', () => {
    const attested = machine({ files: files(1), list: 'ascii' })
    const torn = logOf(attested).subarray(0, -1)
    const known = knownAfter(undefined, looked(changed(attested, 'ima', { log: torn })).learned)!
    assert.equal(known.list!.progress.entries, 2)
    const longer = Buffer.concat([torn, Buffer.from('.good\n')])
    assert.ok(faults(looked(changed(attested, 'ima', { log: longer }), known), 'ima').includes('IMA_PCR'))
  })

  test('is not gone on with in another boot, or once it was not good', () => {
    const known = seen({})
    assert.doesNotMatch(walked(looked(machine({ files: FILES, age: { resetCount: 4 } }), known))!, /before/)
    const torn = looked(
      changed(machine({ files: FILES }), 'ima', {
        log: Buffer.concat([logOf(machine({ files: FILES, list: 'ascii' })), Buffer.from('10 torn\n')]),
      }),
    )
    assert.deepEqual(
      torn.learned.map(({ list }) => list),
      [undefined],
    )
  })
})

describe('what is kept, as a document', () => {
  const known = seen({ age: { clock: (1n << 64n) - 1n, resetCount: 0xffff_ffff } })
  const document = writeKnown(known)
  const refused = (other: unknown) => {
    assert.throws(
      () => readKnown(other, AK_NAME),
      (error) => error instanceof ThymusError && error.code === 'KNOWN',
      JSON.stringify(other),
    )
  }

  test('is read as it was written, with and without a list', () => {
    const again = (each: Known) => readKnown(JSON.parse(JSON.stringify(writeKnown(each))), AK_NAME)
    assert.deepEqual(again(known), known)
    assert.deepEqual(again(withoutList(known)), withoutList(known))
    const heard: Heard = { clockInfo: { clock: 0n, resetCount: 0, restartCount: 0, safe: false }, firmwareVersion: 0n }
    assert.deepEqual(again({ key: AK_NAME, heard }), { key: AK_NAME, heard })
  })

  test('is refused where a field is missing, is more, or holds what it cannot', () => {
    for (const part of [undefined, 'heard', 'list'] as const) {
      const whole = (part === undefined ? document : document[part]) as Readonly<Record<string, unknown>>
      const put = (other: object) => (part === undefined ? other : { ...document, [part]: other })
      refused(put({ ...whole, more: 1 }))
      for (const field of Object.keys(whole)) {
        const { [field]: _, ...rest } = whole
        if (field !== 'list') refused(put(rest))
        for (const value of [null, -1, 1.5, 2 ** 53, '', 'x', [], {}]) refused(put({ ...whole, [field]: value }))
      }
    }
    refused({ ...document, heard: { ...document.heard, clock: String(1n << 64n) } })
    refused({ ...document, list: { ...document.list, bank: 'sha512' } })
    assert.throws(() => readKnown(document, `000b${'00'.repeat(32)}`), /it is of another key/)
  })
})

const withoutList = ({ key, heard }: Known): Known => ({ key, heard })
const logOf = ({ evidence }: Bundle) => Buffer.from(evidence.find(({ name }) => name === 'ima')!.parts.log!)
