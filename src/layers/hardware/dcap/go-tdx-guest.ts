// A quote of TDX as go-tdx-guest hands it over (proto/tdx.proto, `QuoteV4`): field by field. Bytes behind the quote, which nobody has signed, are
// left out.
import { ThymusError } from '../../../core/errors.ts'
import {
  bytesAt,
  composed,
  littleEndian,
  numberAt,
  type SingleFields,
  type Structure,
  singleFields,
} from '../../../formats/protobuf-structure.ts'
import { CERTIFICATION, readQuote } from './quote.ts'
import { SGX_REPORT_BODY_SIZE } from './report-body.ts'

const VERSION = 4
const HEADER_SIZE = 48
const HEADER: Structure = {
  1: numberAt('version', 0, 2),
  2: numberAt('attestation_key_type', 2, 2),
  3: numberAt('tee_type', 4, 4),
  4: bytesAt('qe_svn', 10, 2),
  5: bytesAt('pce_svn', 8, 2),
  6: bytesAt('qe_vendor_id', 12, 16),
  7: bytesAt('user_data', 28, 20),
}
const BODY_SIZE = 584
const BODY: Structure = {
  1: bytesAt('tee_tcb_svn', 0, 16),
  2: bytesAt('mr_seam', 16, 48),
  3: bytesAt('mr_signer_seam', 64, 48),
  4: bytesAt('seam_attributes', 112, 8),
  5: bytesAt('td_attributes', 120, 8),
  6: bytesAt('xfam', 128, 8),
  7: bytesAt('mr_td', 136, 48),
  8: bytesAt('mr_config_id', 184, 48),
  9: bytesAt('mr_owner', 232, 48),
  10: bytesAt('mr_owner_config', 280, 48),
  11: bytesAt('rtmrs', 328, 48, 4),
  12: bytesAt('report_data', 520, 64),
}
const QE_REPORT: Structure = {
  1: bytesAt('cpu_svn', 0, 16),
  2: numberAt('misc_select', 16, 4),
  3: bytesAt('reserved1', 20, 28),
  4: bytesAt('attributes', 48, 16),
  5: bytesAt('mr_enclave', 64, 32),
  6: bytesAt('reserved2', 96, 32),
  7: bytesAt('mr_signer', 128, 32),
  8: bytesAt('reserved3', 160, 96),
  9: numberAt('isv_prod_id', 256, 2),
  10: numberAt('isv_svn', 258, 2),
  11: bytesAt('reserved4', 260, 60),
  12: bytesAt('report_data', 320, 64),
}

/** The quote as the hardware and its quoting enclave wrote it. @throws ThymusError FORMAT at a field, also where what comes of them is no quote */
export function readGoTdxQuote(message: Buffer): Buffer {
  const whole = singleFields(message)
  const header = composed(whole.bytes(1, 'header'), HEADER_SIZE, HEADER)
  if (header.readUInt16LE() !== VERSION) fail('version', `a quote of version ${header.readUInt16LE()}, where ${VERSION} is read`)
  const body = composed(whole.bytes(2, 'td_quote_body'), BODY_SIZE, BODY)
  const signatures = signedData(singleFields(whole.bytes(4, 'signed_data')))
  const quote = Buffer.concat([header, body, sized(whole, 3, 'signed_data_size', 4, signatures), signatures])
  readQuote(quote)
  return quote
}

/** Ecdsa256BitQuoteV4AuthData. */
function signedData(message: SingleFields): Buffer {
  const certification = singleFields(message.bytes(3, 'certification_data'))
  const certified = qeReport(singleFields(certification.bytes(3, 'qe_report_certification_data')))
  return Buffer.concat([
    ...[exactly(message, 1, 'signature', 64), exactly(message, 2, 'ecdsa_attestation_key', 64)],
    ...[typeOf(certification, CERTIFICATION.qeReport), sized(certification, 2, 'size', 4, certified), certified],
  ])
}

function qeReport(message: SingleFields): Buffer {
  const authority = singleFields(message.bytes(3, 'qe_auth_data'))
  const chain = singleFields(message.bytes(4, 'pck_certificate_chain_data'))
  const [data, certificates] = [authority.bytes(2, 'data'), chain.bytes(3, 'pck_cert_chain')]
  return Buffer.concat([
    composed(message.bytes(1, 'qe_report'), SGX_REPORT_BODY_SIZE, QE_REPORT),
    exactly(message, 2, 'qe_report_signature', 64),
    ...[sized(authority, 1, 'parsed_data_size', 2, data), data],
    ...[typeOf(chain, CERTIFICATION.pckChain), sized(chain, 2, 'size', 4, certificates), certificates],
  ])
}

function exactly(message: SingleFields, number: number, name: string, size: number): Buffer {
  const bytes = message.bytes(number, name)
  return bytes.length === size ? bytes : fail(name, `no ${size} bytes`)
}

function typeOf(message: SingleFields, wanted: number): Buffer {
  const type = message.number(1, 'certificate_data_type')
  return type === BigInt(wanted) ? littleEndian(type, 2)! : fail('certificate_data_type', `type ${type}, where ${wanted} is read`)
}

/** The length that the message states of what is behind it. */
function sized(message: SingleFields, number: number, name: string, size: number, bytes: Buffer): Buffer {
  const stated = message.number(number, name)
  if (stated !== BigInt(bytes.length)) fail(name, `${stated} bytes are stated, and ${bytes.length} are there`)
  return littleEndian(stated, size) ?? fail(name, `no number that ${size} bytes hold`)
}

function fail(at: string, message: string): never {
  throw new ThymusError('FORMAT', message, { at })
}
