import { ThymusError } from '../../../src/core/errors.ts'
import { DerReader } from '../../../src/formats/der/reader.ts'
import { readEnvelope, signersOf } from '../../../src/formats/dsse.ts'
import { readAllPem } from '../../../src/formats/pem.ts'
import { readCertificate } from '../../../src/formats/x509/certificate.ts'
import { readPublicKeyInfo } from '../../../src/formats/x509/public-key.ts'
import { readAsciiList } from '../../../src/layers/firmware/ima/ascii.ts'
import { readBinaryList } from '../../../src/layers/firmware/ima/binary.ts'
import type { ImaList } from '../../../src/layers/firmware/ima/list.ts'
import {
  hexOf,
  KEYLIME_POLICY_TYPE,
  policyFromAllowlist,
  policyFromLog,
  readKeylimePolicy,
} from '../../../src/layers/firmware/ima/policy.ts'
import { type Bank, beginning, IMA_PCR, replay } from '../../../src/layers/firmware/ima/replay.ts'
import { verifyList, wrongTemplateHashes } from '../../../src/layers/firmware/ima/verify.ts'
import { type AttestCase, answered, type CaseFiles, type Difference, factsDiffer, type Judge, readPcrs } from './case.ts'

/** Logs of the kernel, and policies made of them. */
export const ima: Readonly<Record<string, Judge>> = {
  'ima-log': log,
  'ima-to-policy': toPolicy,
  'dsse-policy': signedPolicy,
}

function log({ expect }: AttestCase, files: CaseFiles): readonly Difference[] {
  const lists = [
    ...(files.has('ascii') ? [readAsciiList(files.read('ascii'))] : []),
    ...(files.has('binary') ? [readBinaryList(files.read('binary'))] : []),
  ]
  const list = lists[0]!
  const same = lists.every(
    ({ entries }) => entries.length === list.entries.length && entries.every(({ data }, at) => data.equals(list.entries[at]!.data)),
  )
  const pcrs = files.has('pcrs') ? readPcrs(files.read('pcrs')) : undefined
  const verdict = same && isGenuine(list, pcrs) ? 'accept' : 'reject'
  const banks = Object.keys(expect.facts?.pcr10 ?? {}) as Bank[]
  const wrong = wrongTemplateHashes(list).length
  const violations = list.entries.filter(({ violation }) => violation).length
  const facts = {
    entries: list.entries.length,
    malformed: list.malformed.length,
    templates: countOf(list.entries.map(({ template }) => template.name)),
    templateHashOk: list.entries.length - violations - wrong,
    templateHashBad: wrong,
    violations,
    pcr10: Object.fromEntries(banks.map((bank) => [bank, replay(list, bank, 'own').toString('hex')])),
  }
  return [...answered('verify', expect.verify, verdict), ...factsDiffer(expect.facts, facts)]
}

/** Where no PCR was recorded, the list is held to what it would have left there. */
function isGenuine(list: ImaList, pcrs: ReadonlyMap<number, Buffer> | undefined): boolean {
  const quoted = pcrs?.get(IMA_PCR) ?? replay(list, 'sha256', 'own')
  const bank = ({ 20: 'sha1', 32: 'sha256', 48: 'sha384', 64: 'sha512' } as const)[quoted.length]!
  const boots = pcrs === undefined ? {} : { boots: { bank, pcrs } }
  const { checks } = verifyList({ list, quoted, boot: 'recorded', progress: beginning('recorded', bank), ...boots })
  // PCRs of another bank than the boot aggregate's cannot tell, and are no reason to refuse.
  return checks.every(({ verdict }) => verdict.is !== 'fail')
}

function countOf(names: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return counts
}

function toPolicy({ params, expect }: AttestCase, files: CaseFiles): readonly Difference[] {
  const { outcome, ...facts } = expect
  let extracted: string | undefined
  let inLog = false
  try {
    const list = readAsciiList(files.read('ascii'))
    const fromLog = policyFromLog(list.entries)
    if (files.has('policy')) readKeylimePolicy(files.read('policy').toString('utf8'))
    extracted = [...policyFromAllowlist(files.read('allowlist').toString('utf8')).files.values()].flatMap((digests) => [...digests])[0]
    hexOf({ algorithm: params.algorithm, bytes: Buffer.from(extracted ?? '', 'hex'), of: 'file' }, 'allowlist')
    inLog = [...fromLog.files.values()].some((digests) => digests.has(extracted!))
  } catch (error) {
    if (error instanceof ThymusError) return answered('outcome', outcome, 'reject')
    throw error
  }
  return [...answered('outcome', outcome, 'accept'), ...factsDiffer(facts, { digestExtracted: extracted, digestInLog: inLog })]
}

function signedPolicy({ expect }: AttestCase, files: CaseFiles): readonly Difference[] {
  return answered('verify', expect.verify, isSignedPolicy(files) ? 'accept' : 'reject')
}

function isSignedPolicy(files: CaseFiles): boolean {
  const keys = readAllPem(files.read('key').toString('latin1')).map(({ label, bytes }) =>
    label === 'CERTIFICATE' ? readCertificate(bytes).publicKey : readPublicKeyInfo(new DerReader(bytes)),
  )
  try {
    const envelope = readEnvelope(files.read('envelope').toString('utf8'))
    if (envelope.payloadType !== KEYLIME_POLICY_TYPE || signersOf(envelope, keys).length === 0) return false
    readKeylimePolicy(envelope.payload.toString('utf8'))
    return true
  } catch (error) {
    if (error instanceof ThymusError) return false
    throw error
  }
}
