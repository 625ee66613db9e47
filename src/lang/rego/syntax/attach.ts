// What METADATA blocks are about: the package, import or rule below them.
import type { Diagnostic } from '../errors.ts'
import type { AnnotationBlock } from './annotations.ts'
import type { AnnotationScope, Annotations, Import, Module, Package, Rule } from './ast.ts'
import { termKey } from './equal.ts'
import { groundPrefix } from './ground.ts'

type Target = Package | Import | Rule
type Targets = Pick<Module, 'package' | 'imports' | 'rules'>

/** Many blocks above many rules of one name would each be at each of them. */
const MAX_ATTACHED = 1_000_000

/** Finds the first package, import or rule of a module below a row. */
export function targetsOf({ package: named, imports, rules }: Targets): (row: number) => Target | undefined {
  const targets: readonly Target[] = [named, ...imports, ...rules].sort((a, b) => a.at.row - b.at.row)
  return (row) => {
    let [from, to] = [0, targets.length]
    while (from < to) {
      const middle = (from + to) >> 1
      if (targets[middle]!.at.row <= row) from = middle + 1
      else to = middle
    }
    return targets[from]
  }
}

/** A module with its METADATA blocks, each at its rules as well; or what is wrong with where they stand (rego_parse_error). */
export function attachAnnotations(module: Module, blocks: readonly AnnotationBlock[]): Module | readonly Diagnostic[] {
  if (blocks.length === 0) return module
  const { annotations, about, faults } = placeAnnotations(module, blocks)
  if (faults.length > 0) return faults
  const rules = withAnnotations(module.rules, annotations, about)
  if (rules !== undefined) return { ...module, annotations, rules }
  return [{ code: 'rego_parse_error', message: 'too many annotations for the rules below them', at: blocks[0]!.at }]
}

interface Placed {
  readonly annotations: readonly Annotations[]
  /** Of each what it is said of. */
  readonly about: readonly (Target | undefined)[]
  readonly faults: readonly Diagnostic[]
}

/** Gives every block its scope, by what is below it. */
export function placeAnnotations(module: Targets, blocks: readonly AnnotationBlock[]): Placed {
  const below = targetsOf(module)
  const annotations: Annotations[] = []
  const about: (Target | undefined)[] = []
  const faults: Diagnostic[] = []
  for (const block of blocks) {
    const target = below(block.at.row)
    const scope = block.scope || impliedScope(target, block.entrypoint === true)
    for (const message of faultsOf(scope, target, block.entrypoint === true))
      faults.push({ code: 'rego_parse_error', message, at: block.at })
    if (!isScope(scope)) continue
    annotations.push({ ...block, scope })
    about.push(target)
  }
  return { annotations, about, faults }
}

function impliedScope(target: Target | undefined, entrypoint: boolean): string {
  if (target?.kind === 'rule') return entrypoint ? 'document' : 'rule'
  // Of an import there is none to be had; it is named in the message.
  return target?.kind ?? ''
}

const isScope = (scope: string): scope is AnnotationScope => ['rule', 'document', 'package', 'subpackages'].includes(scope)

function faultsOf(scope: string, target: Target | undefined, entrypoint: boolean): readonly string[] {
  const faults: string[] = []
  if (!isScope(scope)) faults.push(`invalid annotation scope '${scope}'. Use one of 'rule', 'document', 'package', or 'subpackages'`)
  else {
    const wanted = scope === 'rule' || scope === 'document' ? 'rule' : 'package'
    const have = target === undefined ? '' : ` (have ${target.kind})`
    if (target?.kind !== wanted) faults.push(`annotation scope '${scope}' must be applied to ${wanted}${have}`)
  }
  if (entrypoint && scope !== 'document' && scope !== 'package') {
    faults.push(`annotation entrypoint applied to non-document or package scope '${scope}'`)
  }
  return faults
}

/** Blocks of one path: those of its document, those of its rules up to `next` that no rule has taken yet, and those after. */
interface Group {
  readonly document: number[]
  readonly rule: number[]
  next: number
  readonly pending: number[]
}

/**
 * To each rule go the blocks of its document, and those above it that no earlier rule has taken; of these each rule takes the last.
 * Undefined where that would be too many.
 */
function withAnnotations(
  rules: readonly Rule[],
  all: readonly Annotations[],
  about: readonly (Target | undefined)[],
): readonly Rule[] | undefined {
  const groups = new Map<string, Group>()
  for (const [at, { scope }] of all.entries()) {
    const target = about[at]
    if (target?.kind !== 'rule' || (scope !== 'document' && scope !== 'rule')) continue
    groups.getOrInsertComputed(pathKey(target), () => ({ document: [], rule: [], next: 0, pending: [] }))[scope].push(at)
  }
  if (groups.size === 0) return rules
  let left = MAX_ATTACHED
  const attached: Rule[] = []
  for (const rule of rules) {
    const group = groups.get(pathKey(rule))
    if (group === undefined) {
      attached.push(rule)
      continue
    }
    const { document, pending } = group
    for (; group.next < group.rule.length; group.next++) {
      const at = group.rule[group.next]!
      if (all[at]!.at.row >= rule.at.row) break
      pending.push(at)
    }
    left -= document.length + pending.length
    if (left < 0) return undefined
    attached.push({ ...rule, annotations: [...document, ...pending].sort((a, b) => a - b).map((at) => all[at]!) })
    pending.pop()
  }
  return attached
}

/** The part of a rule's ref that has no variables. */
function pathKey({ head: { ref } }: Rule): string {
  return groundPrefix(ref.parts).map(termKey).join('.')
}
