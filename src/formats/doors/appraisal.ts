// What was checked and how it came out: a boot, a quote, a signature and a scan are told alike.
import { z } from 'zod'
import type { Check, Reason, Verdict } from '../../core/verdict.ts'
import { time } from './time.ts'

const text = z.string()

export const reason = z.strictObject({
  code: text.describe('Stable, for machines.'),
  text: text.describe('A sentence for people.'),
}) satisfies z.ZodType<Reason>

export const verdict = z
  .discriminatedUnion('is', [
    z.strictObject({ is: z.literal('pass').describe('Which of the three.') }),
    z.strictObject({ is: z.literal('fail') }),
    z.strictObject({ is: z.literal('unknown'), why: reason.describe('Why that could not be determined.') }),
  ])
  .meta({ id: 'Verdict', description: 'Three values. What asks for a pass must say so: unknown is none.' }) satisfies z.ZodType<Verdict>

export const check = z
  .strictObject({
    code: text.describe('Names what was looked at.'),
    title: text.describe('The same for people.'),
    verdict: verdict.describe('How it came out.'),
    expected: text.exactOptional().describe('What should have been there.'),
    got: text.exactOptional().describe('What was there.'),
    clause: text.exactOptional().describe('The clause of a specification that it follows.'),
  })
  .meta({ id: 'Check', description: 'One thing that was looked at.' }) satisfies z.ZodType<Check>

export const digest = text.regex(/^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$/)

/** Fields of an appraisal: of evidence that is presented, and of those that an artifact comes with. */
export const appraised = {
  type: text.describe('Kind of evidence, as `tpm2-quote`, `sev-snp-report`, `signature`, `slsa-provenance`, `scan`.'),
  about: text.describe('Whom or what it speaks of: a node, a workload, a digest.'),
  checks: z.array(check).describe('All that was looked at.'),
  verdict: verdict.describe('All checks together.'),
  claims: z
    .record(text, z.unknown())
    .exactOptional()
    .describe('What the evidence says, in the terms of its own format; true only where the verdict is pass.'),
  from: z.array(digest).exactOptional().describe('Digests of the evidence.'),
  expires: time.exactOptional().describe('From then on it says nothing.'),
}

export const appraisal = z.strictObject(appraised).meta({ id: 'Appraisal', description: 'Evidence that was judged.' })
