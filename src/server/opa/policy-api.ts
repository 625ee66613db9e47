// /v1/policies: the modules, by id.
import { moduleValue } from '../../lang/rego/syntax/tree-value.ts'
import { printJson, quote } from '../../lang/rego/values/text.ts'
import type { Answer } from '../exchange.ts'
import type { Call } from './call.ts'
import { members } from './json-text.ts'
import { isSet, unescaped } from './target.ts'
import { type Source, unknownPolicy } from './world.ts'

/** GET /v1/policies */
export function listPolicies(call: Call): Answer {
  const policies = [...call.world.sources].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([id, source]) => document(call, id, source))
  return call.reply(members([['result', `[${policies.join(',')}]`]]))
}

/** GET /v1/policies/ID */
export function getPolicy(call: Call, escaped: string): Answer {
  const id = idOf(escaped)
  const source = call.world.sources.get(id)
  if (source === undefined) throw unknownPolicy(id)
  return call.reply(members([['result', document(call, id, source)]]))
}

/** PUT /v1/policies/ID */
export function putPolicy(call: Call, escaped: string): Answer {
  call.metrics.time('rego_module_compile', () => call.world.put(idOf(escaped), call.asked.body.toString()))
  return changed(call)
}

/** DELETE /v1/policies/ID */
export function deletePolicy(call: Call, escaped: string): Answer {
  call.metrics.time('rego_module_compile', () => call.world.remove(idOf(escaped)))
  return changed(call)
}

const idOf = (escaped: string) => unescaped(escaped) ?? escaped

const changed = (call: Call) =>
  call.reply(members([['metrics', isSet(call.target, 'metrics') ? printJson(call.metrics.document) : undefined]]))

/** With the syntax tree as it was compiled, in which all names are resolved. */
function document({ world }: Call, id: string, { text }: Source): string {
  const module = world.policy.compiled.modules.find(({ file }) => file === id)
  return members([
    ['id', quote(id)],
    ['raw', quote(text)],
    ['ast', module && printJson(moduleValue({ ...module, imports: [] }))],
  ])
}
