// What a machine presents about itself, as one document: each piece of evidence by its name and type, its parts in base64.
// docs/schemas/evidence-bundle.json is made from it. What a bundle says is hostile until it is appraised.
import { z } from 'zod'
import type { Evidence } from '../../core/appraisal.ts'
import { ThymusError } from '../../core/errors.ts'
import type { Reason } from '../../core/verdict.ts'
import { decodeBase64 } from '../base64.ts'
import { conform } from '../conform.ts'
import { reason } from '../doors/appraisal.ts'
import { API_VERSION } from '../doors/request.ts'
import { time, timeText } from '../doors/time.ts'

/** Evidence that a verifier is there for. Others are carried, and nothing is said of them. */
export const EVIDENCE_TYPES = [
  'tpm-quote',
  'tpm-endorsement',
  'tcg-log',
  'ima-log',
  'measured-runs',
  'snp-report',
  'dcap-quote',
  'sgx-report',
  'cc-log',
  'azure-evidence',
] as const
export type EvidenceType = (typeof EVIDENCE_TYPES)[number]

export interface Bundle {
  readonly about: string
  /** Milliseconds since 1970. */
  readonly collected: number
  readonly evidence: readonly NamedEvidence[]
  /** What was looked for and is not there. */
  readonly absent: readonly Absent[]
}

/** Evidence by the name of its submodule. */
export interface NamedEvidence extends Evidence {
  readonly name: string
}

export interface Absent {
  readonly type: string
  readonly why: Reason
}

const MAX_EVIDENCE = 64

/** Lengths are what a bundle says of itself: a part is decoded once. */
const base64 = z.string().describe('Bytes in base64 (RFC 4648 §4).')
const label = z.string().regex(/^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/)

export const bundleSchema = z
  .strictObject({
    apiVersion: z.literal(API_VERSION).describe('The form of the document.'),
    kind: z.literal('EvidenceBundle').describe('What it is.'),
    about: z.string().min(1).max(253).describe('Who presents it: a node, a workload.'),
    collected: time.describe('When, by the clock of whoever presents it (RFC 3339).'),
    nonce: base64.exactOptional().describe('The challenge that all of it answers.'),
    evidence: z
      .array(
        z.strictObject({
          name: label.describe('Of its submodule in the result.'),
          type: label.describe(`${EVIDENCE_TYPES.map((each) => `\`${each}\``).join(', ')}; another is carried, and nothing is said of it.`),
          parts: z.record(label, base64).describe('The bytes by the name of their part; docs/attestation.md lists those of each type.'),
        }),
      )
      .max(MAX_EVIDENCE)
      .describe('What is presented.'),
    absent: z
      .array(z.strictObject({ type: label.describe('Of the evidence.'), why: reason.describe('Why there is none.') }))
      .max(MAX_EVIDENCE)
      .exactOptional()
      .describe('What was looked for, and is not there.'),
  })
  .meta({ description: 'Evidence that a machine presents about itself.' })

/** @throws ThymusError EVIDENCE, which names the field */
export function readBundle(document: unknown): Bundle {
  const { about, collected, nonce, evidence, absent = [] } = conform(bundleSchema, document, 'EVIDENCE')
  const challenge = nonce === undefined ? {} : { nonce: bytesOf(nonce, 'nonce') }
  const named = evidence.map(({ name, type, parts }, at) => ({
    name,
    type,
    about,
    parts: Object.fromEntries(Object.entries(parts).map(([part, text]) => [part, bytesOf(text, `evidence[${at}].parts.${part}`)])),
    ...challenge,
  }))
  const twice = named.find(({ name }, at) => named.findIndex((other) => other.name === name) < at)
  if (twice !== undefined) throw new ThymusError('EVIDENCE', `two pieces of evidence are named ${twice.name}`, { at: 'evidence' })
  return { about, collected: Date.parse(collected), evidence: named, absent }
}

/** The document of a bundle. All evidence answers one challenge. */
export function writeBundle({ about, collected, evidence, absent }: Bundle, nonce?: Uint8Array): z.input<typeof bundleSchema> {
  const text = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')
  return {
    apiVersion: API_VERSION,
    kind: 'EvidenceBundle',
    about,
    collected: timeText(collected),
    ...(nonce === undefined ? {} : { nonce: text(nonce) }),
    evidence: evidence.map(({ name, type, parts }) => ({
      name,
      type,
      parts: Object.fromEntries(Object.entries(parts).map(([part, bytes]) => [part, text(bytes)])),
    })),
    ...(absent.length === 0 ? {} : { absent: [...absent] }),
  }
}

function bytesOf(text: string, at: string): Buffer {
  const bytes = decodeBase64(text, { padded: true })
  if (bytes === undefined) throw new ThymusError('EVIDENCE', 'no base64', { at })
  return bytes
}
