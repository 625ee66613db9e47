// What the attester of a confidential guest on Azure sends: the quote of its virtual TPM, the HCL report that binds the key of that TPM to the
// hardware, and the hardware's own evidence. The shape is that of confidential-containers/guest-components (attester az_snp_vtpm, az_tdx_vtpm),
// whose first version wrote bytes as lists of numbers.
import { z } from 'zod'
import { ThymusError } from '../../../core/errors.ts'
import { readAllPem } from '../../../formats/pem.ts'

export interface AzureEvidence {
  /** TPMS_ATTEST. */
  readonly message: Buffer
  readonly signature: Buffer
  /** Of the SHA-256 bank, PCR 0 first. */
  readonly pcrs: readonly Buffer[]
  /** The content of NV index 0x01400001. */
  readonly hclReport: Buffer
  /** DER; of SEV-SNP. */
  readonly vcek: Buffer | undefined
  /** Of TDX. */
  readonly tdQuote: Buffer | undefined
}

/** A TDX quote with its certificates has 5 KiB. */
const MAX_BYTES = 1 << 16
const PCRS = 24
const SHA256 = 32

const bytes = z.union([
  z
    .array(z.int().min(0).max(255))
    .max(MAX_BYTES)
    .transform((list) => Buffer.from(list)),
  z
    .string()
    .max(2 * MAX_BYTES)
    .regex(/^(?:[0-9a-f]{2})*$/i)
    .transform((text) => Buffer.from(text, 'hex')),
])
const encoded = z.union([
  bytes,
  z
    .string()
    .max(2 * MAX_BYTES)
    .regex(/^[A-Za-z0-9+/_-]*={0,2}$/)
    .transform((text) => Buffer.from(text, 'base64')), // which reads both alphabets
])
const certificate = z
  .string()
  .max(2 * MAX_BYTES)
  .transform((text) => readAllPem(text)[0]?.bytes ?? Buffer.from(text, 'base64'))
const quote = z.object({
  message: bytes,
  signature: bytes,
  pcrs: z
    .array(bytes)
    .length(PCRS)
    .refine((values) => values.every(({ length }) => length === SHA256), 'values of SHA-256'),
})
const hardware = { vcek: certificate.optional(), td_quote: encoded.optional() }
const shape = z.union([
  z.object({ tpm_quote: quote, hcl_report: encoded, ...hardware }),
  z
    .object({ quote, report: encoded, ...hardware })
    .transform(({ quote: tpm_quote, report: hcl_report, ...rest }) => ({ tpm_quote, hcl_report, ...rest })),
])

/** @throws ThymusError FORMAT for what is no such document */
export function readAzureEvidence(text: string): AzureEvidence {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch (cause) {
    throw new ThymusError('FORMAT', 'no JSON', { at: 'evidence', cause })
  }
  const read = shape.safeParse(unwrapped(document))
  if (!read.success) throw new ThymusError('FORMAT', 'no evidence of a confidential guest on Azure', { at: 'evidence', cause: read.error })
  const { tpm_quote, hcl_report: hclReport, vcek, td_quote: tdQuote } = read.data
  return { ...tpm_quote, hclReport, vcek, tdQuote }
}

/** Some attesters put it into an envelope that names the platform. */
function unwrapped(document: unknown): unknown {
  const isEnvelope = typeof document === 'object' && document !== null && 'platform' in document && 'evidence' in document
  return isEnvelope ? document.evidence : document
}
