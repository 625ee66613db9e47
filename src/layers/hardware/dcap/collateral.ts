// What Intel publishes about a kind of platform: TCB info, the identity of the quoting enclave, and revocation lists. All of it is signed, and is
// verified once; what remains to be asked for each quote is the time.
import { verify } from 'node:crypto'
import { z } from 'zod'
import { ThymusError } from '../../../core/errors.ts'
import { readAllPem } from '../../../formats/pem.ts'
import type { Certificate } from '../../../formats/x509/certificate.ts'
import { type Crl, isListOf, readCrl } from '../../../formats/x509/crl.ts'
import { keyObject } from '../../../formats/x509/public-key.ts'
import { type Chain, chainOf, type Period, type Role, readChainFile } from './chain.ts'
import { type EnclaveIdentity, readEnclaveIdentity } from './enclave-identity.ts'
import { parsed, type SignedText, signedText } from './published.ts'
import { readTcbInfo, type TcbInfo } from './tcb-info.ts'

/** What is given for one kind of platform, not yet verified. Chains are PEM or DER, lists DER. */
export interface CollateralParts {
  readonly tcbInfo: SignedText
  readonly tcbInfoChain: Buffer
  readonly qeIdentity: SignedText
  readonly qeIdentityChain: Buffer
  readonly pckCrl: Buffer
  readonly pckCrlChain: Buffer
  readonly rootCrl: Buffer
  /** Of the platform itself, where the quote does not carry it. */
  readonly pckChain?: Buffer
}

/** What is published anew, again and again. */
const PARTS = ['TCB info', 'QE identity', 'PCK CRL', 'root CRL'] as const
type Part = (typeof PARTS)[number]

/** Collateral whose signatures were looked at. */
export interface Collateral {
  readonly tcbInfo: TcbInfo
  readonly qeIdentity: EnclaveIdentity
  /** Who issued the list of revoked platforms; undefined where that is not sure. */
  readonly pckAuthority: Certificate | undefined
  readonly pckCrl: Crl
  readonly rootCrl: Crl
  readonly pckChain: Buffer | undefined
  /** What is not signed as it should be, in words. */
  readonly problems: readonly string[]
  /** When each part speaks, and each chain that is one. */
  readonly periods: Readonly<Record<Part, Period> & Record<string, Period>>
  /** When the newest and the oldest of TCB info and QE identity was issued. */
  readonly issued: Period
}

const file = z.object({
  ...{ tcb_info: z.string(), tcb_info_signature: z.string(), tcb_info_issuer_chain: z.string() },
  ...{ qe_identity: z.string(), qe_identity_signature: z.string(), qe_identity_issuer_chain: z.string() },
  ...{ pck_crl: z.string(), pck_crl_issuer_chain: z.string(), root_ca_crl: z.string(), pck_certificate_chain: z.string().nullish() },
})

/** One JSON file, as caching services and quote verifiers hand it on. @throws ThymusError FORMAT */
export function readCollateral(text: string): CollateralParts {
  const given = parsed('collateral', file, text)
  return {
    tcbInfo: signedText('tcb_info', given.tcb_info, given.tcb_info_signature),
    tcbInfoChain: Buffer.from(given.tcb_info_issuer_chain),
    qeIdentity: signedText('qe_identity', given.qe_identity, given.qe_identity_signature),
    qeIdentityChain: Buffer.from(given.qe_identity_issuer_chain),
    pckCrl: listBytes('pck_crl', given.pck_crl),
    pckCrlChain: Buffer.from(given.pck_crl_issuer_chain),
    rootCrl: listBytes('root_ca_crl', given.root_ca_crl),
    ...(given.pck_certificate_chain && { pckChain: Buffer.from(given.pck_certificate_chain) }),
  }
}

/** A list in hexadecimal digits, in PEM or in Base64: services differ, and so do their versions. */
function listBytes(at: string, text: string): Buffer {
  const [block] = readAllPem(text)
  if (block !== undefined) return block.bytes
  if (/^(?:[0-9a-fA-F]{2})+$/.test(text)) return Buffer.from(text, 'hex')
  if (/^[0-9A-Za-z+/=\s]+$/.test(text)) return Buffer.from(text, 'base64')
  throw new ThymusError('FORMAT', 'no revocation list', { at })
}

/** Reads all parts and verifies what is signed. @param anchors public keys of roots @throws ThymusError FORMAT for a part that cannot be read */
export function openCollateral(parts: CollateralParts, anchors: readonly Buffer[]): Collateral {
  const problems: string[] = []
  const chain = (what: string, bytes: Buffer, roles: readonly Role[]): Chain | undefined => {
    const found = chainOf(readChainFile(bytes), roles, anchors)
    if (typeof found !== 'string') return found
    problems.push(`${what}: ${found}`)
    return undefined
  }
  const tcbChain = chain('TCB info', parts.tcbInfoChain, ['collateral', 'root'])
  const qeChain = chain('QE identity', parts.qeIdentityChain, ['collateral', 'root'])
  const crlChain = chain('PCK CRL', parts.pckCrlChain, ['pckAuthority', 'root'])
  const [tcbInfo, qeIdentity] = [readTcbInfo(parts.tcbInfo.text), readEnclaveIdentity(parts.qeIdentity.text)]
  const [pckCrl, rootCrl] = [readCrl(parts.pckCrl), readCrl(parts.rootCrl)]
  if (tcbChain !== undefined && !isSigned(parts.tcbInfo, tcbChain)) problems.push('TCB info: the signature is wrong')
  if (qeChain !== undefined && !isSigned(parts.qeIdentity, qeChain)) problems.push('QE identity: the signature is wrong')
  if (crlChain !== undefined && !isListOf(crlChain.leaf, pckCrl)) problems.push('PCK CRL: not of the authority beside it')
  const root = (tcbChain ?? qeChain ?? crlChain)?.root
  if (root !== undefined && !isListOf(root, rootCrl)) problems.push('root CRL: not of the root')
  for (const each of [tcbChain, qeChain, crlChain])
    if (each !== undefined && rootCrl.revoked.has(each.leaf.serial))
      problems.push(`${each.leaf.serial.toString(16)} is revoked by the root`)
  return {
    ...{ tcbInfo, qeIdentity, pckCrl, rootCrl, pckChain: parts.pckChain, problems, pckAuthority: crlChain?.leaf },
    periods: {
      'TCB info': { from: tcbInfo.issueDate, to: tcbInfo.nextUpdate },
      'QE identity': { from: qeIdentity.issueDate, to: qeIdentity.nextUpdate },
      'PCK CRL': periodOf(pckCrl),
      'root CRL': periodOf(rootCrl),
      ...Object.fromEntries(
        Object.entries({ 'TCB info chain': tcbChain, 'QE identity chain': qeChain, 'PCK CRL chain': crlChain }).flatMap(([name, each]) =>
          each === undefined ? [] : [[name, each.period]],
        ),
      ),
    },
    issued: {
      from: Math.min(tcbInfo.issueDate, qeIdentity.issueDate),
      to: Math.max(tcbInfo.issueDate, qeIdentity.issueDate),
    },
  }
}

const isSigned = ({ text, signature }: SignedText, { leaf }: Chain): boolean => isP256Signature(leaf, Buffer.from(text), signature)

/** Whether the key of a certificate made the signature (r and s) with SHA-256; a key of another kind made none. */
export function isP256Signature({ publicKey }: Certificate, data: Buffer, signature: Buffer): boolean {
  const { key } = publicKey
  const object = key.kind === 'ec' && key.curve.name === 'P-256' ? keyObject(publicKey) : undefined
  return object !== undefined && verify('sha256', data, { key: object, dsaEncoding: 'ieee-p1363' }, signature)
}

/** Whether no part of it is of an earlier evaluation than in the other, or was issued before: Intel goes on signing earlier evaluations for months. */
export function isNoOlder(one: Collateral, other: Collateral): boolean {
  const ages = ({ tcbInfo, qeIdentity, periods }: Collateral) => [
    ...[tcbInfo.evaluationNumber, qeIdentity.evaluationNumber],
    ...PARTS.map((name) => periods[name].from),
  ]
  const others = ages(other)
  return ages(one).every((age, at) => age >= others[at]!)
}

/** A list that does not say when it ends has ended. */
const periodOf = ({ thisUpdate, nextUpdate }: Crl): Period => ({
  from: thisUpdate.milliseconds,
  to: nextUpdate?.milliseconds ?? Number.NEGATIVE_INFINITY,
})
