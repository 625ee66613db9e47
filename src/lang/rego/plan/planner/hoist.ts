// Paths into the input that many rules of a group begin with: they are gone once, before the rules.
import type { CompiledRule } from '../../compile/compiled.ts'
import { walkWithElse } from '../../syntax/walk.ts'
import type { Value } from '../../values/value.ts'
import { constantPath } from './conditions.ts'
import { documentName } from './variables.ts'

/** Bodies that share a path before it is worth the looking up where none of them comes to it. */
const MANY = 3

/** A path, how many rules begin a ref with it, and the longer paths by their next name. */
interface Branch {
  rules: number
  /** The last rule that was counted. */
  last: CompiledRule | undefined
  readonly next: Map<string, Branch>
}

/** The shared paths, each after those that it goes on from. */
export function sharedPaths(rules: readonly CompiledRule[]): readonly (readonly Value[])[] {
  if (rules.length < MANY) return []
  const root: Branch = { rules: 0, last: undefined, next: new Map() }
  for (const rule of rules) {
    walkWithElse(rule, (node) => {
      if (node.kind === 'expr' && node.with.length > 0) return true
      if (node.kind === 'ref' && documentName(node.parts[0]) === 'input') countPath(root, constantPath(node), rule)
      return false
    })
  }
  const found: (readonly Value[])[] = []
  collect(root, [], found)
  return found
}

function countPath(root: Branch, path: readonly string[], rule: CompiledRule): void {
  let at = root
  for (const name of path) {
    let next = at.next.get(name)
    if (next === undefined) {
      next = { rules: 0, last: undefined, next: new Map() }
      at.next.set(name, next)
    }
    if (next.last !== rule) next.rules++
    next.last = rule
    at = next
  }
}

/** A path that only leads to one that as many rules go on to is not needed itself. */
function collect(branch: Branch, path: readonly string[], found: (readonly Value[])[]): void {
  const shared = [...branch.next].filter(([, { rules }]) => rules >= MANY)
  if (path.length > 0 && !shared.some(([, { rules }]) => rules === branch.rules)) found.push(path)
  for (const [name, next] of shared) collect(next, [...path, name], found)
}
