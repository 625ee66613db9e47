// Rules that cannot stand together.
import type { Diagnostic } from '../errors.ts'
import type { Head, Location, Term } from '../syntax/ast.ts'
import { groundPrefix, isGroundRef } from '../syntax/ground.ts'
import { compareRefs, isPrefix } from '../syntax/order.ts'
import { nodeAt, type RuleNode } from './compiled.ts'
import type { Compilation, DraftModule, DraftRule } from './draft.ts'
import { renamed } from './map.ts'
import { partsText, refText } from './text.ts'
import type { TreeNode } from './tree.ts'

/** Whether many rules give the members of one set. */
const isMultiValue = (head: Head) => head.value === undefined

const arity = (head: Head) => head.args?.length ?? 0

export function checkConflicts(
  tree: TreeNode,
  { modules, report, written }: Compilation,
  exists?: (path: readonly string[]) => boolean,
): void {
  tree.depthFirst((node) => {
    const [first] = node.rules
    if (first === undefined) return false
    const text = (parts: readonly Term[]) => partsText(parts.map((part) => renamed(part, written)))
    const name = () => text(node.rules.at(-1)!.path.parts)
    const defaults = node.rules.filter((rule) => rule.default)
    const conflicts = conflictsBelow(node)
    if (conflicts.length > 0) {
      const list = conflicts.map(({ parts, at }) => `\n  rule ${text(parts)} at ${placeText(at)}`).join('')
      report.add('rego_type_error', first.at, `rule ${name()} conflicts with:${list}`)
    } else if (areMixed(node.rules)) {
      report.add('rego_type_error', first.at, `conflicting rules ${name()} found`)
    } else if (defaults.length > 1) {
      const places = defaults.map((rule) => placeText(rule.at)).join(', ')
      report.add('rego_type_error', defaults[0]!.module.package.at, `multiple default rules ${name()} found at ${places}`)
    }
    return false
  })
  if (exists !== undefined) for (const { code, at, message } of dataConflicts(tree, exists)) report.add(code, at, message)
  checkPackages(modules, tree, report)
}

export const placeText = ({ file, row, col }: Location) => (file === '' ? `${row}:${col}` : `${file}:${row}`)

function areMixed(rules: readonly DraftRule[]): boolean {
  const kinds = new Set<string>()
  const shapes = new Set<boolean>()
  const arities = new Set<number>()
  const sets = new Set<boolean>()
  for (const { head, path } of rules) {
    const multi = isMultiValue(head)
    kinds.add(multi ? 'multi' : 'single')
    shapes.add(!multi && isGroundRef(head.ref))
    arities.add(arity(head))
    if (multi) sets.add(isGroundRef(path))
  }
  return kinds.size > 1 || shapes.size > 1 || arities.size > 1 || sets.size > 1
}

interface Conflict {
  readonly parts: readonly Term[]
  readonly at: Location
}

/** A rule without variables in its ref has nothing below it; one with variables, no functions. */
function conflictsBelow(node: TreeNode): readonly Conflict[] {
  if (node.children.size === 0) return []
  if (node.rules.some((rule) => isGroundRef(rule.path))) return below(node, () => true)
  return below(node, ({ head }) => arity(head) > 0)
}

function below(node: TreeNode, is: (rule: DraftRule) => boolean): readonly Conflict[] {
  const found: Conflict[] = []
  for (const child of node.sorted()) {
    child.depthFirst((inner) => {
      for (const rule of inner.rules) if (is(rule)) found.push({ parts: rule.path.parts, at: rule.at })
      return false
    })
  }
  const sorted = found.sort((a, b) => compareRefs(a.parts, b.parts))
  // of refs with the same beginning the shortest: it comes first
  const kept: Conflict[] = []
  for (const one of sorted) if (kept.length === 0 || !isPrefix(kept.at(-1)!.parts, one.parts)) kept.push(one)
  return kept
}

/** What is wrong where base data is and a rule stands. */
export function* dataConflicts(tree: RuleNode, exists: (path: readonly string[]) => boolean): Generator<Diagnostic> {
  function* visit(node: RuleNode, path: readonly string[]): Generator<Diagnostic> {
    if (node.part?.kind !== 'string') return
    const here = [...path, node.part.value]
    const [rule] = node.rules
    if (rule !== undefined && exists(here)) {
      yield { code: 'rego_compile_error', at: rule.at, message: `conflicting rule for data path ${here.join('/')} found` }
      return
    }
    for (const child of node.children.values()) yield* visit(child, here)
  }
  for (const child of tree.children.get('data')?.children.values() ?? []) yield* visit(child, [])
}

/** A package must not have the name of a rule of the package around it. */
function checkPackages(modules: readonly DraftModule[], tree: TreeNode, report: Compilation['report']): void {
  if (modules.length < 2) return
  const packages = new Map<TreeNode, DraftModule[]>()
  for (const module of modules) {
    const node = nodeAt(tree, module.package.path.parts)
    if (node === undefined) continue
    const others = packages.get(node)
    if (others === undefined) packages.set(node, [module])
    else others.push(module)
  }
  for (const module of modules) {
    for (const rule of module.rules) {
      const { ref } = rule.head
      if (groundPrefix(ref.parts).length < ref.parts.length) continue
      const node = nodeAt(tree, rule.path.parts)
      for (const other of (node && packages.get(node)) ?? []) {
        if (other === module) continue
        const message = `package ${partsText(other.package.path.parts.slice(1))} conflicts with rule ${refText(ref)} defined at ${placeText(rule.at)}`
        report.add('rego_type_error', module.package.at, message)
      }
    }
  }
}
