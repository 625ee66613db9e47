// Evidence as others hand it over, made a bundle that is appraised like our own. Nothing is verified here.
import { isUtf8 } from 'node:buffer'
import { ThymusError, within } from '../../core/errors.ts'
import { decodeBase64 } from '../../formats/base64.ts'
import { type Bundle, type EvidenceType, type NamedEvidence, readBundle } from '../../formats/evidence/bundle.ts'
import { BEST_FIRST, hashByName } from '../../formats/hash.ts'
import { writePem } from '../../formats/pem.ts'
import { readGoTdxQuote } from '../../layers/hardware/dcap/go-tdx-guest.ts'
import { readGoSnpAttestation } from '../../layers/hardware/snp/go-sev-guest.ts'
import { REPORT_SIZE } from '../../layers/hardware/snp/report.ts'
import { readTrusteeEvidence } from '../../layers/hardware/snp/trustee-evidence.ts'
import { readGoTpmAttestation } from '../../layers/hardware/tpm/abi/go-tpm-tools.ts'
import { bankOf, writeTextPcrs } from '../../layers/hardware/tpm/abi/pcr-values.ts'

/** What the bytes do not say of themselves. */
export interface Presented {
  /** Who presents it. */
  readonly about: string
  /** Milliseconds since 1970. */
  readonly collected: number
}

type Parts = NamedEvidence['parts']
type Pieces = readonly Omit<NamedEvidence, 'about'>[]
type Fields = Readonly<Record<string, unknown>>

/**
 * Evidence in any form that is known by its content: a bundle of our own; what attesters of Confidential Containers send in JSON (SEV-SNP, TDX,
 * a TPM, guests on Azure); an attestation of go-tpm-tools; a report of SEV-SNP or a quote of SGX or TDX by itself.
 * @throws ThymusError EVIDENCE, FORMAT
 */
export function readEvidence(bytes: Buffer, { about, collected }: Presented): Bundle {
  const document = jsonOf(bytes)
  if (document !== undefined && Object.hasOwn(document, 'kind')) return readBundle(document)
  const evidence = document === undefined ? piecesOfBytes(bytes) : piecesOfJson(document, bytes)
  return { about, collected, evidence: evidence.map((each) => ({ ...each, about })), absent: [] }
}

const piece = (name: string, type: EvidenceType, parts: Parts) => ({ name, type, parts })

/** The first field of an attestation is a public area, whose attributes and sizes have zeros; reports and quotes begin with small numbers. */
const HEAD = 64

/** What is text is a document: all other forms have a zero among their first bytes. Undefined for bytes. */
function jsonOf(bytes: Buffer): Fields | undefined {
  if (bytes.length === 0 || bytes.subarray(0, HEAD).includes(0) || !isUtf8(bytes)) return undefined
  let document: unknown
  try {
    document = JSON.parse(bytes.toString('utf8'))
  } catch (cause) {
    throw new ThymusError('EVIDENCE', `not JSON: ${(cause as Error).message}`, { cause })
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document)) throw new ThymusError('EVIDENCE', 'no object')
  return document as Fields
}

/** Some attesters put their evidence into an envelope that names the platform. */
function piecesOfJson(document: Fields, bytes: Buffer): Pieces {
  const inside = typeof document.evidence === 'object' && document.evidence !== null ? (document.evidence as Fields) : document
  const has = (name: string) => Object.hasOwn(inside, name)
  if (has('attestation_report')) return [snpOf(bytes)]
  if (has('hcl_report') || (has('report') && has('quote'))) return [piece('guest', 'azure-evidence', { document: bytes })]
  if (has('ak_public') && has('tpm_quote')) return [quoteOf(inside)]
  if (has('quote')) return guestOf(inside)
  throw unknownForm()
}

const unknownForm = () => new ThymusError('EVIDENCE', 'of no form that is known: docs/attestation.md lists them')

function snpOf(bytes: Buffer) {
  const { report, certificates } = readTrusteeEvidence(bytes.toString('utf8'))
  return snpPiece({ report, certificates: certificates.map(({ raw }) => raw) })
}

/** guest-components, attester `tdx`. */
function guestOf(document: Fields) {
  const log = document.cc_eventlog ?? undefined
  const quote = piece('guest', 'dcap-quote', { quote: base64(document, 'quote') })
  return log === undefined ? [quote] : [quote, piece('guest-boot', 'cc-log', { log: base64(document, 'cc_eventlog') })]
}

/** guest-components, attester `tpm`: values of the SHA-256 bank, PCR 0 first. */
function quoteOf(document: Fields) {
  const quote = (document.tpm_quote ?? {}) as Fields
  const values = Array.isArray(quote.pcrs) ? quote.pcrs.map((value) => Buffer.from(String(value), 'hex')) : []
  return piece('tpm', 'tpm-quote', {
    ...{ message: base64(quote, 'message'), signature: base64(quote, 'signature'), key: base64(document, 'ak_public') },
    pcrs: Buffer.from(writeTextPcrs(bankOf('sha256', new Map(values.entries())))),
  })
}

function base64(fields: Fields, name: string): Buffer {
  const value = fields[name]
  const bytes = typeof value === 'string' ? decodeBase64(value, { padded: true }) : undefined
  if (bytes === undefined) throw new ThymusError('EVIDENCE', 'no base64', { at: name })
  return bytes
}

/** Versions of quotes: what a protobuf begins with is no such number. */
const QUOTE_VERSIONS = [3, 4, 5]
/** Field 1 of a protobuf, of bytes: the key, with which an attestation of go-tpm-tools begins. */
const ATTESTATION_BEGINS = 0x0a

function piecesOfBytes(bytes: Buffer): Pieces {
  if (bytes.length === REPORT_SIZE) return [piece('guest', 'snp-report', { report: bytes })]
  if (bytes.length > 2 && QUOTE_VERSIONS.includes(bytes.readUInt16LE())) return [piece('guest', 'dcap-quote', { quote: bytes })]
  if (bytes[0] !== ATTESTATION_BEGINS) throw unknownForm()
  return attestationOf(bytes)
}

/**
 * go-tpm-tools quotes every bank. The best is presented, since nothing that the others say could add to it; beside it what the hardware of a
 * confidential guest says.
 */
function attestationOf(bytes: Buffer): Pieces {
  const { quotes, akPublic, akCertificate, intermediates, eventLog, sevSnp, tdx } = readGoTpmAttestation(bytes)
  const quote = BEST_FIRST.flatMap((bank) => quotes.find(({ pcrs }) => pcrs.has(hashByName(bank)!.id)) ?? [])[0] ?? quotes[0]
  const chain = akCertificate === undefined ? [] : [akCertificate, ...intermediates]
  const log = eventLog.length === 0 ? [] : [piece('boot', 'tcg-log', { log: eventLog })]
  if (quote === undefined) throw new ThymusError('EVIDENCE', 'an attestation without a quote', { at: 'quotes' })
  const parts = {
    ...{ message: quote.message, signature: quote.signature, key: akPublic, pcrs: Buffer.from(writeTextPcrs(quote.pcrs)) },
    ...(chain.length > 0 && { certificates: pemOf(chain) }),
  }
  return [piece('tpm', 'tpm-quote', parts), ...log, ...hardwareOf(sevSnp, tdx)]
}

/** Messages of go-sev-guest and go-tdx-guest, of which an attestation has one at most. */
function hardwareOf(sevSnp: Buffer | undefined, tdx: Buffer | undefined): Pieces {
  if (sevSnp !== undefined && tdx !== undefined)
    throw new ThymusError('EVIDENCE', 'one machine cannot be a guest of both SEV-SNP and TDX', { at: 'tee_attestation' })
  if (tdx !== undefined) return [piece('guest', 'dcap-quote', { quote: within('tdx_attestation', () => readGoTdxQuote(tdx)) })]
  return sevSnp === undefined ? [] : [snpPiece(within('sev_snp_attestation', () => readGoSnpAttestation(sevSnp)))]
}

const snpPiece = ({ report, certificates }: { readonly report: Buffer; readonly certificates: readonly Buffer[] }) =>
  piece('guest', 'snp-report', { report, ...(certificates.length > 0 && { certificates: pemOf(certificates) }) })

const pemOf = (certificates: readonly Buffer[]) => Buffer.from(certificates.map((der) => writePem('CERTIFICATE', der)).join(''))
