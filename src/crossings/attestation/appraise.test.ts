import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { describe, test } from 'node:test'
import { certificate, pem } from '../../../test/kit/certificates.ts'
import { linuxBoot, type MadeEvent, newEvent, specId } from '../../../test/kit/event-log.ts'
import { imaLists, pcrAfter } from '../../../test/kit/ima-log.ts'
import { byDefault, faults, judged, LIBRARY, policyOf, REFERENCE, statusOf, vectorOf } from '../../../test/kit/judged.ts'
import { AK, AK_NAME, bundleOf, changed, DB, machine, NONCE, NOW } from '../../../test/kit/machine.ts'
import { newAuthority } from '../../../test/kit/tpm-certificates.ts'
import { newEccKey, quoteBy, type TpmKey } from '../../../test/kit/tpm-evidence.ts'
import { EAR_PROFILE, readEar, VERAISON_PROFILE, writeEar } from '../../formats/ear/ear.ts'
import { TRUST_CLAIMS } from '../../formats/ear/trust.ts'
import { readCertificate } from '../../formats/x509/certificate.ts'
import { parseEventLog } from '../../layers/firmware/tcg-log/event-log.ts'
import { replay } from '../../layers/firmware/tcg-log/replay.ts'
import { ALG } from '../../layers/hardware/tpm/abi/algorithms.ts'
import { nameOf, writePublicArea } from '../../layers/hardware/tpm/abi/public-area.ts'
import { verifyBoot, verifyGuestBoot } from '../measured-boot/verify-boot.ts'
import { type Appraiser, appraise } from './appraise.ts'
import { NO_REFERENCE, readReference } from './reference.ts'
import { resultOf } from './result.ts'
import { appraisers } from './technologies/appraisers.ts'

describe('a machine that was recorded', () => {
  test('is affirmed, claim by claim', () => {
    const appraised = judged(machine())
    assert.deepEqual(statusOf(appraised), { tpm: 'affirming', boot: 'affirming', ima: 'affirming' })
    assert.equal(appraised.status, 'affirming')
    assert.deepEqual(vectorOf(appraised, 'tpm'), { hardware: 2, 'instance-identity': 2 })
    assert.deepEqual(vectorOf(appraised, 'boot'), { hardware: 2, executables: 3, configuration: 2 })
    assert.deepEqual(REFERENCE.tpm?.keys, [{ by: 'hand', name: AK_NAME, about: 'node-1' }])
  })

  test('with one more word on its command line is caught, and the word is named', () => {
    const appraised = judged(machine({ boot: { commandLine: '/vmlinuz root=/dev/vda ro init=/bin/sh' } }))
    assert.deepEqual(statusOf(appraised), { tpm: 'affirming', boot: 'contraindicated', ima: 'affirming' })
    assert.equal(appraised.status, 'contraindicated')
    const [boot] = appraised.submodules.filter(({ name }) => name === 'boot')
    assert.match(boot!.differences.join(' '), /The kernel command line gained `init=\/bin\/sh`/)
  })

  test('with another program is caught, and the program is named', () => {
    const files = [{ name: '/usr/bin/agent', content: 'another agent' }]
    const appraised = judged(machine({ files }))
    assert.deepEqual(faults(appraised, 'ima'), ['IMA_CHANGED'])
    assert.equal(appraised.submodules.find(({ name }) => name === 'ima')!.status, 'contraindicated')
    const more = judged(
      machine({
        files: [
          { name: '/usr/bin/agent', content: 'agent' },
          { name: '/tmp/x', content: 'x' },
        ],
      }),
    )
    assert.deepEqual(faults(more, 'ima'), ['IMA_FILE'])
    assert.equal(more.status, 'warning')
  })

  test('whose shim takes generations that the reference does not is caught', () => {
    const faultsAt = (minSbat: number) => faults(judged(machine(), { reference: readReference({ ...REFERENCE, minSbat }) }), 'boot')
    assert.deepEqual(faultsAt(2025021800), [])
    assert.deepEqual(faultsAt(2026010100), ['TCG_SBAT_LEVEL'])
  })

  test('whose systemd separated its registers from the firmware is the same; by another word, or without its log, it is not', () => {
    const by = (word: string) => new Map([0, 1, 2, 3, 4, 5, 6, 7, 9, 12, 13, 14].map((pcr) => [pcr, word] as const))
    const separated = machine({ extended: by('os-separator') })
    assert.deepEqual(statusOf(judged(separated)), { tpm: 'affirming', boot: 'affirming', ima: 'affirming' })
    assert.deepEqual(faults(judged(machine({ extended: by('evil') })), 'ima'), ['IMA_BOOT_AGGREGATE'])
    const other = machine({ boot: { kernel: 'another kernel' } }).evidence.find(({ name }) => name === 'boot')!.parts
    for (const log of [other, { log: Buffer.alloc(3) }])
      assert.deepEqual(faults(judged(changed(separated, 'boot', log)), 'ima'), ['IMA_BOOT_AGGREGATE'])
  })

  test('with an old quote is caught', () => {
    const appraised = judged(machine({ nonce: Buffer.alloc(16) }))
    assert.deepEqual(faults(appraised, 'tpm'), ['TPM_NONCE'])
    assert.deepEqual(statusOf(appraised), { tpm: 'contraindicated', boot: 'contraindicated', ima: 'contraindicated' })
    assert.deepEqual(vectorOf(appraised, 'boot'), { hardware: 99, executables: 99, configuration: 99 })
  })

  test('with another log than was quoted is caught', () => {
    const other = machine({ boot: { kernel: 'another kernel' } })
    const log = other.evidence.find(({ name }) => name === 'boot')!.parts
    assert.ok(faults(judged(changed(machine(), 'boot', log)), 'boot').includes('TCG_REPLAY'))
    assert.equal(judged(changed(machine(), 'boot', log)).status, 'contraindicated')
  })

  test('that quotes another bank than the reference is of cannot make up what the log says in that one', () => {
    const [good, evil] = ['', ' init=/bin/sh'].map((more) => linuxBoot({ db: [DB], commandLine: `/vmlinuz root=/dev/vda ro${more}` })) as [
      readonly MadeEvent[],
      readonly MadeEvent[],
    ]
    // What ran, with true digests in SHA-384; in SHA-256 those of the boot that was recorded.
    const log = Buffer.concat([
      specId(['sha256', 'sha384']),
      ...evil.map((event, at) => {
        const bytes = newEvent(['sha256', 'sha384'], event)
        newEvent(['sha256'], good[at]!).copy(bytes, 14, 14, 14 + 32)
        return bytes
      }),
    ])
    const pcrs = replay(parseEventLog(log), 'sha384')
    const { message, signature } = quoteBy(AK, { nonce: NONCE, bank: 'sha384', pcrs })
    const values = Buffer.from(`sha384:\n${[...pcrs].map(([pcr, value]) => `  ${pcr}: ${value.toString('hex')}\n`).join('')}`)
    const bundle = bundleOf({
      tpm: ['tpm-quote', { message, signature, key: writePublicArea(AK.area), pcrs: values }],
      boot: ['tcg-log', { log }],
    })
    const { ima: _, ...reference } = REFERENCE
    const appraised = judged(bundle, { reference })
    assert.deepEqual(statusOf(appraised), { tpm: 'affirming', boot: 'none' })
    assert.deepEqual(faults(appraised, 'boot'), ['TCG_PLATFORM?'])
  })

  test('with a key that nobody enrolled is caught, whatever the key says of itself', () => {
    const key = newEccKey()
    const appraised = judged(machine({ key }))
    assert.deepEqual(faults(appraised, 'tpm'), ['TPM_KEY_NAME'])
    assert.equal(vectorOf(appraised, 'tpm')['instance-identity'], 97)
    assert.deepEqual(statusOf(appraised), { tpm: 'contraindicated', boot: 'contraindicated', ima: 'contraindicated' })
    const swapped = changed(machine(), 'tpm', { key: writePublicArea(key.area) })
    assert.ok(faults(judged(swapped), 'tpm').includes('TPM_SIGNATURE'))
  })

  test('with a key that a maker of virtual TPMs vouches for is as good as the certificate', () => {
    const root = newAuthority('a cloud')
    const certified = (of: TpmKey) =>
      pem(
        'CERTIFICATE',
        certificate({ subject: 'AK', key: { publicKey: createPublicKey(of.privateKey), privateKey: of.privateKey }, issuer: root }),
      )
    const by = (authority: Buffer) => ({ ...REFERENCE, tpm: { ...REFERENCE.tpm, authorities: [pem('CERTIFICATE', authority)] } })
    const presented = (text: string) => changed(machine(), 'tpm', { certificates: Buffer.from(text) })
    const reference = by(root.der)
    const affirmed = judged(presented(certified(AK)), { reference })
    assert.deepEqual([affirmed.status, affirmed.submodules[0]!.expires], ['affirming', readCertificate(root.der).notAfter.milliseconds])
    assert.deepEqual(faults(judged(presented(certified(newEccKey())), { reference }), 'tpm'), ['TPM_AK_KEY'])
    assert.deepEqual(faults(judged(presented(certified(AK)), { reference: by(newAuthority('another').der) }), 'tpm'), ['TPM_AK_CHAIN'])
    assert.deepEqual(faults(judged(machine(), { reference }), 'tpm'), ['TPM_AK_CHAIN?'])
    assert.deepEqual(faults(judged(presented('no certificate'), { reference }), 'tpm'), ['TPM_AK_CHAIN?'])
    assert.throws(() => readReference({ ...reference, tpm: { authorities: ['no certificate'] } }), {
      code: 'REFERENCE',
      at: 'tpm.authorities[0]',
    })
  })

  test('with a quote that SHA-1 signs is caught: another message may have the same signature', () => {
    const key = newEccKey({ scheme: { algorithm: ALG.ecdsa, hash: 4 } })
    const reference = { ...REFERENCE, tpm: { keys: [{ by: 'hand', name: nameOf(key.area)!.toString('hex'), about: 'node-1' } as const] } }
    const appraised = judged(machine({ key }), { reference })
    assert.deepEqual(faults(appraised, 'tpm'), ['TPM_POLICY_HASH'])
    assert.deepEqual(statusOf(appraised), { tpm: 'contraindicated', boot: 'contraindicated', ima: 'contraindicated' })
  })
})

describe('what is not known is not affirmed', () => {
  test('without a reference, without a challenge, without a quote', () => {
    const unknown = judged(machine(), { reference: NO_REFERENCE })
    assert.deepEqual(statusOf(unknown), { tpm: 'none', boot: 'none', ima: 'none' })
    assert.deepEqual(faults(unknown, 'tpm'), ['TPM_KEY_NAME?'])
    const { nonce: _, ...asked } = { now: NOW, nonce: NONCE, reference: REFERENCE }
    const verifier = {
      appraisers: appraisers({ toQuote: verifyBoot, toGuest: verifyGuestBoot }),
      policy: byDefault,
      context: { mode: 'enforce' },
      validFor: 1,
    } as const
    assert.deepEqual(statusOf(appraise(machine(), asked, verifier)), { tpm: 'none', boot: 'none', ima: 'none' })
    const empty = Buffer.alloc(0)
    assert.deepEqual(faults(judged(machine({ nonce: empty }), { nonce: empty }), 'tpm'), ['TPM_NONCE?'])
    const { evidence, ...rest } = machine()
    const alone = judged({ ...rest, evidence: evidence.filter(({ name }) => name !== 'tpm') })
    assert.deepEqual(statusOf(alone), { boot: 'none', ima: 'none', 'missing:tpm': 'none' })
    assert.deepEqual(faults(alone, 'boot'), ['ATTEST_QUOTED?', 'TCG_REPLAY?'])
  })

  test('a measurement list that only SHA-1 holds', () => {
    const all = [{ name: '/usr/bin/agent', content: 'agent' }]
    const value = pcrAfter(all, 'sha1')
    const { message, signature } = quoteBy(AK, { nonce: NONCE, bank: 'sha1', pcrs: new Map([[10, value]]) })
    const pcrs = Buffer.from(`sha1:\n  10: ${value.toString('hex')}\n`)
    const key = writePublicArea(AK.area)
    const bundle = bundleOf({ tpm: ['tpm-quote', { message, signature, key, pcrs }], ima: ['ima-log', { log: imaLists(all).binary }] })
    assert.deepEqual(faults(judged(bundle), 'ima'), ['ATTEST_QUOTED', 'IMA_PCR?'])
  })

  test('files, where the reference excludes all that were measured', () => {
    const appraised = judged(machine(), { reference: { ...REFERENCE, ima: { ...REFERENCE.ima, excludes: ['/usr/.*'] } } })
    assert.deepEqual(faults(appraised, 'ima'), ['IMA_FILE?'])
  })

  test('what the reference names, and who presents the rest leaves out', () => {
    const { evidence, ...rest } = machine({ boot: { commandLine: 'init=/bin/sh' }, files: [{ name: '/tmp/x', content: 'x' }] })
    const quiet = judged({ ...rest, evidence: evidence.filter(({ name }) => name === 'tpm') })
    assert.deepEqual(statusOf(quiet), { tpm: 'affirming', 'missing:boots': 'none', 'missing:ima': 'none' })
    assert.equal(quiet.status, 'none')
    assert.equal(judged({ ...rest, evidence: [] }).status, 'none')
    const { tpm } = REFERENCE
    assert.equal(judged({ ...rest, evidence: evidence.slice(0, 1) }, { reference: { ...NO_REFERENCE, tpm: tpm! } }).status, 'affirming')
  })

  test('evidence of a type that nobody verifies, and none at all', () => {
    const strange = judged(bundleOf({ gpu: ['nvidia-gpu', { report: Buffer.of(1) }] }), { reference: NO_REFERENCE })
    assert.deepEqual(statusOf(strange), { gpu: 'none' })
    assert.deepEqual(faults(strange, 'gpu'), ['ATTEST_TYPE?'])
    assert.equal(judged(bundleOf({})).status, 'none')
    for (const type of ['constructor', '__proto__', 'toString'])
      assert.deepEqual(faults(judged(bundleOf({ x: [type, {}] })), 'x'), ['ATTEST_TYPE?'])
  })

  test('bytes that are none, and parts that are missing, are checks that failed', () => {
    for (const { name, parts } of machine().evidence)
      for (const [part, bytes] of Object.entries(parts)) {
        const { evidence, ...rest } = machine()
        const without = evidence.map((each) => {
          const { [part]: _, ...others } = each.parts
          return each.name === name ? { ...each, parts: others } : each
        })
        // PCR values may be left out: then the log must yield the digest by itself.
        if (part !== 'pcrs') assert.deepEqual(faults(judged({ ...rest, evidence: without }), name), ['ATTEST_PARTS'], part)
        for (const broken of [bytes.subarray(0, bytes.length - 2), Buffer.alloc(0), Buffer.alloc(40, 0xff)])
          assert.notEqual(judged(changed(machine(), name, { [part]: broken })).status, 'affirming', `${name} ${part}`)
      }
  })
})

test('a bit of a quote that is turned over takes all with it', () => {
  const { evidence, ...rest } = machine()
  const alone = { ...rest, evidence: evidence.filter(({ name }) => name === 'tpm') }
  const { tpm } = REFERENCE
  const reference = { ...NO_REFERENCE, tpm: tpm! }
  assert.equal(judged(alone, { reference }).status, 'affirming')
  for (const part of ['message', 'signature'] as const) {
    const whole = Buffer.from(alone.evidence[0]!.parts[part]!)
    for (let bit = 0; bit < whole.length * 8; bit += 3) {
      const flipped = Buffer.from(whole)
      flipped[bit >> 3]! ^= 1 << (bit & 7)
      assert.notEqual(judged(changed(alone, 'tpm', { [part]: flipped }), { reference }).status, 'affirming', `bit ${bit} of ${part}`)
    }
  }
})

describe('a policy of one’s own', () => {
  const own = (text: string) => policyOf({ ...LIBRARY, 'own.rego': `package attestation\nimport data.thymus.ar4si\n${text}` })
  const usual = 'vector := ar4si.vector\nstatus := ar4si.status\n'

  test('accepts by name what did not pass, and that is told', () => {
    const accepts = own(
      `${usual}accepted["TPM_KEY_NAME"] := "these machines are enrolled elsewhere"\naccepted["ATTEST_QUOTED"] := "as above"`,
    )
    const { tpm: _, ...reference } = REFERENCE
    const appraised = judged(machine(), { reference }, accepts)
    assert.deepEqual(statusOf(appraised), { tpm: 'affirming', boot: 'affirming', ima: 'affirming' })
    assert.match(appraised.submodules[0]!.because.join(), /TPM_KEY_NAME is accepted: these machines are enrolled elsewhere/)
  })

  test('cannot affirm what did not pass by not looking', () => {
    const blind = own('vector := {"hardware": 2, "executables": 2}\nstatus := "affirming"')
    const appraised = judged(machine({ nonce: Buffer.alloc(16) }), {}, blind)
    assert.deepEqual(statusOf(appraised), { tpm: 'none', boot: 'none', ima: 'none' })
    assert.match(appraised.submodules[0]!.because.join(), /TPM_NONCE is fail/)
  })

  test('cannot affirm what nothing looked at', () => {
    const all = Object.fromEntries(TRUST_CLAIMS.map((claim) => [claim, 2]))
    const [tpm] = judged(machine(), {}, own(`vector := ${JSON.stringify(all)}\nstatus := "affirming"`)).submodules
    assert.equal(tpm!.status, 'affirming')
    assert.deepEqual(
      TRUST_CLAIMS.filter((claim) => tpm!.vector[claim] === 2),
      ['instance-identity', 'hardware'],
    )
    assert.match(tpm!.because.join(), /executables, file-system, .*sourced-data: not affirmed, nothing looked at them/)
    const other = own(`vector := {"sourced-data": 2, "hardware": 96}\nstatus := "contraindicated"`)
    assert.deepEqual(judged(machine(), {}, other).submodules[0]!.vector, { 'sourced-data': 0, hardware: 96 })
  })

  test('may be stricter than what passed', () => {
    const strict = own(
      'vector := object.union(ar4si.vector, {"sourced-data": 96})\nstatus := "contraindicated"\nbecause contains "on a Sunday"',
    )
    const appraised = judged(machine(), {}, strict)
    assert.equal(appraised.status, 'contraindicated')
    assert.deepEqual(appraised.submodules[0]!.because, ['on a Sunday'])
  })

  test('that gives no answer, or a wrong one, affirms nothing', () => {
    for (const text of [
      'x := 1',
      'status := "affirming"',
      'vector := {}\nstatus := "good"',
      'vector := {"hardwear": 2}\nstatus := "none"',
      'vector := {"hardware": 1000}\nstatus := "none"',
      'vector := {}\nstatus := "none"\nstatus := "affirming" if input.object.type == "tpm-quote"',
      'vector := {}\nstatus := "none"\naccepted["TPM_NONCE"] := 7',
    ]) {
      const appraised = judged(machine(), {}, own(text))
      assert.ok(
        appraised.submodules.every(({ status }) => status === 'none'),
        text,
      )
    }
  })

  test('is named by its text', () => {
    assert.notEqual(own(usual).id, own(`${usual}# more`).id)
    assert.equal(own(usual).id, own(usual).id)
    assert.match(byDefault.id, /^test@sha256:[0-9a-f]{64}$/)
  })
})

describe('the result', () => {
  test('has a submodule for each piece of evidence, in both profiles, and says no more than was seen', () => {
    for (const profile of [EAR_PROFILE, VERAISON_PROFILE] as const) {
      const verifier = { developer: 'thymus', build: '0' }
      const ear = readEar(JSON.parse(JSON.stringify(writeEar(resultOf(judged(machine()), { profile, verifier, nonce: NONCE })))))
      assert.deepEqual(Object.keys(ear.submods), ['tpm', 'boot', 'ima'])
      assert.equal(ear.submods.boot!.status, 'affirming')
      assert.deepEqual(ear.submods.boot!.policies, [byDefault.id])
      assert.equal(ear.expires! - ear.issuedAt, 600)
      assert.equal(ear.nonce, NONCE.toString('base64url'))
    }
  })

  test('ends when what it stands on ends', () => {
    const ends = Date.UTC(2026, 10, 28, 0, 0, 30)
    const short: Appraiser = () => ({ checks: [], claims: {}, expires: ends })
    assert.equal(judged(machine(), {}, byDefault, { 'tcg-log': short }).expires, ends)
  })
})
