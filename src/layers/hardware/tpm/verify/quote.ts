// TPM2_Quote (part 3, 18.4): whether a quote is genuine, and which PCR values it covers.
import { hash as digest, timingSafeEqual } from 'node:crypto'
import { checked } from '../../../../core/appraisal.ts'
import { type Check, FAIL, PASS, unknown, type Verdict } from '../../../../core/verdict.ts'
import { type HashAlgorithm, hashById } from '../../../../formats/hash.ts'
import { OBJECT } from '../abi/algorithms.ts'
import { type Attest, type Attested, readAttest } from '../abi/attest.ts'
import type { PcrSelection } from '../abi/pcr-selection.ts'
import type { PcrValues } from '../abi/pcr-values.ts'
import { hasAttributes, type PublicArea } from '../abi/public-area.ts'
import type { TpmSignature } from '../abi/signature.ts'
import { TPM_CHECKS } from '../checks.ts'
import type { AttestationKey } from './attestation-key.ts'
import { clockChecks, type Heard } from './clock.ts'
import { isKnownScheme, isSigned } from './signature.ts'

/** A statement of a TPM, and what it is held to. What is not given cannot be determined. */
export interface Statement {
  /** TPMS_ATTEST: the very bytes that are signed. */
  readonly message: Buffer
  readonly signature: TpmSignature
  readonly key: AttestationKey
  /** What the challenger asked with. */
  readonly nonce?: Uint8Array
  /** The name that the key was enrolled by. */
  readonly keyName?: Uint8Array
  /** What was last heard from this key. */
  readonly before?: Heard
}

export interface QuoteStatement extends Statement {
  /** The PCRs that were asked for. */
  readonly selections?: readonly PcrSelection[]
  /** Values that are said to be those of the PCRs. */
  readonly pcrs?: PcrValues
}

export interface VerifiedStatement {
  readonly checks: readonly Check[]
  readonly attest: Attest
}

export interface VerifiedQuote extends VerifiedStatement {
  /** Undefined where the statement is no quote. */
  readonly quote: Extract<Attested, { type: 'quote' }> | undefined
  /** Of the given values those that the quoted digest covers; none where it does not match. */
  readonly pcrs: PcrValues
}

/** What a key that attests must be: made in this TPM, never to leave it, and signing nothing that only looks as if the TPM had said it. */
const KEY_ATTRIBUTES = [
  ['fixedTPM', OBJECT.fixedTpm],
  ['sensitiveDataOrigin', OBJECT.sensitiveDataOrigin],
  ['restricted', OBJECT.restricted],
  ['sign', OBJECT.sign],
] as const

/** What a key that attests must have, and this one has not; by the names of the specification. */
export const missingAttributes = (area: PublicArea): readonly string[] =>
  KEY_ATTRIBUTES.flatMap(([name, bit]) => (hasAttributes(area, bit) ? [] : [name]))

/** @throws ThymusError FORMAT where the message is no TPMS_ATTEST */
export function verifyQuote(statement: QuoteStatement): VerifiedQuote {
  const { checks, attest } = verifyStatement(statement, 'quote')
  const quote = attest.attested.type === 'quote' ? attest.attested : undefined
  const { selections, pcrs = new Map(), signature } = statement
  const hash = hashById(signature.hash)
  const covered = quote && statement.pcrs && digestOf(quote.selections, pcrs, hash)
  const matches = covered !== undefined && quote !== undefined && covered.equals(quote.pcrDigest)
  const wanted = selections && told(selections)
  const got = quote && told(quote.selections)
  const verdict = statement.pcrs === undefined ? notGiven('the values of the PCRs') : digestVerdict(quote, covered, matches)
  return {
    ...{ attest, quote, pcrs: matches ? chosen(quote.selections, pcrs) : new Map() },
    checks: [
      ...checks,
      // Exactly what was asked for: the same PCRs of the same banks, in whatever order the banks are.
      checked(TPM_CHECKS, 'TPM_PCR_SELECTION', wanted === undefined ? notGiven('a selection of PCRs') : wanted === got, {
        ...(wanted !== undefined && { expected: wanted }),
        ...(got !== undefined && { got }),
      }),
      checked(TPM_CHECKS, 'TPM_PCR_DIGEST', verdict, {
        ...(covered && { expected: covered.toString('hex') }),
        ...(quote && { got: quote.pcrDigest.toString('hex') }),
      }),
    ],
  }
}

/** What any statement of a TPM is held to: certified keys, quotes, times. @throws ThymusError FORMAT where the message is no TPMS_ATTEST */
export function verifyStatement(statement: Statement, type: Attested['type']): VerifiedStatement {
  const { message, signature, key, nonce, keyName, before } = statement
  const attest = readAttest(message)
  const { area, name } = key
  const missing = area === undefined ? [] : missingAttributes(area)
  const noArea = unknown('NO_PUBLIC_AREA', 'the key came without its public area, which says where it lives and what it signs')
  const checks: readonly Check[] = [
    checked(TPM_CHECKS, 'TPM_GENERATED', attest.generated),
    checked(TPM_CHECKS, 'TPM_TYPE', attest.attested.type === type, { expected: type, got: attest.attested.type }),
    checked(TPM_CHECKS, 'TPM_SCHEME', isKnownScheme(key, signature), {
      got: `${hex(signature.algorithm)} with hash ${hex(signature.hash)}`,
    }),
    checked(TPM_CHECKS, 'TPM_SIGNATURE', isSigned(key, signature, message)),
    checked(TPM_CHECKS, 'TPM_NONCE', nonceVerdict(attest.extraData, nonce), {
      ...(nonce && { expected: Buffer.from(nonce).toString('hex') }),
      got: attest.extraData.toString('hex'),
    }),
    checked(TPM_CHECKS, 'TPM_KEY_ATTRIBUTES', area === undefined ? noArea : is(missing.length === 0), {
      ...(missing.length > 0 && { expected: missing.join(', ') }),
    }),
    checked(TPM_CHECKS, 'TPM_KEY_NAME', nameVerdict(name, keyName) ?? noArea, {
      ...(keyName && { expected: Buffer.from(keyName).toString('hex') }),
      ...(name && { got: name.toString('hex') }),
    }),
    ...clockChecks(attest, before),
  ]
  return { checks, attest }
}

/** An empty nonce challenges nobody: the answer may be as old as one likes. */
function nonceVerdict(extraData: Buffer, nonce: Uint8Array | undefined): Verdict {
  return nonce === undefined || (nonce.length === 0 && extraData.length === 0) ? notGiven('a nonce') : is(isEqual(extraData, nonce))
}

function nameVerdict(name: Buffer | undefined, wanted: Uint8Array | undefined): Verdict | undefined {
  if (wanted === undefined) return notGiven('the name of the key')
  return name && is(isEqual(name, wanted))
}

function digestVerdict(quote: VerifiedQuote['quote'], covered: Buffer | undefined, matches: boolean): Verdict {
  if (quote === undefined) return FAIL
  return covered === undefined ? unknown('PCR_MISSING', 'the value of a PCR that is quoted was not given') : is(matches)
}

/**
 * The digest over the selected PCRs, by the hash of the signature, bank after bank, rising; undefined where a value is not there. One of another
 * length than its bank's is none: the digest does not say where one value ends and the next begins.
 */
function digestOf(selections: readonly PcrSelection[], values: PcrValues, hash: HashAlgorithm | undefined): Buffer | undefined {
  if (hash === undefined) return undefined
  const all: Buffer[] = []
  for (const { hash: bank, pcrs } of selections) {
    const [size, ofBank] = [hashById(bank)?.size, values.get(bank)]
    for (const pcr of pcrs) {
      const value = ofBank?.get(pcr)
      if (value === undefined || value.length !== size) return undefined
      all.push(value)
    }
  }
  return digest(hash.name, Buffer.concat(all), 'buffer')
}

function chosen(selections: readonly PcrSelection[], values: PcrValues): PcrValues {
  const banks = new Map<number, Map<number, Buffer>>()
  for (const { hash, pcrs } of selections) {
    const bank = banks.get(hash) ?? new Map<number, Buffer>()
    for (const pcr of pcrs) bank.set(pcr, values.get(hash)!.get(pcr)!)
    banks.set(hash, bank)
  }
  return banks
}

/** As tpm2-tools write it: `sha256:0,1,7+sha1:0`. */
function told(selections: readonly PcrSelection[]): string {
  const banks = new Map<number, readonly number[]>()
  for (const { hash, pcrs } of selections) {
    const before = banks.get(hash)
    banks.set(hash, before === undefined ? pcrs : [...new Set([...before, ...pcrs])].sort((a, b) => a - b))
  }
  return [...banks]
    .filter(([, pcrs]) => pcrs.length > 0)
    .sort(([a], [b]) => a - b)
    .map(([hash, pcrs]) => `${hashById(hash)?.name ?? hex(hash)}:${pcrs.join(',')}`)
    .join('+')
}

const is = (right: boolean): Verdict => (right ? PASS : FAIL)
const notGiven = (what: string): Verdict => unknown('NOT_GIVEN', `${what} to hold it to was not given`)
const isEqual = (one: Uint8Array, other: Uint8Array) => one.length === other.length && timingSafeEqual(one, other)
const hex = (id: number) => `0x${id.toString(16).padStart(4, '0')}`
