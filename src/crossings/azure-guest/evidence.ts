// What a confidential guest of Azure sends to a verifier: the quote of its virtual TPM, the HCL report with the claims, and what the hardware
// signs. As Trustee's attester and attestation-rs write it, in JSON; bytes are lists of numbers in the first version, text since.
import { ThymusError } from '../../core/errors.ts'
import { decodeBase64 } from '../../formats/base64.ts'
import { readAllPem } from '../../formats/pem.ts'
import { bankOf, type PcrValues } from '../../layers/hardware/tpm/abi/pcr-values.ts'

export interface AzureEvidence {
  /** TPMS_ATTEST, and the number of RSASSA over it. */
  readonly message: Buffer
  readonly signature: Buffer
  readonly pcrs: PcrValues
  readonly hclReport: Buffer
  /** DER; of an SNP guest. */
  readonly vcek: Buffer | undefined
  /** Of a TDX guest. */
  readonly tdQuote: Buffer | undefined
}

const MAX_PCRS = 24

/** @throws ThymusError FORMAT for what is no JSON of that shape */
export function readAzureEvidence(json: string): AzureEvidence {
  const whole = record(parse(json), 'evidence')
  const evidence = whole.evidence === undefined ? whole : record(whole.evidence, 'evidence')
  const quote = record(evidence.tpm_quote ?? evidence.quote, 'tpm_quote')
  if (!Array.isArray(quote.pcrs) || quote.pcrs.length > MAX_PCRS) fail('tpm_quote.pcrs', `no list of ${MAX_PCRS} values at most`)
  const values = quote.pcrs.map((value, pcr) => [pcr, bytesOf(value, `tpm_quote.pcrs[${pcr}]`, hex)] as const)
  const { vcek, td_quote: tdQuote } = evidence
  return {
    message: bytesOf(quote.message, 'tpm_quote.message', hex),
    signature: bytesOf(quote.signature, 'tpm_quote.signature', hex),
    pcrs: bankOf('sha256', new Map(values)),
    hclReport: bytesOf(evidence.hcl_report ?? evidence.report, 'hcl_report', base64url),
    vcek: vcek === undefined || vcek === null ? undefined : bytesOf(vcek, 'vcek', certificate),
    tdQuote: tdQuote === undefined || tdQuote === null ? undefined : bytesOf(tdQuote, 'td_quote', base64url),
  }
}

/** A list of numbers, or a text that `read` takes. */
function bytesOf(value: unknown, at: string, read: (text: string) => Buffer | undefined): Buffer {
  if (typeof value === 'string') return read(value) ?? fail(at, 'no bytes are spelt')
  const isBytes = Array.isArray(value) && value.every((byte) => Number.isInteger(byte) && byte >= 0 && byte <= 0xff)
  return isBytes ? Buffer.from(value) : fail(at, 'no bytes')
}

const hex = (text: string) => (/^(?:[\da-f]{2})*$/i.test(text) ? Buffer.from(text, 'hex') : undefined)
const base64url = (text: string) => decodeBase64(text.replace(/=*$/, ''), { url: true, padded: false })
const certificate = (text: string) =>
  readAllPem(text)[0]?.bytes ?? base64url(text) ?? decodeBase64(text.replace(/=*$/, ''), { padded: false })

function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch (cause) {
    throw new ThymusError('FORMAT', 'no JSON', { at: 'evidence', cause })
  }
}

function record(value: unknown, at: string): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : fail(at, 'no object')
}

function fail(at: string, message: string): never {
  throw new ThymusError('FORMAT', message, { at })
}
