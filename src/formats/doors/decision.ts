// What came of a request, the same for every door.
import { z } from 'zod'
import { SEVERITIES } from '../../core/finding.ts'
import { MODES } from '../../core/workload.ts'
import { reason } from './appraisal.ts'
import { API_VERSION, type Frozen } from './request.ts'
import { span } from './rule.ts'
import { time } from './time.ts'

const text = z.string()
const mode = z.enum(MODES)

export const because = z
  .strictObject({
    policy: text.exactOptional().describe('Which policy; left out where none was asked.'),
    rule: text.exactOptional().describe('Which rule of it; left out where it is that no rule allows it.'),
    source: span.exactOptional().describe('Where the rule was written.'),
    message: text.describe('Why, for people.'),
    mode: mode.describe('How strongly the policy is in force.'),
    field: text.exactOptional().describe('The field that is wrong, as `spec.containers[0].image`.'),
    severity: z.enum(SEVERITIES).exactOptional().describe('How urgent it is.'),
  })
  .meta({ id: 'Because', description: 'One reason.' })

const rest = {
  enforced: z.boolean().describe('It was carried out: what is denied or unknown was stopped. False where it is only counted or reported.'),
  mode: mode.describe('How strongly what decided is in force.'),
  because: z.array(because).describe('Why; empty where no policy speaks of it.'),
  warnings: z.array(text).describe('For whoever asked, whatever was decided.'),
  remedy: text.exactOptional().describe('What would have to change.'),
  expires: time.exactOptional().describe('The decision holds until then.'),
}
const apiVersion = z.literal(API_VERSION).describe('The form of the document.')

export const decision = z
  .discriminatedUnion('effect', [
    z.strictObject({ apiVersion, effect: z.literal('allow').describe('What was decided.'), ...rest }),
    z.strictObject({ apiVersion, effect: z.literal('deny'), ...rest }),
    z.strictObject({
      apiVersion,
      effect: z.literal('unknown'),
      reason: reason.describe('Why it could not be decided.'),
      ...rest,
    }),
  ])
  .meta({ description: 'What came of a request. Unknown is never treated as allow: it stops where a denial would.' })

export type Decision = Frozen<z.infer<typeof decision>>
export type Because = Frozen<z.infer<typeof because>>

/** May it go on? Unknown may where a denial may: where nothing is enforced. */
export function permits({ effect, enforced }: Decision): boolean {
  return effect === 'allow' || !enforced
}
