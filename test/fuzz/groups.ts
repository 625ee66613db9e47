// What can be fuzzed, by the name that the command line gives it.
import { builtinCase } from './rego/builtins.ts'
import { formatCase, policyCase, queryCase } from './rego/modules.ts'
import { planCase } from './rego/plans.ts'
import { hostCase, textCase } from './rego/values.ts'
import type { Target } from './worker.ts'

export const GROUPS: Readonly<Record<string, Readonly<Record<string, Target>>>> = {
  rego: { policy: policyCase, query: queryCase, format: formatCase, plan: planCase, builtin: builtinCase, text: textCase, host: hostCase },
}
