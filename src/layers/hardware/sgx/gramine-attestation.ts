// What Gramine shows a program in its enclave, as files below /dev/attestation ("Attestation and Secret Provisioning", low-level interface).
import type { Evidence } from '../../../core/appraisal.ts'
import { ThymusError } from '../../../core/errors.ts'

/** The files, by their name below the folder. */
export interface GramineFiles {
  /** Undefined where there is no such file. @throws ThymusError EVIDENCE */
  read(name: string): Buffer | undefined
  write(name: string, bytes: Uint8Array): void
}

const REPORT_DATA_SIZE = 64

/**
 * A quote where the manifest asks for DCAP, else a local report for this enclave itself, which nobody else can verify.
 * @param nonce up to 64 bytes, filled up with zeros: a digest of a key that only this enclave has, or what a verifier asked for
 * @throws ThymusError EVIDENCE where this is no enclave of Gramine
 */
export function collectGramine(files: GramineFiles, about: string, nonce: Uint8Array): Evidence {
  if (nonce.length > REPORT_DATA_SIZE) throw new ThymusError('USAGE', `${nonce.length} bytes, where ${REPORT_DATA_SIZE} are the most`)
  const kind = files
    .read('attestation_type')
    ?.toString('latin1')
    .replace(/[\0\n]+$/, '')
  if (kind === undefined) throw new ThymusError('EVIDENCE', 'there is no /dev/attestation: this does not run in Gramine')
  files.write('user_report_data', Buffer.concat([nonce], REPORT_DATA_SIZE))
  if (kind === 'dcap') return { type: 'dcap-quote', about, parts: { quote: need(files, 'quote') }, nonce }
  if (kind !== 'none') throw new ThymusError('EVIDENCE', `the manifest asks for "${kind}"; Intel serves that no more`)
  files.write('target_info', need(files, 'my_target_info'))
  return { type: 'sgx-report', about, parts: { report: need(files, 'report') }, nonce }
}

function need(files: GramineFiles, name: string): Buffer {
  const bytes = files.read(name)
  if (bytes === undefined || bytes.length === 0)
    throw new ThymusError('EVIDENCE', 'it is not there, or empty', { at: `/dev/attestation/${name}` })
  return bytes
}
