// Paths into the input that many rules of a group begin with: they are gone once, before the rules.
import type { CompiledRule } from '../../compile/compiled.ts'
import type { Value } from '../../values/value.ts'
import { constantPath } from './conditions.ts'
import { documentName } from './variables.ts'

/** Bodies that share a path before it is worth the looking up where none of them comes to it. */
const MANY = 3

/** The shared paths, each after those that it goes on from. */
export function sharedPaths(rules: readonly CompiledRule[]): readonly (readonly Value[])[] {
  const counts = new Map<string, { path: readonly Value[]; bodies: number; last: number }>()
  rules.forEach((rule, at) => {
    for (const path of inputPaths(rule)) {
      for (let end = 1; end <= path.length; end++) {
        const prefix = path.slice(0, end)
        const key = JSON.stringify(prefix)
        const known = counts.get(key)
        if (known === undefined) counts.set(key, { path: prefix, bodies: 1, last: at })
        else if (known.last !== at) Object.assign(known, { bodies: known.bodies + 1, last: at })
      }
    }
  })
  const many = [...counts.values()].filter(({ bodies }) => bodies >= MANY)
  // A path that only leads to one that as many bodies go on to is not needed itself.
  const needed = many.filter(
    ({ path, bodies }) =>
      !many.some((other) => other.path.length === path.length + 1 && other.bodies === bodies && startsWith(other.path, path)),
  )
  return needed.map(({ path }) => path).sort((a, b) => a.length - b.length)
}

export const startsWith = (path: readonly Value[], prefix: readonly Value[]) => prefix.every((part, at) => path[at] === part)

/** The constant beginnings of all refs into the input, where no `with` replaces it. */
function inputPaths(rule: CompiledRule): readonly (readonly Value[])[] {
  const found: (readonly Value[])[] = []
  const walk = (node: unknown): void => {
    if (Array.isArray(node)) for (const each of node) walk(each)
    else if (typeof node === 'object' && node !== null) visit(node as Node)
  }
  const visit = (node: Node): void => {
    if (node.kind === 'expr' && Array.isArray(node.with) && node.with.length > 0) return
    if (node.kind === 'ref') {
      const ref = node as unknown as Parameters<typeof constantPath>[0]
      if (documentName(ref.parts[0]) === 'input') found.push(constantPath(ref))
    }
    for (const [name, value] of Object.entries(node)) if (name !== 'at') walk(value)
  }
  for (let each: CompiledRule | undefined = rule; each !== undefined; each = each.else) walk([each.head, each.body])
  return found.filter((path) => path.length > 0)
}

type Node = { readonly kind?: unknown; readonly with?: unknown }
