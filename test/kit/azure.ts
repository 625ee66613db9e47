// What a confidential guest on Azure would send, made without one: the key of the virtual TPM, claims that name it, and the report that binds them.
import { createHash, createPublicKey } from 'node:crypto'
import type { QuoteAuthority } from './dcap.ts'
import type { Vendor } from './snp.ts'
import { quoteBy, type TpmKey } from './tpm-evidence.ts'

/** The claims that are hashed into the hardware's report. */
export const runtimeData = (key: TpmKey): Buffer =>
  Buffer.from(JSON.stringify({ keys: [{ kid: 'HCLAkPub', ...createPublicKey(key.privateKey).export({ format: 'jwk' }) }] }))

/** @param type 2 for an SNP report, 4 for a TDREPORT @param hardware with the hash of the claims as its report data */
export function hclReport(type: 2 | 4, hardware: Buffer, claims: Buffer): Buffer {
  const bytes = Buffer.alloc(32 + 1184 + 20 + claims.length)
  bytes.write('HCLA', 'latin1')
  bytes.writeUInt32LE(1, 4)
  bytes.writeUInt32LE(bytes.length, 8)
  hardware.copy(bytes, 32)
  for (const [index, value] of [20 + claims.length, 1, type, 1, claims.length].entries()) bytes.writeUInt32LE(value, 1216 + 4 * index)
  claims.copy(bytes, 1236)
  return bytes
}

/** Offsets in an SNP report. */
const [VMPL, REPORT_DATA] = [0x30, 0x50]

/** 64 bytes: the hash of the claims, and zeros. */
const bound = (claims: Buffer) => Buffer.concat([createHash('sha256').update(claims).digest(), Buffer.alloc(32)])

export interface AzureRequest {
  readonly key: TpmKey
  /** Whose key signs the quote, if not the one that is named. */
  readonly signer?: TpmKey
  readonly nonce?: Buffer
  /** Of who asked for the SNP report. */
  readonly vmpl?: number
}

/** The document of version 1. @param by who signs for the hardware */
export function azureEvidence(by: Vendor | QuoteAuthority, { key, signer = key, nonce = Buffer.from('a nonce'), vmpl = 0 }: AzureRequest) {
  const claims = runtimeData(key)
  const values = Array.from({ length: 24 }, (_, pcr) => Buffer.alloc(32, pcr))
  const { message, signature } = quoteBy(signer, { nonce, pcrs: new Map(values.entries()) })
  const tpm_quote = {
    message: message.toString('hex'),
    signature: signature.subarray(6).toString('hex'), // without its TPMT_SIGNATURE's head
    pcrs: values.map((value) => value.toString('hex')),
  }
  const encoded = (report: Buffer) => report.toString('base64url')
  if ('quote' in by) {
    const report = Buffer.alloc(1024)
    bound(claims).copy(report, 0x80)
    const quote = by.quote({ version: 4, body: (body) => bound(claims).copy(body, 520) })
    return { version: 1, tpm_quote, hcl_report: encoded(hclReport(4, report, claims)), td_quote: encoded(quote) }
  }
  const report = by.report(3, { [VMPL]: Buffer.of(vmpl), [REPORT_DATA]: bound(claims) })
  return { version: 1, tpm_quote, hcl_report: encoded(hclReport(2, report, claims)), vcek: by.vek().toString('base64') }
}
