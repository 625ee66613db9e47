import { ThymusError, within } from '../../core/errors.ts'
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
  return within(file, () => (bytes.subarray(0, 4).includes(0) ? readBinaryList(bytes) : readAsciiList(bytes)))
}

/** A policy of Keylime, plain or in an envelope, or lines as sha256sum prints them. @param keys where some are given, one of them must have signed it @throws ThymusError UNTRUSTED where none did, or what was signed is no policy */
export function readPolicy(file: string, keys: readonly string[]): ImaPolicy {
  const signers = keys.length === 0 ? undefined : keys.flatMap(readKeys)
  return within(file, () => policyIn(readInput(file).toString('utf8'), signers))
}

/** Lines as sha256sum prints them. @throws ThymusError, which names the file and the line */
export const readDigests = (file: string): ImaPolicy => within(file, () => policyFromAllowlist(readInput(file).toString('utf8')))

function policyIn(text: string, signers: readonly SubjectPublicKey[] | undefined): ImaPolicy {
  const payload = enveloped(text)
  if (payload !== undefined && payload.payloadType !== KEYLIME_POLICY_TYPE)
    throw new ThymusError('UNTRUSTED', `the envelope holds ${quote(payload.payloadType)}, not ${KEYLIME_POLICY_TYPE}`)
  if (signers === undefined && payload === undefined)
    return text.trimStart().startsWith('{') ? readKeylimePolicy(text) : policyFromAllowlist(text)
  if (payload === undefined) throw new ThymusError('UNTRUSTED', 'it is not signed, and --key asks for a signature')
  if (signers !== undefined && signersOf(payload, signers).length === 0) throw new ThymusError('UNTRUSTED', 'none of the keys signed it')
  return readKeylimePolicy(payload.payload.toString('utf8'))
}

const enveloped = (text: string) => (/^\s*\{[\s\S]*"payloadType"/.test(text) ? readEnvelope(text) : undefined)

function readKeys(file: string): readonly SubjectPublicKey[] {
  return within(file, () =>
    readAllPem(readInput(file).toString('latin1')).map(({ label, bytes }) =>
      label === 'CERTIFICATE' ? readCertificate(bytes).publicKey : readPublicKeyInfo(new DerReader(bytes)),
    ),
  )
}
