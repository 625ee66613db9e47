// A reference made of evidence: what a machine presented when it was good is what it should present from now on.
import { API_VERSION } from '../../formats/doors/request.ts'
import type { Bundle, NamedEvidence } from '../../formats/evidence/bundle.ts'
import { policyFromLog, writeKeylimePolicy } from '../../layers/firmware/ima/policy.ts'
import { recordBoot } from '../../layers/firmware/reference/reference.ts'
import { parseEventLog } from '../../layers/firmware/tcg-log/event-log.ts'
import { readQuote } from '../../layers/hardware/dcap/quote.ts'
import { readReport } from '../../layers/hardware/snp/report.ts'
import { type Asked, part } from './appraise.ts'
import { NO_REFERENCE, type Reference } from './reference.ts'
import { attestedEntries } from './technologies/ima.ts'
import { attestedPrograms } from './technologies/measured-runs.ts'
import { keyNameOf, quotedBank, quotedBy } from './technologies/tpm.ts'

type Recorder = (evidence: NamedEvidence, bundle: Bundle, asked: Asked, vcpus: number | undefined) => Partial<Reference>

const RECORDERS: Readonly<Record<string, Recorder>> = {
  'tpm-quote': (evidence) => {
    const name = keyNameOf(evidence)
    return name === undefined ? {} : { tpm: { keys: [{ by: 'hand', name, about: evidence.about }] } }
  },
  'tcg-log': (evidence, { evidence: all }, asked, vcpus) => {
    const log = parseEventLog(part(evidence, 'log'))
    const bank = quotedBank(quotedBy(all, asked).quote, log.banks)?.bank ?? log.banks[0]!
    const recorded = recordBoot(log, bank, vcpus)
    return { boots: [recorded], ...(vcpus === undefined ? {} : { vcpus }) }
  },
  'cc-log': (evidence) => {
    const log = parseEventLog(part(evidence, 'log'), 'cc')
    // What a report of TDX has registers of.
    return { boots: [recordBoot(log, log.banks.find((bank) => bank === 'sha384') ?? log.banks[0]!)] }
  },
  'ima-log': (evidence, { evidence: all }, asked) => {
    const policy = policyFromLog(attestedEntries(evidence, all, asked))
    return { ima: JSON.parse(writeKeylimePolicy(policy, new Date(asked.now))) }
  },
  'measured-runs': (evidence, { evidence: all }, asked) => ({ runs: attestedPrograms(evidence, all, asked) }),
  'snp-report': (evidence) => {
    const { measurement, chipId } = readReport(part(evidence, 'report'))
    const chips = chipId.some((byte) => byte !== 0) ? { chips: [chipId.toString('hex')] } : {}
    return { snp: { measurements: [measurement.toString('hex')], ...chips } }
  },
  'dcap-quote': (evidence) => {
    const { body } = readQuote(part(evidence, 'quote'))
    const measurements = body.tee === 'TDX' ? { mrTd: [body.mrTd.toString('hex')] } : { mrEnclave: [body.mrEnclave.toString('hex')] }
    return { dcap: { measurements } }
  },
}

/**
 * What the evidence says, as a reference. It is believed: appraise it first.
 * @param vcpus of a virtual machine, whose boot depends on them
 * @throws ThymusError FORMAT, EVIDENCE
 */
export function referenceOf(bundle: Bundle, now: number, vcpus?: number): Reference {
  const asked: Asked = { now, reference: NO_REFERENCE }
  const parts = bundle.evidence.map((evidence) =>
    Object.hasOwn(RECORDERS, evidence.type) ? RECORDERS[evidence.type]!(evidence, bundle, asked, vcpus) : {},
  )
  return Object.assign({ apiVersion: API_VERSION, kind: 'AttestationReference' } as const, ...parts) as Reference
}
