// Identities of Intel's own enclaves: the quoting enclaves of SGX (QE) and TDX (TD_QE), and the quote verification enclave (QVE). Intel PCS v3
// and v4, /qe/identity and /qve/identity.
import { z } from 'zod'
import { hex, instant, parsed, type SoftwareLevel, softwareLevels } from './published.ts'
import type { SgxReportBody } from './report-body.ts'

export interface EnclaveIdentity {
  readonly id: 'QE' | 'TD_QE' | 'QVE'
  /** Milliseconds since 1970. */
  readonly issueDate: number
  readonly nextUpdate: number
  readonly evaluationNumber: number
  readonly miscSelect: Buffer
  readonly miscSelectMask: Buffer
  readonly attributes: Buffer
  readonly attributesMask: Buffer
  readonly mrSigner: Buffer
  readonly isvProdId: number
  /** Best first. */
  readonly levels: readonly SoftwareLevel[]
}

const schema = z
  .object({
    id: z.enum(['QE', 'TD_QE', 'QVE']),
    version: z.literal(2),
    ...{ issueDate: instant, nextUpdate: instant, tcbEvaluationDataNumber: z.int().min(0) },
    ...{ miscselect: hex(4), miscselectMask: hex(4), attributes: hex(16), attributesMask: hex(16), mrsigner: hex(32) },
    isvprodid: z.int().min(0).max(0xffff),
    tcbLevels: softwareLevels,
  })
  .transform(
    ({ id, issueDate, nextUpdate, attributes, attributesMask, ...rest }): EnclaveIdentity => ({
      ...{ id, issueDate, nextUpdate, evaluationNumber: rest.tcbEvaluationDataNumber, attributes, attributesMask },
      ...{ miscSelect: rest.miscselect, miscSelectMask: rest.miscselectMask, mrSigner: rest.mrsigner, isvProdId: rest.isvprodid },
      levels: rest.tcbLevels,
    }),
  )

/** @throws ThymusError FORMAT for what is no identity of version 2 */
export const readEnclaveIdentity = (text: string): EnclaveIdentity => parsed('enclaveIdentity', schema, text)

/** What in a report is not as the identity has it, by name; nothing where it is that enclave, of whatever security version. */
export function strangeness(identity: EnclaveIdentity, report: SgxReportBody): string | undefined {
  const miscSelect = Buffer.alloc(4)
  miscSelect.writeUInt32LE(report.miscSelect)
  if (!report.mrSigner.equals(identity.mrSigner)) return 'MRSIGNER'
  if (report.isvProdId !== identity.isvProdId) return 'ISVPRODID'
  if (!matches(miscSelect, identity.miscSelect, identity.miscSelectMask)) return 'MISCSELECT'
  return matches(report.attributes, identity.attributes, identity.attributesMask) ? undefined : 'ATTRIBUTES'
}

/** Whether two strings of bytes agree in every bit of the mask. */
export function matches(one: Buffer, other: Buffer, mask: Buffer): boolean {
  return mask.every((bits, at) => ((one[at]! ^ other[at]!) & bits) === 0)
}
