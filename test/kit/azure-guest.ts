// What a confidential guest of Azure sends: hardware and TPM of our own.
import { createHash, createPublicKey } from 'node:crypto'
import { type QuoteRequest, quoteBy, type TpmKey } from './tpm-evidence.ts'

export interface HclRequest {
  /** Makes the hardware's report over report data. */
  readonly hardware: (reportData: Buffer) => Buffer
  /** 2 an SNP report, 4 a TDREPORT. */
  readonly type: 2 | 4
  readonly key: TpmKey
}

/** The claims of a guest whose TPM has that key. */
export const hclClaims = ({ privateKey }: TpmKey): Buffer => {
  const { kty, n, e } = createPublicKey(privateKey).export({ format: 'jwk' })
  return Buffer.from(
    JSON.stringify({ keys: [{ kid: 'HCLAkPub', key_ops: ['sign'], kty, n, e }], 'vm-configuration': { 'secure-boot': true } }),
  )
}

/** Content of NV index 0x01400001. */
export function hclReport({ hardware, type, key }: HclRequest): Buffer {
  const claims = hclClaims(key)
  const reportData = Buffer.concat([createHash('sha256').update(claims).digest(), Buffer.alloc(32)])
  const bytes = Buffer.concat([Buffer.alloc(1236), claims, Buffer.alloc(64)])
  hardware(reportData).copy(bytes, 32)
  for (const [at, value] of [
    [0, 0x414c4348],
    [4, 1],
    [8, 1236 + claims.length],
    [1216, 20 + claims.length],
    [1220, 1],
    [1224, type],
    [1228, 1],
    [1232, claims.length],
  ] as const)
    bytes.writeUInt32LE(value, at)
  return bytes
}

/** Evidence as JSON of version 1. @param more beside the TPM's and the HCL's */
export function azureEvidence(key: TpmKey, hcl: Buffer, more: object, request: QuoteRequest = {}): string {
  const values = new Map(Array.from({ length: 24 }, (_, pcr) => [pcr, Buffer.alloc(32, pcr)]))
  const { message, signature } = quoteBy(key, { pcrs: values, ...request })
  return JSON.stringify({
    version: 1,
    tpm_quote: {
      message: message.toString('hex'),
      // Without the head of a TPMT_SIGNATURE.
      signature: signature.subarray(6).toString('hex'),
      pcrs: [...values.values()].map((value) => value.toString('hex')),
    },
    hcl_report: hcl.toString('base64url'),
    ...more,
  })
}
