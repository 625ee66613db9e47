// Local reports: what one enclave shows another on the same processor (SDM vol. 3D, table 38-21).
import { checked } from '../../../core/appraisal.ts'
import { type Check, unknown } from '../../../core/verdict.ts'
import { ByteReader } from '../../../formats/bytes.ts'
import { readSgxReportBody, type SgxReportBody } from '../dcap/report-body.ts'
import { type QuotePolicy, validateReport } from '../dcap/validate.ts'
import { SGX_CHECKS } from './checks.ts'

export interface LocalReport {
  readonly body: SgxReportBody
  /** Wear-out protection of the key of the MAC. */
  readonly keyId: Buffer
  readonly mac: Buffer
}

const MAC = unknown(
  'LOCAL_KEY',
  'the key of its MAC never leaves the processor: only the enclave that the report was made for can tell, on the same machine; a quote can be verified anywhere',
)

/** 432 bytes. @throws ThymusError FORMAT */
export function readLocalReport(bytes: Uint8Array): LocalReport {
  const reader = new ByteReader(bytes, 'little')
  const report = { body: readSgxReportBody(reader), keyId: reader.bytes(32, 'keyId'), mac: reader.bytes(16, 'mac') }
  reader.finish('report')
  return report
}

/** What a report says, held to a policy; that it is genuine is never known here. */
export const appraiseLocalReport = ({ body }: LocalReport, policy: QuotePolicy): readonly Check[] => [
  checked(SGX_CHECKS, 'SGX_REPORT_MAC', MAC),
  ...validateReport(body, policy),
]
