// Rules of `x-kubernetes-validations`: where they stand, and what an evaluator says of a value.
import { isFields } from '../../../formats/kubernetes/object.ts'
import type { Problem, SchemaNode } from './node.ts'
import type { RuleEvaluator } from './schema.ts'

/** Places of all rules; they stand outside of junctors alone. */
export function rulesOf(node: SchemaNode, at: string): readonly string[] {
  const more = node.additionalProperties
  return [
    ...node.rules.map((_, index) => `${at}.x-kubernetes-validations[${index}]`),
    ...(node.items === undefined ? [] : rulesOf(node.items, `${at}.items`)),
    ...[...node.properties].flatMap(([name, each]) => rulesOf(each, `${at}.properties[${name}]`)),
    ...(typeof more === 'object' ? rulesOf(more, `${at}.additionalProperties`) : []),
  ]
}

/** What the rules say of a value that is otherwise valid; a null has no rules. */
export function ruleProblems(root: SchemaNode, value: unknown, evaluate: RuleEvaluator): readonly Problem[] {
  const problems: Problem[] = []
  const walk = (node: SchemaNode, self: unknown, path: string): void => {
    if (self === null) return
    for (const rule of node.rules) {
      const text = evaluate(rule, self)
      if (text !== undefined) problems.push({ path: path + rule.fieldPath, text })
    }
    if (Array.isArray(self) && node.items !== undefined)
      for (const [index, each] of self.entries()) walk(node.items, each, `${path}[${index}]`)
    if (!isFields(self)) return
    for (const [name, each] of Object.entries(self)) {
      const property = node.properties.get(name)
      if (property !== undefined) walk(property, each, path === '' ? name : `${path}.${name}`)
      else if (typeof node.additionalProperties === 'object') walk(node.additionalProperties, each, `${path}[${name}]`)
    }
  }
  walk(root, value, '')
  return problems
}
