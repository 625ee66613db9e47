import { ThymusError } from '../../core/errors.ts'
import { quote } from '../../core/quote.ts'
import { DerReader } from '../../formats/der/reader.ts'
import { readEnvelope, signersOf } from '../../formats/dsse.ts'
import { readAllPem } from '../../formats/pem.ts'
import { readCertificate } from '../../formats/x509/certificate.ts'
import { readPublicKeyInfo, type SubjectPublicKey } from '../../formats/x509/public-key.ts'
import { readAsciiList } from '../../layers/firmware/ima/ascii.ts'
import { readBinaryList } from '../../layers/firmware/ima/binary.ts'
import type { ImaList } from '../../layers/firmware/ima/list.ts'
import { type ImaPolicy, KEYLIME_POLICY_TYPE, policyFromAllowlist, readKeylimePolicy } from '../../layers/firmware/ima/policy.ts'
import { readInput } from '../files.ts'

/** A list of either kind: a binary one begins with the number of a PCR, and has a zero within its first four bytes. */
export function readList(file: string): ImaList {
  const bytes = readInput(file)
  return bytes.subarray(0, 4).includes(0) ? readBinaryList(bytes) : readAsciiList(bytes)
}

/** A policy of Keylime, plain or in an envelope, or lines as sha256sum prints them. @param keys where some are given, one of them must have signed it @throws ThymusError UNTRUSTED where none did, or what was signed is no policy */
export function readPolicy(file: string, keys: readonly string[]): ImaPolicy {
  const text = readInput(file).toString('utf8')
  const payload = enveloped(text)
  if (payload !== undefined && payload.payloadType !== KEYLIME_POLICY_TYPE)
    throw new ThymusError('UNTRUSTED', `the envelope holds ${quote(payload.payloadType)}, not ${KEYLIME_POLICY_TYPE}`, { at: file })
  if (keys.length === 0 && payload === undefined)
    return text.trimStart().startsWith('{') ? readKeylimePolicy(text) : policyFromAllowlist(text)
  if (keys.length === 0) return readKeylimePolicy(payload!.payload.toString('utf8'))
  if (payload === undefined) throw new ThymusError('UNTRUSTED', 'it is not signed, and --key asks for a signature', { at: file })
  if (signersOf(payload, keys.flatMap(readKeys)).length === 0)
    throw new ThymusError('UNTRUSTED', 'none of the keys signed it', { at: file })
  return readKeylimePolicy(payload.payload.toString('utf8'))
}

const enveloped = (text: string) => (/^\s*\{[\s\S]*"payloadType"/.test(text) ? readEnvelope(text) : undefined)

function readKeys(file: string): readonly SubjectPublicKey[] {
  return readAllPem(readInput(file).toString('latin1')).map(({ label, bytes }) =>
    label === 'CERTIFICATE' ? readCertificate(bytes).publicKey : readPublicKeyInfo(new DerReader(bytes)),
  )
}
