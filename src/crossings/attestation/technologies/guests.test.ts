import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type AzureRequest, azureEvidence } from '../../../../test/kit/azure.ts'
import { pem as pemOf, revocationList } from '../../../../test/kit/certificates.ts'
import * as dcap from '../../../../test/kit/dcap.ts'
import { action, eventLog, separator } from '../../../../test/kit/event-log.ts'
import { byDefault, faults, judged, vectorOf } from '../../../../test/kit/judged.ts'
import { bundleOf, changed, NONCE, NOW } from '../../../../test/kit/machine.ts'
import { CHIP_ID, certificateTable, TURIN_CHIP_ID, Vendor } from '../../../../test/kit/snp.ts'
import { newRsaKey } from '../../../../test/kit/tpm-evidence.ts'
import type { Bundle } from '../../../formats/evidence/bundle.ts'
import { readCertificate } from '../../../formats/x509/certificate.ts'
import { readCrl } from '../../../formats/x509/crl.ts'
import { parseEventLog } from '../../../layers/firmware/tcg-log/event-log.ts'
import { replay } from '../../../layers/firmware/tcg-log/replay.ts'
import { readVek } from '../../../layers/hardware/snp/vek.ts'
import { verifyBoot, verifyGuestBoot } from '../../measured-boot/verify-boot.ts'
import type { Asked } from '../appraise.ts'
import { referenceOf } from '../record.ts'
import { NO_REFERENCE, type Reference, readReference } from '../reference.ts'
import { azureAppraiser } from './azure.ts'
import { guestBootAppraiser } from './boot.ts'
import { dcapAppraiser } from './dcap.ts'
import { snpAppraiser } from './snp.ts'

/** Of RTMR 0 in the body of a TD report. */
const RTMR = 328

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
    assert.deepEqual([at(few).status, faults(at(few), 'snp')[0]], ['none', 'SNP_CHAIN?'])
    const wrong = changed(bundle, 'snp', { certificates: Buffer.from(pem(vendor.vek()) + pem(new Vendor().authority())) })
    assert.equal(at(wrong).status, 'contraindicated')
    const authorities = [vendor.authority(), vendor.root()].map(readCertificate)
    const held = { forReports: () => ({ veks: [], authorities, crls: [readCrl(list)] }), forPlatform: () => undefined }
    assert.equal(at(few, { held }).status, 'affirming')
  })

  test('is verified by the certificate of the key that signed, whatever others came or are kept', () => {
    const lent = { VLEK: vendor.vek({ csp: 'CN=cloud' }), ASK: vendor.authority(true), ARK: vendor.root(), CRL: list }
    const signedByVlek = vendor.report(3, { 80: data, 72: Buffer.of(1 << 2) })
    const both = bundleOf({
      snp: ['snp-report', { report: signedByVlek, certificates: certificateTable({ VCEK: vendor.vek(), ...lent }) }],
    })
    assert.deepEqual(faults(at(both), 'snp'), [])
    const stale = vendor.vek({ tcb: [3, 0, 0, 0, 0, 0, 23, 209] })
    const presented = changed(bundle, 'snp', {
      certificates: certificateTable({ VCEK: stale, ASK: vendor.authority(), ARK: vendor.root(), CRL: list }),
    })
    assert.deepEqual(faults(at(presented), 'snp'), ['SNP_TCB'])
    const held = {
      forReports: () => ({ veks: [readVek(readCertificate(vendor.vek()))], authorities: [], crls: [] }),
      forPlatform: () => undefined,
    }
    assert.deepEqual(faults(at(presented, { held }), 'snp'), [])
  })

  test('with more certificates than a chain has is refused before they are tried', () => {
    const many = Buffer.from(pem(vendor.vek()) + pem(vendor.authority()).repeat(16) + pem(vendor.root()).repeat(16))
    assert.deepEqual(faults(at(changed(bundle, 'snp', { certificates: many })), 'snp'), ['ATTEST_FORMAT'])
  })

  test('of a processor whose chips have short names is known by the one that was recorded', () => {
    const turin = new Vendor('Turin')
    const chain = Buffer.from([turin.vek(), turin.authority(), turin.root()].map((each) => pem(each)).join(''))
    const crl = Buffer.from(pem(revocationList({ issuer: turin.issuer, hash: 'sha384' }), 'X509 CRL'))
    const parts = { report: turin.report(3, { 80: data }), certificates: Buffer.concat([chain, crl]) }
    const whole = bundleOf({ snp: ['snp-report', parts] })
    const { snp } = referenceOf(whole, NOW)
    const short = { measurements: ['22'.repeat(48)], chips: [TURIN_CHIP_ID.toString('hex')] }
    const faultsOf = (given: Reference['snp']) =>
      faults(
        judged(whole, { now: Date.UTC(2025, 0), reference: readReference({ ...NO_REFERENCE, snp: given }) }, byDefault, {
          'snp-report': snpAppraiser(turin.roots),
        }),
        'snp',
      )
    assert.deepEqual(faultsOf(snp), [])
    assert.deepEqual(faultsOf(short), [])
    assert.deepEqual(faultsOf({ ...short, chips: ['c2'.repeat(8)] }), ['SNP_CHIP_LISTED'])
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
      forReports: () => ({ veks: [], authorities: [], crls: [] }),
      forPlatform: () => authority.collateral('TDX', { tcbInfo: newer as never }),
    }
    const at = (asked: Partial<Asked>) =>
      judged(bundleOf({ tdx: ['dcap-quote', old] }), { now: dcap.NOW, reference, ...asked }, byDefault, more)
    assert.equal(at({}).status, 'affirming')
    assert.deepEqual(faults(at({ held }), 'tdx'), ['DCAP_TCB_STATUS'])
    const same = { ...held, forPlatform: () => authority.collateral() }
    assert.equal(at({ held: same }).status, 'affirming')
  })

  test('is affirmed no longer than its platform and the permission of its status last', () => {
    const [minute, half] = [60_000, 30_000]
    const endOf = (request: { readonly to?: string; readonly allow?: object; readonly status?: string }) => {
      const pck = authority.platformCertificate(request.to === undefined ? {} : { to: request.to })
      const quote = authority.quote({
        body: (body) => Buffer.concat([NONCE], 64).copy(body, body.length - 64),
        certification: { type: 5, data: authority.pckChain(pck) },
      })
      const { status } = request
      const tcbInfo = (info: dcap.TcbInfoJson) => {
        for (const level of status === undefined ? [] : info.tcbLevels) level.tcbStatus = status
      }
      const given = bundleOf({ tdx: ['dcap-quote', { quote, collateral: Buffer.from(authority.collateral('TDX', { tcbInfo })) }] })
      const allowing = readReference({ ...reference, dcap: { ...measured, ...(request.allow && { allow: [request.allow] }) } })
      const appraised = judged(given, { now: dcap.NOW, reference: allowing }, byDefault, more)
      assert.equal(appraised.status, 'affirming')
      return appraised.expires - dcap.NOW
    }
    assert.equal(endOf({}), 10 * minute)
    assert.equal(endOf({ to: '260601000100Z' }), minute)
    const allow = { status: 'SWHardeningNeeded', until: new Date(dcap.NOW + half).toISOString(), minEvaluationNumber: 18 }
    assert.equal(endOf({ status: 'SWHardeningNeeded', allow }), half)
    assert.equal(endOf({ allow }), 10 * minute)
  })

  test('is not affirmed by a reference that names no workload', () => {
    const quote = answers(NONCE)
    const mrSeam = [dcap.MRSEAM.toString('hex')]
    const faultsOf = (measurements: object, given = quote, tee: 'SGX' | 'TDX' = 'TDX') => {
      const asked = { now: dcap.NOW, reference: readReference({ ...NO_REFERENCE, dcap: { measurements } }) }
      const parts = { quote: given, collateral: Buffer.from(authority.collateral(tee)) }
      return faults(judged(bundleOf({ tdx: ['dcap-quote', parts] }), asked, byDefault, more), 'tdx')
    }
    for (const measurements of [{}, { rtmr: {} }, { mrSeam }]) assert.deepEqual(faultsOf(measurements), ['DCAP_MEASUREMENT?'])
    assert.deepEqual(faultsOf({ mrSeam, mrTd: [dcap.MRTD.toString('hex')] }), [])
    const body = (bytes: Buffer) => void Buffer.concat([NONCE], 64).copy(bytes, bytes.length - 64)
    const enclave = authority.quote({ tee: 'SGX', body })
    assert.deepEqual(faultsOf({ minIsvSvn: 0 }, enclave, 'SGX'), ['DCAP_MEASUREMENT?'])
    assert.deepEqual(faultsOf({ minIsvSvn: 0, mrSigner: [dcap.MRSIGNER.toString('hex')] }, enclave, 'SGX'), [])
  })

  test('that may be debugged, or is of young collateral alone, is what the reference says', () => {
    const body = (bytes: Buffer) => {
      bytes[120] = 1
      Buffer.concat([NONCE], 64).copy(bytes, bytes.length - 64)
    }
    const debugged = changed(bundle, 'tdx', { quote: authority.quote({ body }) })
    const faultsOf = (given: Bundle, more_: object) =>
      faults(
        judged(given, { now: dcap.NOW, reference: readReference({ ...reference, dcap: { ...measured, ...more_ } }) }, byDefault, more),
        'tdx',
      )
    assert.deepEqual(faultsOf(debugged, {}), ['DCAP_DEBUG'])
    assert.deepEqual(faultsOf(debugged, { debug: true }), [])
    const answering = changed(bundle, 'tdx', { quote: answers(NONCE) })
    const days = 24 * 60 * 60
    assert.deepEqual(faultsOf(answering, { maxCollateralAge: 11 * days }), ['DCAP_COLLATERAL_AGE?'])
    assert.deepEqual(faultsOf(answering, { maxCollateralAge: 13 * days, mrServiceTd: 'any', septVeDisable: false, migratable: true }), [])
    assert.deepEqual(faultsOf(answering, { attributes: '00'.repeat(8) }), ['DCAP_ATTRIBUTES'])
    assert.deepEqual(faultsOf(answering, { xfam: '0300000000000000' }), ['DCAP_ATTRIBUTES'])
  })

  test('whose list of revoked platforms does not say when it ends is judged, and is not affirmed', () => {
    const open = revocationList({ issuer: authority.pckAuthority, to: null }).toString('hex')
    const collateral = authority.collateral('TDX', { file: (file) => void Object.assign(file, { pck_crl: open }) })
    const appraised = judged(
      changed(bundle, 'tdx', { quote: answers(NONCE), collateral: Buffer.from(collateral) }),
      { now: dcap.NOW, reference },
      byDefault,
      more,
    )
    assert.deepEqual(faults(appraised, 'tdx'), ['DCAP_COLLATERAL_VALIDITY'])
    assert.deepEqual([appraised.status, appraised.expires], ['contraindicated', dcap.NOW])
  })

  test('that answers nothing, or whose platform is not known, is not', () => {
    assert.deepEqual(faults(judged(bundle, { now: dcap.NOW, reference }, byDefault, more), 'tdx'), ['DCAP_REPORT_DATA'])
    const bare = bundleOf({ tdx: ['dcap-quote', { quote: answers(NONCE) }] })
    assert.equal(judged(bare, { now: dcap.NOW, reference }, byDefault, more).status, 'none')
    const held = {
      forReports: () => ({ veks: [], authorities: [], crls: [] }),
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
      const held = { forReports: () => ({ veks: [], authorities: [], crls: [] }), forPlatform: () => collateral }
      return faults(judged(answering, { now: dcap.NOW, reference, held }, byDefault, more), 'tdx')
    }
    const revokedAt = (issueDate: string) =>
      authority.collateral('TDX', { tcbInfo: (info) => void Object.assign(info, { issueDate }), revokedPlatforms: [4] })
    assert.deepEqual(faultsOf(revokedAt('2026-05-21T00:00:00Z')), ['DCAP_PCK_REVOCATION'])
    assert.deepEqual(faultsOf(revokedAt('2026-05-19T00:00:00Z')), [])
    // An earlier evaluation may be issued later, and know less.
    const evaluated = (number: number, issueDate: string, status: string) => {
      const at = { issueDate, tcbEvaluationDataNumber: number }
      const tcbInfo = (info: dcap.TcbInfoJson) => {
        Object.assign(info, at)
        for (const level of info.tcbLevels) level.tcbStatus = status
      }
      return authority.collateral('TDX', { tcbInfo, qeIdentity: (identity) => void Object.assign(identity, at) })
    }
    const early = changed(bundle, 'tdx', {
      quote: answers(NONCE),
      collateral: Buffer.from(evaluated(17, '2026-05-21T00:00:00Z', 'UpToDate')),
    })
    const heldLater = {
      forReports: () => ({ veks: [], authorities: [], crls: [] }),
      forPlatform: () => evaluated(20, '2026-05-20T00:00:00Z', 'OutOfDate'),
    }
    assert.deepEqual(faults(judged(early, { now: dcap.NOW, reference }, byDefault, more), 'tdx'), [])
    assert.deepEqual(faults(judged(early, { now: dcap.NOW, reference, held: heldLater }, byDefault, more), 'tdx'), ['DCAP_TCB_STATUS'])
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
  const reference: Reference = {
    ...NO_REFERENCE,
    snp: { measurements: ['22'.repeat(48)] },
    dcap: { measurements: { mrTd: [dcap.MRTD.toString('hex')] } },
  }
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
