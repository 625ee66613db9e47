// What METADATA blocks say of rules and of the packages around them.
import type { Annotations, Import, Package, Term } from '../syntax/ast.ts'
import { placeText } from './conflicts.ts'
import type { DraftModule, DraftRule } from './draft.ts'
import { compareLocations } from './order.ts'
import type { Report } from './report.ts'
import { groundPrefix } from './terms.ts'
import { partsText } from './text.ts'

/** An annotation and the path of what it is of. */
export interface Link {
  readonly path: readonly Term[]
  readonly annotations: Annotations | undefined
}

type Statement = Package | Import | DraftRule

export class AnnotationSet {
  readonly #byRule = new Map<DraftRule, Annotations[]>()
  /** By the text of the package's path. */
  readonly #byPackage = new Map<string, Annotations>()
  /** Of documents and of packages with all below them, by the text of their path. */
  readonly #byPath = new Map<string, Annotations>()

  constructor(modules: readonly DraftModule[], report: Report) {
    for (const module of modules) {
      if (module.annotations.length === 0) continue
      const statements = [module.package, ...module.imports, ...module.rules].sort((a, b) => a.at.row - b.at.row)
      for (const one of module.annotations) this.#add(one, firstBelow(statements, one.at.row), report)
    }
  }

  #add(one: Annotations, target: Statement | undefined, report: Report): void {
    if (target === undefined || target.kind === 'import') return
    const path = partsText(target.kind === 'rule' ? groundPrefix(target.path.parts) : target.path.parts)
    const isOfRule = one.scope === 'rule' || one.scope === 'document'
    if (isOfRule !== (target.kind === 'rule')) return
    if (one.scope === 'rule' && target.kind === 'rule') {
      this.#byRule.set(target, [...(this.#byRule.get(target) ?? []), one])
      return
    }
    const places = one.scope === 'package' ? this.#byPackage : this.#byPath
    const other = places.get(path)
    if (other === undefined) places.set(path, one)
    else report.add('rego_type_error', one.at, `${one.scope} annotation redeclared: ${placeText(other.at)}`)
  }

  /** Of the blocks over a rule the first. */
  primary(rule: DraftRule): Annotations | undefined {
    return this.#byRule.get(rule)?.toSorted((a, b) => compareLocations(a.at, b.at))[0]
  }

  /** From the block next to the rule outwards; of the rule there is always something. */
  chain(rule: DraftRule): readonly Link[] {
    const path = groundPrefix(rule.path.parts)
    const own = this.#byRule.get(rule)?.toSorted((a, b) => compareLocations(b.at, a.at)) ?? [undefined]
    const links = own.map((annotations): Link => ({ path, annotations }))
    const add = (at: readonly Term[], annotations: Annotations | undefined) => {
      if (annotations !== undefined) links.push({ path: at, annotations })
    }
    const packagePath = rule.module.package.path.parts
    add(path, this.#byPath.get(partsText(path)))
    add(packagePath, this.#byPackage.get(partsText(packagePath)))
    for (let end = packagePath.length; end > 0; end--) {
      const around = packagePath.slice(0, end)
      const annotations = this.#byPath.get(partsText(around))
      if (annotations?.scope === 'subpackages') add(around, annotations)
    }
    return links
  }
}

function firstBelow(statements: readonly Statement[], row: number): Statement | undefined {
  let [from, to] = [0, statements.length]
  while (from < to) {
    const middle = (from + to) >> 1
    if (statements[middle]!.at.row > row) to = middle
    else from = middle + 1
  }
  return statements[from]
}
