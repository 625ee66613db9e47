import type { z } from 'zod'
import type { Check } from '../../core/verdict.ts'
import type { BundleAppraisal, Submodule } from '../../crossings/attestation/appraise.ts'
import type { answerSchema, challengeSchema } from '../../crossings/attestation/credential.ts'
import type { Endorsement, EnrolledKey, Reference } from '../../crossings/attestation/reference.ts'
import type { Ear } from '../../formats/ear/ear.ts'
import { meaningOf, type Tier, type TrustClaim, type TrustVector, tierOf } from '../../formats/ear/trust.ts'
import type { writeBundle } from '../../formats/evidence/bundle.ts'
import type { Part } from '../../outputs/output.ts'
import { stateSign } from '../../outputs/symbols.ts'
import type { Cell } from '../../outputs/table.ts'
import type { Terminal, Tone } from '../../outputs/text.ts'
import type { List } from '../client.ts'
import { bytesText, columnsOf, timeText } from './words.ts'

const TIER_TONES: Readonly<Record<Tier, Tone>> = { affirming: 'good', none: 'dim', warning: 'doubt', contraindicated: 'bad' }
const tierCell = (tier: Tier): Cell => ({ text: tier, tone: TIER_TONES[tier] })

/** What was collected, and what is not there. */
export function evidenceBundle({ about, nonce, evidence, absent = [] }: ReturnType<typeof writeBundle>): Part[] {
  const size = (text: string) => bytesText(Buffer.byteLength(text, 'base64'))
  const rows = [
    ...evidence.map(({ name, type, parts }) => [
      name,
      type,
      { text: 'collected', tone: 'good' } as const,
      Object.entries(parts)
        .map(([part, text]) => `${part} ${size(text)}`)
        .join(', '),
    ]),
    ...absent.map(({ type, why }) => ['-', type, { text: 'absent', tone: 'dim' } as const, why.text]),
  ]
  const answers =
    nonce === undefined ? 'it answers no challenge' : `it answers the challenge ${Buffer.from(nonce, 'base64').toString('hex')}`
  return [
    { table: { columns: columnsOf('EVIDENCE', 'TYPE', 'STATE', 'WHAT'), rows }, none: 'nothing was looked for' },
    { lines: [`${about}: ${answers}; nothing of it is verified yet`] },
  ]
}

/** Each claim with its status, then whatever did not pass. */
export function appraisal(appraised: BundleAppraisal, terminal: Terminal): Part[] {
  const { submodules, absent } = appraised
  const rows = submodules.flatMap(({ name, type, status, vector }) => [
    [name, type, '', tierCell(status), ''],
    ...claimRows(vector).map((cells) => ['', '', ...cells]),
  ])
  const open = submodules.flatMap(({ name, checks }) => checks.filter(didNotPass).map((check) => checkRow(name, check, terminal)))
  return [
    { table: { columns: columnsOf('EVIDENCE', 'TYPE', 'CLAIM', 'STATUS', 'WHICH MEANS'), rows }, none: 'there is no evidence' },
    ...(open.length === 0 ? [] : [{ table: { columns: columnsOf('EVIDENCE', 'CHECK', 'VERDICT', 'WHAT', 'SEEN'), rows: open }, none: '' }]),
    ...told(
      'How it differs',
      submodules.flatMap(({ differences }) => differences),
    ),
    ...told(
      'Absent',
      absent.map(({ type, why }) => `${type}: ${why.text}`),
    ),
    { lines: [conclusion(appraised)] },
  ]
}

/** The same in words. */
export function appraisalExplanation(appraised: BundleAppraisal): Part[] {
  return [...appraised.submodules.map((each) => ({ lines: explained(each) })), { lines: [conclusion(appraised)] }]
}

function explained({ name, type, status, checks, vector, because, differences, claims }: Submodule): string[] {
  const passed = checks.filter((check) => !didNotPass(check)).length
  const claimed = Object.entries(vector).map(([claim, value]) => `  ${claim}: ${tierOf(value)} (${meaningOf(claim as TrustClaim, value)})`)
  const steps = Array.isArray(claims.steps) && status !== 'contraindicated' ? (claims.steps as readonly string[]) : []
  return [
    `${name} (${type}): ${status}; ${passed} of ${checks.length} checks passed`,
    ...claimed,
    ...section('How its key is known', claims.enrolled === undefined ? [] : [enrolment(claims.enrolled as EnrolledKey | null)]),
    ...section('What did not pass', checks.filter(didNotPass).flatMap(checkLines)),
    ...section('How it differs from the reference', differences),
    ...section('What the policy says', because),
    ...section('What happened, as far as it is bound to what was measured', steps),
  ]
}

function checkLines({ code, title, verdict, expected, got, clause }: Check): string[] {
  const why = verdict.is === 'unknown' ? `cannot be told: ${verdict.why.text}` : 'no'
  return [
    `${code}: ${title}? ${why}`,
    ...(expected === undefined ? [] : [`    expected ${expected}`]),
    ...(got === undefined ? [] : [`    got      ${got}`]),
    ...(clause === undefined ? [] : [`    by       ${clause}`]),
  ]
}

const section = (title: string, lines: readonly string[]) =>
  lines.length === 0 ? [] : [`  ${title}:`, ...lines.map((line) => `    ${line}`)]

function conclusion({ about, status, at, expires, policy }: BundleAppraisal): string {
  return `${about}: ${status}, as of ${timeText(at)}, until ${timeText(expires)}, by ${policy}`
}

const didNotPass = ({ verdict }: Check) => verdict.is !== 'pass'

function checkRow(name: string, { code, title, verdict, expected, got }: Check, terminal: Terminal): Cell[] {
  const seen = [...(expected === undefined ? [] : [`expected ${expected}`]), ...(got === undefined ? [] : [`got ${got}`])].join('; ')
  return [name, code, stateSign(verdict.is, terminal), title, verdict.is === 'unknown' ? verdict.why.text : seen]
}

function claimRows(vector: TrustVector): Cell[][] {
  return Object.entries(vector).map(([claim, value]) => [claim, tierCell(tierOf(value)), meaningOf(claim as TrustClaim, value)])
}

/** What evidence says of itself. */
export function evidenceList({ items }: List<Pick<Submodule, 'name' | 'type' | 'claims' | 'checks'>>): Part[] {
  const parts = items.map(({ name, type, claims, checks }) => {
    const broken = checks
      .filter(({ code }) => code.startsWith('ATTEST_'))
      .flatMap(({ code, title, verdict, got }) => (verdict.is === 'fail' ? [`  ${code}: ${title}? no: ${got}`] : []))
    return { lines: [`${name} (${type}) says:`, ...Object.entries(claims).flatMap(claimLines), ...broken] }
  })
  return [...parts, { lines: ['nothing of this is verified: thymus attest verify'] }]
}

function claimLines([name, value]: [string, unknown]): string[] {
  if (Array.isArray(value) && value.length > 0)
    return [`  ${name}:`, ...value.map((each) => `    ${typeof each === 'string' ? each : JSON.stringify(each)}`)]
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).flatMap((each) => claimLines([`${name} ${each[0]}`, each[1]]))
  return [`  ${name}: ${value ?? 'it does not say'}`]
}

/** A result of whatever verifier as it is shown, and whether its signature was verified. */
export interface ShownResult extends Omit<Ear, 'rawEvidence'> {
  readonly verified: boolean
}

export function result({ verifier, submods, status, issuedAt, expires, profile, verified }: ShownResult): Part[] {
  const rows = Object.entries(submods).flatMap(([name, each]) => [
    [name, '', tierCell(each.status), each.policies.join(', ')],
    ...claimRows(each.vector ?? {}).map((cells) => ['', ...cells]),
  ])
  const until = expires === undefined ? '' : `, until ${timeText(1000 * expires)}`
  return [
    { table: { columns: columnsOf('EVIDENCE', 'CLAIM', 'STATUS', 'WHICH MEANS'), rows }, none: '' },
    {
      lines: [
        `${status === undefined ? '' : `${status}, `}by ${verifier.developer} ${verifier.build}, as of ${timeText(1000 * issuedAt)}${until} (${profile})`,
        verified ? 'the key that was named has signed it' : 'whoever signed it: no key was named',
      ],
    },
  ]
}

const told = (title: string, lines: readonly string[]) =>
  lines.length === 0 ? [] : [{ lines: [`${title}:`, ...lines.map((each) => `  ${each}`)] }]

/** How a key is known, in words. */
function enrolment(key: EnrolledKey | null): string {
  if (key === null) return 'it is not: nobody has enrolled it'
  if (key.by === 'hand') return 'enrolled by hand: nothing has shown that it lives in a TPM'
  return `enrolled ${key.at} by a credential that its TPM opened: ${tpmText(key.endorsement)}`
}

/** Which TPM it is, and who says so. */
export function tpmText({ manufacturer, model, serial, certificate, root, lab }: Endorsement): string {
  const voucher = lab ? `${root}, which is no maker of TPMs` : root
  return `${manufacturer} ${model}, certificate ${serial} (sha256:${certificate}) under ${voucher}`
}

export function credentialChallenge({ about, key, expires }: z.input<typeof challengeSchema>): Part[] {
  return [{ lines: [`${about} has until ${expires} to show that the attestation key ${key} is in its TPM: thymus attest answer, there`] }]
}

export function credentialAnswer({ credential }: z.input<typeof answerSchema>): Part[] {
  return [{ lines: [`the TPM has opened the credential sha256:${credential}: thymus attest enroll, where it was made`] }]
}

/** What is asked from now on. */
export function attestationReference({ tpm, boots = [], ima, snp, dcap }: Reference): Part[] {
  const files = ima === undefined ? [] : [`files that may be executed: ${Object.keys((ima.digests ?? {}) as object).length}`]
  const lines = [
    ...(tpm?.keys ?? []).map((key) => `${key.about}: attestation key ${key.name}, ${enrolment(key)}`),
    ...boots.map(
      ({ platform, measurements }) =>
        `a boot of firmware ${platform.firmware}, Secure Boot ${platform.secureBoot === null ? 'unknown' : platform.secureBoot ? 'on' : 'off'}: ${measurements.length} measurements`,
    ),
    ...files,
    ...(snp?.measurements ?? []).map((each) => `launch digest ${each}`),
    ...Object.entries(dcap?.measurements ?? {}).map(([name, value]) => `${name} ${String(value)}`),
  ]
  return [{ lines: lines.length === 0 ? ['there was nothing to record'] : lines }]
}
