import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { newPair, pem } from '../../../../test/kit/certificates.ts'
import { type CollateralRequest, NOW, PPID, QuoteAuthority, type QuoteRequest } from '../../../../test/kit/dcap.ts'
import { openCollateral, readCollateral } from './collateral.ts'
import { readQuote } from './quote.ts'
import { type Given, QuoteVerifier, type VerifiedQuote } from './verify.ts'

const authority = new QuoteAuthority()
const DAY = 86_400_000

interface Scene {
  readonly quote?: QuoteRequest
  /** Null for none. */
  readonly collateral?: CollateralRequest | null
  readonly of?: 'SGX' | 'TDX'
  readonly given?: Partial<Given>
  readonly anchors?: readonly Buffer[]
}

function verified({ quote = {}, collateral = {}, of, given = {}, anchors = authority.anchors }: Scene): VerifiedQuote {
  const read = readQuote(authority.quote(quote))
  const opened = collateral === null ? undefined : openCollateral(readCollateral(authority.collateral(of ?? read.tee, collateral)), anchors)
  return new QuoteVerifier(anchors).verify(read, { now: NOW, collateral: opened, ...given })
}

const codes = ({ checks }: VerifiedQuote, is: 'fail' | 'unknown') =>
  checks.filter(({ verdict }) => verdict.is === is).map(({ code }) => code)
const fails = (scene: Scene, expected: readonly string[]) => {
  const result = verified(scene)
  assert.deepEqual(codes(result, 'fail'), expected)
  return result
}
/** Sets a byte, or a member. */
const put = (to: Buffer | Record<string, unknown>, at: number | string, value: unknown) => void Object.assign(to, { [at]: value })
const text = (file: Record<string, string>, name: string, from: string, to: string) => {
  assert.ok(file[name]!.includes(from))
  file[name] = file[name]!.replace(from, to)
}

describe('a quote that is genuine', () => {
  for (const quote of [{ version: 3 }, { version: 4 }, { version: 4, tee: 'SGX' }, { version: 5 }, { version: 5, bodyType: 2 }] as const) {
    test(`passes every check: ${JSON.stringify(quote)}`, () => {
      const { checks, tcb } = verified({ quote })
      assert.deepEqual(new Set(checks.map(({ verdict }) => verdict.is)), new Set(['pass']))
      assert.deepEqual(tcb, { status: 'UpToDate', advisoryIds: [], date: Date.UTC(2025, 0), evaluationNumber: 18 })
    })
  }

  test('is not known to be well without collateral', () => {
    const result = verified({ collateral: null })
    assert.deepEqual(codes(result, 'fail'), [])
    assert.deepEqual(codes(result, 'unknown'), [
      'DCAP_PCK_REVOCATION',
      'DCAP_COLLATERAL_SIGNATURE',
      'DCAP_COLLATERAL_VALIDITY',
      'DCAP_QE_IDENTITY',
      'DCAP_TCB_LEVEL',
    ])
    assert.equal(result.tcb, undefined)
  })

  test('that names its platform is judged by a certificate that is given beside it', () => {
    const names = Buffer.concat([PPID, Buffer.alloc(20)])
    const quote = { version: 3, certification: { type: 1, data: names } } as const
    assert.deepEqual(codes(verified({ quote }), 'unknown'), ['DCAP_QE_SIGNATURE', 'DCAP_PCK_CHAIN', 'DCAP_PCK_VALIDITY', 'DCAP_TCB_LEVEL'])
    const pckChain = authority.pckChain()
    fails({ quote, given: { pckChain } }, [])
    fails({ quote, collateral: { file: (file) => put(file, 'pck_certificate_chain', pckChain.toString()) } }, [])
    for (const none of ['nothing', pem('X509 CRL', Buffer.of(0x30, 0))]) {
      fails({ quote, given: { pckChain: Buffer.from(none) } }, ['DCAP_PCK_CHAIN'])
      fails({ quote, collateral: { file: (file) => put(file, 'pck_certificate_chain', none) } }, ['DCAP_PCK_CHAIN'])
    }
    for (const at of [0, 35]) {
      const other = Buffer.from(names)
      other[at]! ^= 1
      fails({ quote: { ...quote, certification: { type: 1, data: other } }, given: { pckChain } }, ['DCAP_PCK_IDENTITY'])
    }
  })

  test('may be verified again and again by one verifier, of many platforms', () => {
    const verifier = new QuoteVerifier(authority.anchors)
    const other = new QuoteAuthority()
    for (let round = 0; round < 3; round++) {
      assert.deepEqual(codes(verifier.verify(readQuote(authority.quote()), { now: NOW }), 'fail'), [])
      assert.deepEqual(codes(verifier.verify(readQuote(other.quote()), { now: NOW }), 'fail'), ['DCAP_PCK_CHAIN'])
      assert.deepEqual(codes(verifier.verify(readQuote(authority.quote()), { now: NOW + 3650 * DAY }), 'fail'), ['DCAP_PCK_VALIDITY'])
    }
  })
})

test('a chain that is none stays none, whatever the same verifier was given beside another quote', () => {
  const verifier = new QuoteVerifier(authority.anchors)
  const pckChain = authority.pckChain()
  const data = Buffer.concat([Buffer.from('file '), pckChain])
  const broken = readQuote(authority.quote({ certification: { type: 5, data } }))
  for (let round = 0; round < 2; round++) {
    assert.deepEqual(codes(verifier.verify(broken, { now: NOW }), 'fail'), ['DCAP_PCK_CHAIN'])
    verifier.verify(readQuote(authority.quote()), { now: NOW, pckChain })
  }
})

describe('what is signed by somebody else is refused:', () => {
  const stranger = newPair()
  const cases: Readonly<Record<string, readonly [Scene, readonly string[]]>> = {
    'a quoting enclave': [{ quote: { pck: stranger } }, ['DCAP_QE_SIGNATURE']],
    'an attestation key that the quoting enclave does not report': [
      { quote: { qeReport: (report) => report.fill(1, 320, 352) } },
      ['DCAP_KEY_BINDING'],
    ],
    'a binding with more in it': [{ quote: { qeReport: (report) => put(report, 383, 1) } }, ['DCAP_KEY_BINDING']],
    'a vendor of quoting enclaves': [{ quote: { header: (header) => header.fill(1, 12, 28) } }, ['DCAP_QE_VENDOR']],
    'a root': [{ anchors: new QuoteAuthority().anchors }, ['DCAP_PCK_CHAIN', 'DCAP_COLLATERAL_SIGNATURE']],
    'TCB info whose text is another': [
      { collateral: { file: (file) => text(file, 'tcb_info', '"UpToDate"', '"UpToDate" ') } },
      ['DCAP_COLLATERAL_SIGNATURE'],
    ],
    'an identity whose text is another': [
      { collateral: { file: (file) => text(file, 'qe_identity', '"isvsvn":4', '"isvsvn":3') } },
      ['DCAP_COLLATERAL_SIGNATURE'],
    ],
    'a signature of r = s = 1': [
      { collateral: { file: (file) => put(file, 'tcb_info_signature', `${'0'.repeat(63)}1`.repeat(2)) } },
      ['DCAP_COLLATERAL_SIGNATURE'],
    ],
    'TCB info whose chain is that of the revocation list': [
      { collateral: { file: (file) => put(file, 'tcb_info_issuer_chain', file.pck_crl_issuer_chain) } },
      ['DCAP_COLLATERAL_SIGNATURE'],
    ],
    'lists in each other’s place': [
      { collateral: { file: (file) => Object.assign(file, { pck_crl: file.root_ca_crl, root_ca_crl: file.pck_crl }) } },
      ['DCAP_COLLATERAL_SIGNATURE'],
    ],
  }
  for (const [name, [scene, expected]] of Object.entries(cases)) test(name, () => void fails(scene, expected))

  test('the key of the platform has no business with collateral', () => {
    const chain = authority.pckChain().toString().replace('\0', '')
    fails({ collateral: { file: (file) => put(file, 'tcb_info_issuer_chain', chain) } }, ['DCAP_COLLATERAL_SIGNATURE'])
  })
})

describe('what is said at another time, or of something else, is refused:', () => {
  const cases: Readonly<Record<string, readonly [Scene, readonly string[]]>> = {
    'before anything was issued': [{ given: { now: Date.UTC(2016, 0) } }, ['DCAP_PCK_VALIDITY', 'DCAP_COLLATERAL_VALIDITY']],
    'after the certificates': [{ given: { now: Date.UTC(2031, 0) } }, ['DCAP_PCK_VALIDITY', 'DCAP_COLLATERAL_VALIDITY']],
    'before TCB info': [
      { collateral: { tcbInfo: (info) => put(info, 'issueDate', '2026-06-01T00:00:01Z') } },
      ['DCAP_COLLATERAL_VALIDITY'],
    ],
    'after TCB info': [
      { collateral: { tcbInfo: (info) => put(info, 'nextUpdate', '2026-05-31T23:59:59Z') } },
      ['DCAP_COLLATERAL_VALIDITY'],
    ],
    'before the identity': [
      { collateral: { qeIdentity: (identity) => put(identity, 'issueDate', '2026-06-01T00:00:01Z') } },
      ['DCAP_COLLATERAL_VALIDITY'],
    ],
    'after the identity': [
      { collateral: { qeIdentity: (identity) => put(identity, 'nextUpdate', '2026-05-31T23:59:59Z') } },
      ['DCAP_COLLATERAL_VALIDITY'],
    ],
    'TCB info of another FMSPC': [{ collateral: { tcbInfo: (info) => put(info, 'fmspc', '00906EA10001') } }, ['DCAP_COLLATERAL_MATCH']],
    'TCB info of another PCE': [{ collateral: { tcbInfo: (info) => put(info, 'pceId', '0001') } }, ['DCAP_COLLATERAL_MATCH']],
    'TCB info of SGX for a trust domain': [{ of: 'SGX' }, ['DCAP_COLLATERAL_MATCH', 'DCAP_QE_IDENTITY', 'DCAP_TDX_MODULE']],
    'TCB info of TDX for an enclave': [{ quote: { version: 3 }, of: 'TDX' }, ['DCAP_COLLATERAL_MATCH', 'DCAP_QE_IDENTITY']],
    'the identity of another enclave': [
      { collateral: { qeIdentity: (identity) => put(identity, 'id', 'QVE') } },
      ['DCAP_COLLATERAL_MATCH'],
    ],
    'a platform that is revoked': [{ collateral: { revokedPlatforms: [4] } }, ['DCAP_PCK_REVOCATION']],
    'an authority of platforms that is revoked': [
      { collateral: { revokedAuthorities: [2] } },
      ['DCAP_COLLATERAL_SIGNATURE', 'DCAP_PCK_REVOCATION'],
    ],
    'a signer that is revoked': [{ collateral: { revokedAuthorities: [3] } }, ['DCAP_COLLATERAL_SIGNATURE']],
  }
  for (const [name, [scene, expected]] of Object.entries(cases)) test(name, () => void fails(scene, expected))

  test('a list of the platforms of another authority does not speak for this one', () => {
    const other = new QuoteAuthority()
    const read = readQuote(authority.quote())
    const anchors = [...authority.anchors, ...other.anchors]
    const collateral = openCollateral(readCollateral(other.collateral('TDX')), anchors)
    const result = new QuoteVerifier(anchors).verify(read, { now: NOW, collateral })
    assert.deepEqual(codes(result, 'fail'), ['DCAP_PCK_REVOCATION'])
  })
})

describe('a quoting enclave or a TDX module that Intel does not identify is refused:', () => {
  const cases: Readonly<Record<string, readonly [Scene, readonly string[]]>> = {
    'by its signer': [{ quote: { qeReport: (report) => report.fill(1, 128, 160) } }, ['DCAP_QE_IDENTITY']],
    'by its product': [{ quote: { qeReport: (report) => report.writeUInt16LE(3, 256) } }, ['DCAP_QE_IDENTITY']],
    'by an attribute': [{ quote: { qeReport: (report) => put(report, 48, report[48]! | 0x20) } }, ['DCAP_QE_IDENTITY']],
    'by MISCSELECT': [{ quote: { qeReport: (report) => report.writeUInt32LE(0x0100_0000, 16) } }, ['DCAP_QE_IDENTITY']],
    'since it can be debugged': [
      {
        quote: { qeReport: (report) => put(report, 48, report[48]! | 0x02) },
        collateral: { qeIdentity: (identity) => put(identity, 'attributesMask', '0'.repeat(32)) },
      },
      ['DCAP_QE_IDENTITY'],
    ],
    'by the signer of the module': [{ quote: { body: (body) => put(body, 64, 1) } }, ['DCAP_TDX_MODULE']],
    'by an attribute of the module': [{ quote: { body: (body) => put(body, 112, 1) } }, ['DCAP_TDX_MODULE']],
    'by an attribute that the mask leaves out': [
      {
        quote: { body: (body) => put(body, 112, 1) },
        collateral: { tcbInfo: (info) => put(info.tdxModuleIdentities[0]!, 'attributesMask', '00'.repeat(8)) },
      },
      ['DCAP_TDX_MODULE'],
    ],
  }
  for (const [name, [scene, expected]] of Object.entries(cases)) test(name, () => void fails(scene, expected))

  test('what the masks leave out is free', () => {
    fails({ quote: { qeReport: (report) => report.fill(0xff, 56, 64) } }, [])
    fails({ quote: { qeReport: (report) => put(report, 48, report[48]! | 0x04) } }, [])
  })
})
