// Imports that change how a module is read: `rego.v1`, `rego.v2`, `future.keywords`. The formatter adds those that the text needs for its
// version, and drops those that say nothing any more.
import type { Expr, Location, Module, Ref } from '../syntax/ast.ts'
import { walkWithElse } from '../syntax/walk.ts'
import type { TargetVersion } from './target.ts'

/** An import as it will be written. One that is added stands on a row after those of its kind, though that row may hold something else. */
export interface Entry {
  readonly path: Ref
  readonly alias: string | undefined
  readonly at: Location
  readonly added: boolean
}

/** Whether the import has exactly this path. */
export function isDirective({ path }: { readonly path: Ref }, root: string, ...names: readonly string[]): boolean {
  return path.parts.length === names.length + 1 && startsWith(path, root, ...names)
}

export const isAllFutureKeywords = (each: { readonly path: Ref }) => isDirective(each, 'future', 'keywords')

/** The keyword of `import future.keywords.KEYWORD`. */
export function futureKeyword({ path, alias }: { readonly path: Ref; readonly alias?: string | undefined }): string | undefined {
  const last = path.parts.at(-1)
  return alias === undefined && path.parts.length === 3 && startsWith(path, 'future', 'keywords') && last?.kind === 'string'
    ? last.value
    : undefined
}

/** The module's imports, with those that `version` needs, without those that it makes redundant (if `drop` also what v1 never needs). */
export function importsFor(module: Module, version: TargetVersion, drop: boolean): readonly Entry[] {
  const written = module.imports.map((each) => ({ path: each.path, alias: each.alias, at: each.at, added: false }))
  const v2 = written.some((each) => isDirective(each, 'rego', 'v2'))
  let imports: readonly Entry[] = written
  if (v2 || (version === 'v1' && drop)) imports = imports.filter((each) => !isDirective(each, 'rego', 'v1'))
  else if (version === 'v0v1') imports = withDirective(module, imports, 'rego', 'v1')
  const v1 = v2 || imports.some((each) => isDirective(each, 'rego', 'v1'))
  const used = keywordsUsed(module)
  if (version === 'v0' && !v1) return withKeywords(module, imports, used)
  if (drop || v1) imports = imports.filter((each) => !startsWith(each.path, 'future'))
  return v2
    ? imports
    : withKeywords(
        module,
        imports,
        used.filter((keyword) => NEVER_STANDARD.has(keyword)),
      )
}

/** Future keywords that v1 too must import. */
const NEVER_STANDARD = new Set(['not', 'and', 'or'])

function withKeywords(module: Module, imports: readonly Entry[], keywords: readonly string[]): readonly Entry[] {
  let found = imports
  for (const keyword of keywords) {
    const known =
      found.some((each) => isAllFutureKeywords(each) || isDirective(each, 'future', 'keywords', keyword)) ||
      (keyword === 'in' && found.some((each) => isDirective(each, 'future', 'keywords', 'every')))
    if (!known) found = [...found, added(module, found, 'future', 'keywords', keyword)]
  }
  return found
}

function withDirective(module: Module, imports: readonly Entry[], root: string, name: string): readonly Entry[] {
  return imports.some((each) => isDirective(each, root, name)) ? imports : [...imports, added(module, imports, root, name)]
}

/** Below the last directive, or where no import is before. */
function added(module: Module, imports: readonly Entry[], root: string, ...names: readonly string[]): Entry {
  const rows = imports.filter((each) => startsWith(each.path, 'future') || isDirective(each, 'rego', 'v1')).map((each) => each.at.row)
  const at = { file: module.file, row: Math.max(0, ...rows) + 1, col: 1, start: 0, end: 0 }
  const parts = names.map((value) => ({ kind: 'string' as const, value, at }))
  return { path: { kind: 'ref', parts: [{ kind: 'var', name: root, at }, ...parts], at }, alias: undefined, at, added: true }
}

function startsWith({ parts: [head, ...rest] }: Ref, root: string, ...names: readonly string[]): boolean {
  return head.kind === 'var' && head.name === root && names.every((name, at) => isString(rest[at], name))
}

const isString = (term: Ref['parts'][number] | undefined, value: string) => term?.kind === 'string' && term.value === value

/** Those that expressions of the module are written with. */
function keywordsUsed(module: Module): readonly string[] {
  const found = new Set<string>()
  for (const rule of module.rules) {
    walkWithElse(rule, (node) => {
      for (const keyword of node.kind === 'expr' ? keywordsOf(node) : []) found.add(keyword)
      return false
    })
  }
  return [...found].toSorted()
}

function keywordsOf({ terms, negated }: Expr): readonly string[] {
  if (terms.kind === 'call') {
    const [first, second] = terms.operator.parts
    const member = first.kind === 'var' && first.name === 'internal' && (isString(second, 'member_2') || isString(second, 'member_3'))
    return member && terms.operator.parts.length === 2 ? ['in'] : []
  }
  if (terms.kind === 'and' || terms.kind === 'or') return negated ? [terms.kind, 'not'] : [terms.kind]
  return terms.kind === 'every' || terms.kind === 'not' ? [terms.kind] : []
}
