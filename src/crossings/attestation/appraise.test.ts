import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { type AzureRequest, azureEvidence } from '../../../test/kit/azure.ts'
import { pem as pemOf, revocationList } from '../../../test/kit/certificates.ts'
import * as dcap from '../../../test/kit/dcap.ts'
import { action, eventLog, linuxBoot, type MadeEvent, newEvent, separator, specId } from '../../../test/kit/event-log.ts'
import { imaLists, pcrAfter } from '../../../test/kit/ima-log.ts'
import { AK, AK_NAME, bundleOf, changed, DB, machine, NONCE, NOW } from '../../../test/kit/machine.ts'
import { CHIP_ID, Vendor } from '../../../test/kit/snp.ts'
import { newEccKey, newRsaKey, quoteBy } from '../../../test/kit/tpm-evidence.ts'
import { EAR_PROFILE, readEar, VERAISON_PROFILE, writeEar } from '../../formats/ear/ear.ts'
import type { Bundle } from '../../formats/evidence/bundle.ts'
import { readCertificate } from '../../formats/x509/certificate.ts'
import { readCrl } from '../../formats/x509/crl.ts'
import { compilePolicy } from '../../lang/rego/policy.ts'
import { parseEventLog } from '../../layers/firmware/tcg-log/event-log.ts'
import { replay } from '../../layers/firmware/tcg-log/replay.ts'
import { ALG } from '../../layers/hardware/tpm/abi/algorithms.ts'
import { nameOf, writePublicArea } from '../../layers/hardware/tpm/abi/public-area.ts'
import { verifyBoot, verifyGuestBoot } from '../measured-boot/verify-boot.ts'
import { type Appraiser, type Asked, appraise, type BundleAppraisal } from './appraise.ts'
import { appraisalPolicy } from './policy.ts'
import { referenceOf } from './record.ts'
import { NO_REFERENCE, type Reference, readReference } from './reference.ts'
import { resultOf } from './result.ts'
import { appraisers } from './technologies/appraisers.ts'
import { azureAppraiser } from './technologies/azure.ts'
import { guestBootAppraiser } from './technologies/boot.ts'
import { dcapAppraiser } from './technologies/dcap.ts'
import { snpAppraiser } from './technologies/snp.ts'

/** Of RTMR 0 in the body of a TD report. */
const RTMR = 328
const POLICIES = join(import.meta.dirname, '../../../policies/attestation')
const LIBRARY = { 'ar4si.rego': readFileSync(join(POLICIES, 'ar4si.rego'), 'utf8') }
const DEFAULT = { ...LIBRARY, 'default.rego': readFileSync(join(POLICIES, 'default.rego'), 'utf8') }
const surroundings = { now: BigInt(NOW) * 1_000_000n, clock: () => 0, random: () => 0 }
const policyOf = (sources: Readonly<Record<string, string>>) => appraisalPolicy('test', sources, compilePolicy, surroundings)
const byDefault = policyOf(DEFAULT)

function judged(
  bundle: Bundle,
  asked: Partial<Asked> = {},
  policy = byDefault,
  more: Readonly<Record<string, Appraiser>> = {},
): BundleAppraisal {
  const verifier = {
    appraisers: { ...appraisers({ toQuote: verifyBoot, toGuest: verifyGuestBoot }), ...more },
    policy,
    context: { mode: 'enforce' },
    validFor: 600_000,
  } as const
  return appraise(bundle, { now: NOW, nonce: NONCE, reference: REFERENCE, ...asked }, verifier)
}

const REFERENCE: Reference = readReference(JSON.parse(JSON.stringify(referenceOf(machine(), NOW))))
const statusOf = ({ submodules }: BundleAppraisal) => Object.fromEntries(submodules.map(({ name, status }) => [name, status]))
/** Codes that did not pass, `CODE?` where unknown, of one submodule. */
const faults = ({ submodules }: BundleAppraisal, of: string) =>
  submodules
    .find(({ name }) => name === of)!
    .checks.flatMap(({ code, verdict }) => (verdict.is === 'pass' ? [] : [verdict.is === 'fail' ? code : `${code}?`]))
const vectorOf = ({ submodules }: BundleAppraisal, of: string) => submodules.find(({ name }) => name === of)!.vector

describe('a machine that was recorded', () => {
  test('is affirmed, claim by claim', () => {
    const appraised = judged(machine())
    assert.deepEqual(statusOf(appraised), { tpm: 'affirming', boot: 'affirming', ima: 'affirming' })
    assert.equal(appraised.status, 'affirming')
    assert.deepEqual(vectorOf(appraised, 'tpm'), { hardware: 2, 'instance-identity': 2 })
    assert.deepEqual(vectorOf(appraised, 'boot'), { hardware: 2, executables: 3, configuration: 2 })
    assert.deepEqual(REFERENCE.tpm?.keys, [AK_NAME])
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

  test('with a quote that SHA-1 signs is caught: another message may have the same signature', () => {
    const key = newEccKey({ scheme: { algorithm: ALG.ecdsa, hash: 4 } })
    const reference = { ...REFERENCE, tpm: { keys: [nameOf(key.area)!.toString('hex')] } }
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

describe('a SEV-SNP guest', () => {
  const vendor = new Vendor('Milan')
  const data = Buffer.concat([NONCE], 64)
  const report = vendor.report(3, { 80: data })
  const pem = (der: Buffer, label = 'CERTIFICATE') => `-----BEGIN ${label}-----\n${der.toString('base64')}\n-----END ${label}-----\n`
  const list = revocationList({ issuer: vendor.issuer, hash: 'sha384' })
  const certificates = Buffer.from(
    [vendor.vek(), vendor.authority(), vendor.root()].map((each) => pem(each)).join('') + pem(list, 'X509 CRL'),
  )
  const bundle = bundleOf({ snp: ['snp-report', { report, certificates }] })
  const reference: Reference = { ...NO_REFERENCE, snp: { measurements: ['22'.repeat(48)], chips: [CHIP_ID.toString('hex')] } }
  const at = (given: Bundle, asked: Partial<Asked> = {}) =>
    judged(given, { now: Date.UTC(2025, 0), reference, ...asked }, byDefault, { 'snp-report': snpAppraiser(vendor.roots) })

  test('that is what it should be is affirmed', () => {
    const appraised = at(bundle)
    assert.deepEqual(faults(appraised, 'snp'), [])
    assert.equal(appraised.status, 'affirming')
    assert.deepEqual(vectorOf(appraised, 'snp'), {
      hardware: 2,
      'instance-identity': 2,
      executables: 3,
      configuration: 2,
      'runtime-opaque': 2,
    })
    assert.deepEqual(referenceOf(bundle, NOW).snp, reference.snp)
  })

  test('with another launch, another answer, or the vendor of somebody else is not', () => {
    assert.deepEqual(faults(at(changed(bundle, 'snp', { report: vendor.report(3, { 80: data, 144: Buffer.alloc(48) }) })), 'snp'), [
      'SNP_MEASUREMENT',
    ])
    assert.deepEqual(faults(at(changed(bundle, 'snp', { report: vendor.report(3) })), 'snp'), ['SNP_REPORT_DATA'])
    const blank = changed(bundle, 'snp', { report: vendor.report(3, { 80: Buffer.alloc(64) }) })
    assert.deepEqual(faults(at(blank, { nonce: Buffer.alloc(0) }), 'snp'), ['SNP_REPORT_DATA?'])
    assert.ok(faults(judged(bundle, { now: Date.UTC(2025, 0), reference }), 'snp').includes('SNP_CHAIN'))
    assert.equal(at(bundle, { reference: NO_REFERENCE }).status, 'none')
    const few = changed(bundle, 'snp', { certificates: Buffer.from(pem(vendor.vek())) })
    assert.equal(at(few).status, 'contraindicated')
    const authorities = [vendor.authority(), vendor.root()].map(readCertificate)
    const held = { forReport: () => ({ leaf: undefined, authorities, crls: [readCrl(list)] }), forPlatform: () => undefined }
    assert.equal(at(few, { held }).status, 'affirming')
  })
})

describe('an enclave that only its neighbours can verify', () => {
  const body = dcap.sgxBody()
  Buffer.concat([NONCE], 64).copy(body, body.length - 64)
  const report = Buffer.concat([body, Buffer.alloc(48)])
  const enclave = (mrSigner: Buffer) => ({ ...NO_REFERENCE, dcap: { measurements: { mrSigner: [mrSigner.toString('hex')] } } })

  test('is not affirmed, whatever it says, and found out where that is wrong', () => {
    const bundle = bundleOf({ sgx: ['sgx-report', { report }] })
    const at = (mrSigner: Buffer) => judged(bundle, { reference: enclave(mrSigner) })
    assert.deepEqual(faults(at(dcap.MRSIGNER), 'sgx'), ['SGX_REPORT_MAC?'])
    assert.equal(at(dcap.MRSIGNER).status, 'none')
    assert.deepEqual(faults(at(Buffer.alloc(32)), 'sgx'), ['SGX_REPORT_MAC?', 'DCAP_MEASUREMENT'])
    assert.notEqual(at(Buffer.alloc(32)).status, 'affirming')
    assert.deepEqual(faults(judged(bundle, { reference: NO_REFERENCE }), 'sgx'), ['DCAP_MEASUREMENT?', 'SGX_REPORT_MAC?'])
  })
})

describe('a TDX guest', () => {
  const authority = new dcap.QuoteAuthority()
  const parts = { quote: authority.quote(), collateral: Buffer.from(authority.collateral()) }
  const bundle = bundleOf({ tdx: ['dcap-quote', parts] })
  const more = { 'dcap-quote': dcapAppraiser(authority.anchors) }
  const { dcap: measured } = referenceOf(bundle, NOW)
  const reference: Reference = { ...NO_REFERENCE, ...(measured === undefined ? {} : { dcap: measured }) }
  const answers = (nonce: Buffer) => authority.quote({ body: (body) => Buffer.concat([nonce], 64).copy(body, body.length - 64) })

  test('that is what it should be is affirmed, until its collateral ends', () => {
    const answering = changed(bundle, 'tdx', { quote: answers(NONCE) })
    const appraised = judged(answering, { now: dcap.NOW, reference }, byDefault, more)
    assert.deepEqual(faults(appraised, 'tdx'), [])
    assert.equal(appraised.status, 'affirming')
    assert.ok(appraised.submodules[0]!.expires! > dcap.NOW)
  })

  test('is held to what is newer, where it brings what was published before its platform was revoked', () => {
    const old = { ...parts, quote: answers(NONCE), collateral: Buffer.from(authority.collateral()) }
    const newer = (info: Record<string, unknown>) => {
      info.issueDate = new Date(Date.parse(info.issueDate as string) + 1_000).toISOString()
      for (const level of info.tcbLevels as Record<string, unknown>[]) level.tcbStatus = 'Revoked'
    }
    const held = {
      forReport: () => ({ leaf: undefined, authorities: [], crls: [] }),
      forPlatform: () => authority.collateral('TDX', { tcbInfo: newer as never }),
    }
    const at = (asked: Partial<Asked>) =>
      judged(bundleOf({ tdx: ['dcap-quote', old] }), { now: dcap.NOW, reference, ...asked }, byDefault, more)
    assert.equal(at({}).status, 'affirming')
    assert.deepEqual(faults(at({ held }), 'tdx'), ['DCAP_TCB_STATUS'])
    const same = { ...held, forPlatform: () => authority.collateral() }
    assert.equal(at({ held: same }).status, 'affirming')
  })

  test('that answers nothing, or whose platform is not known, is not', () => {
    assert.deepEqual(faults(judged(bundle, { now: dcap.NOW, reference }, byDefault, more), 'tdx'), ['DCAP_REPORT_DATA'])
    const bare = bundleOf({ tdx: ['dcap-quote', { quote: answers(NONCE) }] })
    assert.equal(judged(bare, { now: dcap.NOW, reference }, byDefault, more).status, 'none')
    const held = {
      forReport: () => ({ leaf: undefined, authorities: [], crls: [] }),
      forPlatform: (tee: string, fmspc: Buffer) =>
        tee === 'TDX' && fmspc.toString('hex') === dcap.FMSPC ? authority.collateral() : undefined,
    }
    assert.equal(judged(bare, { now: dcap.NOW, reference, held }, byDefault, more).status, 'affirming')
  })

  test('that was launched on what is out of date, and runs on what is not, may be allowed by name', () => {
    const body = (bytes: Buffer) => {
      bytes.set([3, 1])
      Buffer.concat([NONCE], 64).copy(bytes, 520)
    }
    const relaunch = changed(bundle, 'tdx', { quote: authority.quote({ version: 5, body }) })
    const allow = [{ status: 'TDRelaunchAdvised', until: '2027-01-01T00:00:00Z', minEvaluationNumber: 18 }]
    const allowing = readReference({ ...reference, dcap: { ...measured, allow } })
    const faultsOf = (given: Reference) => faults(judged(relaunch, { now: dcap.NOW, reference: given }, byDefault, more), 'tdx')
    assert.deepEqual(faultsOf(reference), ['DCAP_TCB_STATUS'])
    assert.deepEqual(faultsOf(allowing), [])
  })

  test('cannot choose collateral that is older than what is held: a platform that was revoked since stays revoked', () => {
    const answering = changed(bundle, 'tdx', { quote: answers(NONCE) })
    const faultsOf = (collateral: string) => {
      const held = { forReport: () => ({ leaf: undefined, authorities: [], crls: [] }), forPlatform: () => collateral }
      return faults(judged(answering, { now: dcap.NOW, reference, held }, byDefault, more), 'tdx')
    }
    const revokedAt = (issueDate: string) =>
      authority.collateral('TDX', { tcbInfo: (info) => void Object.assign(info, { issueDate }), revokedPlatforms: [4] })
    assert.deepEqual(faultsOf(revokedAt('2026-05-21T00:00:00Z')), ['DCAP_PCK_REVOCATION'])
    assert.deepEqual(faultsOf(revokedAt('2026-05-19T00:00:00Z')), [])
    const stranger = new dcap.QuoteAuthority()
    assert.deepEqual(
      faults(
        judged(
          changed(answering, 'tdx', { collateral: Buffer.from(stranger.collateral()) }),
          { now: dcap.NOW, reference },
          byDefault,
          more,
        ),
        'tdx',
      ),
      ['DCAP_COLLATERAL_SIGNATURE', 'DCAP_PCK_REVOCATION'],
    )
  })
})

describe('a confidential guest on Azure', () => {
  const [vendor, authority, key] = [new Vendor('Milan'), new dcap.QuoteAuthority(), newRsaKey()]
  const listed = (revoked: readonly { serial: number }[] = []) =>
    pemOf('X509 CRL', revocationList({ issuer: vendor.issuer, revoked, hash: 'sha384' }))
  const authorities = [vendor.authority(), vendor.root()].map((der) => pemOf('CERTIFICATE', der)).join('')
  const certificates = Buffer.from(`${authorities}${listed()}`)
  const collateral = Buffer.from(authority.collateral())
  const reference: Reference = { ...NO_REFERENCE, snp: { measurements: ['22'.repeat(48)] }, dcap: { measurements: {} } }
  const more = { 'azure-evidence': azureAppraiser({ ...(vendor.roots && { roots: vendor.roots }), anchors: authority.anchors }) }
  const at = (by: Vendor | dcap.QuoteAuthority, request: Partial<AzureRequest> = {}, asked: Partial<Asked> = {}) => {
    const document = Buffer.from(JSON.stringify(azureEvidence(by, { key, nonce: NONCE, ...request })))
    const bundle = bundleOf({ guest: ['azure-evidence', { document, ...(by === vendor ? { certificates } : { collateral }) }] })
    return judged(bundle, { now: dcap.NOW, reference, ...asked }, byDefault, more)
  }

  test('is affirmed by the whole chain, from the hardware to the quote of its virtual TPM', () => {
    for (const by of [vendor, authority]) {
      assert.deepEqual(faults(at(by), 'guest'), [])
      assert.equal(at(by).status, 'affirming')
    }
  })

  test('is not where the authority of its processor was taken back, or where nobody knows', () => {
    const document = Buffer.from(JSON.stringify(azureEvidence(vendor, { key, nonce: NONCE })))
    const faultsOf = (text: string) => {
      const bundle = bundleOf({ guest: ['azure-evidence', { document, certificates: Buffer.from(text) }] })
      return faults(judged(bundle, { now: dcap.NOW, reference }, byDefault, more), 'guest')
    }
    assert.deepEqual(faultsOf(`${authorities}${listed([{ serial: 1 }])}`), ['SNP_REVOKED'])
    assert.deepEqual(faultsOf(authorities), ['SNP_REVOKED?'])
  })

  test('is not where a link is wrong, or where it answers another challenge', () => {
    for (const by of [vendor, authority]) {
      assert.deepEqual(faults(at(by, { signer: newRsaKey() }), 'guest'), ['TPM_SIGNATURE'])
      assert.deepEqual(faults(at(by, { nonce: Buffer.alloc(16) }), 'guest'), ['TPM_NONCE'])
      assert.equal(at(by, {}, { reference: NO_REFERENCE }).status, 'none')
    }
    assert.ok(
      faults(at(vendor, {}, { reference: { ...NO_REFERENCE, snp: { measurements: ['00'.repeat(48)] } } }), 'guest').includes(
        'SNP_MEASUREMENT',
      ),
    )
  })
})

test('the log of a TDX guest is held to the registers of its report', () => {
  const authority = new dcap.QuoteAuthority()
  const log = eventLog([separator(1), action(1, 'Calling EFI Application from Boot Option'), separator(2)], ['sha384'])
  const rtmr = replay(parseEventLog(log, 'cc'), 'sha384')
  const quote = authority.quote({
    body(body) {
      for (const [register, value] of rtmr) value.copy(body, RTMR + 48 * (register - 1))
      Buffer.concat([NONCE], 64).copy(body, body.length - 64)
    },
  })
  const bundle = bundleOf({
    tdx: ['dcap-quote', { quote, collateral: Buffer.from(authority.collateral()) }],
    boot: ['cc-log', { log }],
  })
  const appraiseQuote = dcapAppraiser(authority.anchors)
  const hold = { toQuote: verifyBoot, toGuest: verifyGuestBoot }
  const more = { 'dcap-quote': appraiseQuote, 'cc-log': guestBootAppraiser(hold, appraiseQuote) }
  const reference = readReference(JSON.parse(JSON.stringify(referenceOf(bundle, NOW))))
  const at = (given: Bundle) => judged(given, { now: dcap.NOW, reference }, byDefault, more)
  const unheld = ['ATTEST_QUOTED', 'TCG_REPLAY', 'TCG_REFERENCE']
  assert.deepEqual(faults(at(bundle), 'tdx'), [])
  assert.deepEqual(
    faults(at(bundle), 'boot').filter((code) => unheld.includes(code.replace('?', ''))),
    [],
  )
  const other = eventLog([separator(1), action(1, 'Another'), separator(2)], ['sha384'])
  assert.ok(faults(at(changed(bundle, 'boot', { log: other })), 'boot').includes('TCG_REPLAY'))
  assert.ok(faults(at({ ...bundle, evidence: bundle.evidence.slice(1) }), 'boot').includes('ATTEST_QUOTED?'))
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
