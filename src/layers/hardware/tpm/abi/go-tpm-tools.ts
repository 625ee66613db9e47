// Attestations of go-tpm-tools (proto/attest.proto, proto/tpm.proto), as guests of Google's cloud and its attestation agent send them. What a
// confidential guest's hardware says there, the log of the firmware and that of the workload are for others to read.
import { ThymusError } from '../../../../core/errors.ts'
import { bytesOf, lastBytesOf, numberOf, type ProtobufField, readProtobuf } from '../../../../formats/protobuf.ts'
import type { PcrValues } from './pcr-values.ts'

export interface GoTpmAttestation {
  /** TPMT_PUBLIC of the attestation key. */
  readonly akPublic: Buffer
  /** One of each bank. */
  readonly quotes: readonly GoTpmQuote[]
  readonly eventLog: Buffer
  readonly canonicalEventLog: Buffer | undefined
  /** DER. */
  readonly akCertificate: Buffer | undefined
  readonly intermediates: readonly Buffer[]
  /** Messages of go-sev-guest and go-tdx-guest. */
  readonly sevSnp: Buffer | undefined
  readonly tdx: Buffer | undefined
}

export interface GoTpmQuote {
  /** TPMS_ATTEST. */
  readonly message: Buffer
  /** TPMT_SIGNATURE. */
  readonly signature: Buffer
  readonly pcrs: PcrValues
}

const ATTESTATION = { akPub: 1, quotes: 2, eventLog: 3, canonicalEventLog: 5, akCert: 6, intermediates: 7, sevSnp: 8, tdx: 9 } as const
const QUOTE = { quote: 1, signature: 2, pcrs: 3 } as const
const PCRS = { hash: 1, pcrs: 2 } as const
/** A map's entries are messages of a key and a value. */
const ENTRY = { key: 1, value: 2 } as const
const MAX_PCR = 31n

/** @throws ThymusError FORMAT */
export function readGoTpmAttestation(bytes: Buffer): GoTpmAttestation {
  const fields = readProtobuf(bytes)
  const akPublic = lastBytesOf(fields, ATTESTATION.akPub)
  if (akPublic === undefined) throw new ThymusError('FORMAT', 'an attestation without a key', { at: 'ak_pub' })
  return {
    ...{ akPublic, quotes: bytesOf(fields, ATTESTATION.quotes).map(readQuote) },
    eventLog: lastBytesOf(fields, ATTESTATION.eventLog) ?? Buffer.alloc(0),
    canonicalEventLog: lastBytesOf(fields, ATTESTATION.canonicalEventLog),
    akCertificate: lastBytesOf(fields, ATTESTATION.akCert),
    intermediates: bytesOf(fields, ATTESTATION.intermediates),
    ...{ sevSnp: messageOf(fields, ATTESTATION.sevSnp), tdx: messageOf(fields, ATTESTATION.tdx) },
  }
}

/** A reader of proto3 would merge several into one, which nobody has meant. */
function messageOf(fields: readonly ProtobufField[], number: number): Buffer | undefined {
  const [message, ...more] = bytesOf(fields, number)
  if (more.length > 0) throw new ThymusError('FORMAT', 'it stands more than once', { at: 'tee_attestation' })
  return message
}

function readQuote(bytes: Buffer): GoTpmQuote {
  const fields = readProtobuf(bytes)
  const [message, signature] = [lastBytesOf(fields, QUOTE.quote), lastBytesOf(fields, QUOTE.signature)]
  if (message === undefined || signature === undefined)
    throw new ThymusError('FORMAT', 'a quote without message or signature', { at: 'quotes' })
  return { message, signature, pcrs: readPcrs(lastBytesOf(fields, QUOTE.pcrs) ?? Buffer.alloc(0)) }
}

function readPcrs(bytes: Buffer): PcrValues {
  const fields = readProtobuf(bytes)
  const values = new Map<number, Buffer>()
  for (const entry of bytesOf(fields, PCRS.pcrs)) {
    const inside = readProtobuf(entry)
    const pcr = numberOf(inside, ENTRY.key)
    if (pcr > MAX_PCR) throw new ThymusError('FORMAT', `no PCR has the number ${pcr}`, { at: 'pcrs' })
    values.set(Number(pcr), lastBytesOf(inside, ENTRY.value) ?? Buffer.alloc(0))
  }
  // HashAlgo has the numbers of TPM_ALG_ID.
  return new Map([[Number(BigInt.asUintN(16, numberOf(fields, PCRS.hash))), values]])
}
