// What is annotated in modules, by what it is said of: rules, documents, packages and what is below them.
import type { Diagnostic } from '../errors.ts'
import type { Annotations, Location, Module, Package, Ref, Rule, Term } from '../syntax/ast.ts'
import { targetsOf } from '../syntax/attach.ts'
import { groundPrefix } from '../syntax/ground.ts'
import { compareLocations, compareRefs } from '../syntax/order.ts'
import { RegoObject, type Value } from '../values/value.ts'
import { partsText, termText } from './text.ts'

/** Annotations with what they are said of. */
export interface AnnotationEntry {
  /** Of the package, or of the rule as far as it has no variables. */
  readonly path: readonly Term[]
  /** Of the package or rule. */
  readonly at: Location
  /** None for a rule that is the first of its chain and has none of its own. */
  readonly annotations: Annotations | undefined
}

type Entry = AnnotationEntry & { readonly annotations: Annotations }

export class AnnotationSet {
  /** What is said twice of one package or document. */
  readonly faults: readonly Diagnostic[]
  /** By where a rule stands, since the compiler makes rules anew. */
  readonly #rules = new Map<string, Entry[]>()
  readonly #packages = new Map<string, Entry>()
  readonly #paths = new Map<string, Entry>()

  constructor(modules: readonly Module[]) {
    const faults: Diagnostic[] = []
    for (const module of modules) {
      if (module.annotations.length === 0) continue
      const below = targetsOf(module)
      for (const annotations of module.annotations) {
        const target = below(annotations.at.row)
        const earlier = target && this.#add(module, target, annotations)
        if (earlier === undefined) continue
        const message = `${annotations.scope} annotation redeclared: ${earlier.annotations.at.file}:${earlier.annotations.at.row}`
        faults.push({ code: 'rego_type_error', message, at: annotations.at })
      }
    }
    this.faults = faults
  }

  /** What stands there already. */
  #add(module: Module, target: ReturnType<ReturnType<typeof targetsOf>>, annotations: Annotations): Entry | undefined {
    const { scope } = annotations
    if (target?.kind === 'rule' && (scope === 'rule' || scope === 'document')) {
      const entry = { path: groundPrefix(pathOf(module, target)), at: target.at, annotations }
      if (scope === 'document') return put(this.#paths, partsText(entry.path), entry)
      this.#rules.getOrInsertComputed(placeKey(target.at), () => []).push(entry)
    }
    if (target?.kind === 'package' && (scope === 'package' || scope === 'subpackages')) {
      const entry = { path: target.path.parts, at: target.at, annotations }
      return put(scope === 'package' ? this.#packages : this.#paths, partsText(entry.path), entry)
    }
    return undefined
  }

  ofRule(rule: Rule): readonly Annotations[] {
    return (this.#rules.get(placeKey(rule.at)) ?? []).map(({ annotations }) => annotations)
  }

  ofDocument(path: readonly Term[]): Annotations | undefined {
    return this.#paths.get(partsText(path))?.annotations
  }

  ofPackage({ path }: Package): Annotations | undefined {
    return this.#packages.get(partsText(path.parts))?.annotations
  }

  /** From the root to the path itself. */
  aroundPackage({ path }: Package): readonly Annotations[] {
    return this.#around(path.parts).map(({ annotations }) => annotations)
  }

  #around(path: readonly Term[]): readonly Entry[] {
    return path.flatMap((_, at) => this.#paths.get(partsText(path.slice(0, at + 1))) ?? [])
  }

  /** All that says something of a rule, from the nearest to the farthest: the blocks above it, its document, its package, those around. */
  chain(module: Module, rule: Rule): readonly AnnotationEntry[] {
    const own = this.#rules.get(placeKey(rule.at))?.toSorted((a, b) => compareLocations(b.annotations.at, a.annotations.at))
    const path = groundPrefix(pathOf(module, rule))
    const chain: AnnotationEntry[] = own ? [...own] : [{ path, at: rule.at, annotations: undefined }]
    const document = this.#paths.get(partsText(path))
    if (document !== undefined) chain.push(document)
    const named = this.#packages.get(partsText(module.package.path.parts))
    if (named !== undefined) chain.push(named)
    return [...chain, ...this.#around(module.package.path.parts).toReversed()]
  }

  /** All there are, by path and then by place. */
  flat(): readonly AnnotationEntry[] {
    const all = [...this.#paths.values(), ...this.#packages.values(), ...[...this.#rules.values()].flat()]
    return all.sort((a, b) => compareRefs(a.path, b.path) || compareLocations(a.annotations.at, b.annotations.at))
  }
}

const placeKey = ({ file, row, col }: Location) => `${file}:${row}:${col}`

function pathOf(module: Module, rule: Rule): readonly Term[] {
  const [head, ...rest] = rule.head.ref.parts
  const first: Term = head.kind === 'var' ? { kind: 'string', value: head.name, at: head.at } : head
  return [...module.package.path.parts, first, ...rest]
}

function put(entries: Map<string, Entry>, key: string, entry: Entry): Entry | undefined {
  const earlier = entries.get(key)
  if (earlier === undefined) entries.set(key, entry)
  return earlier
}

/** Annotations as `rego.metadata` and OPA's outputs give them, without the place. */
export function annotationValue(said: Annotations): RegoObject {
  const { title, description, entrypoint, organizations, relatedResources, authors, schemas, custom, labels } = said
  const value: [string, Value | undefined][] = [
    ['scope', said.scope],
    ['title', title],
    ['description', description],
    ['entrypoint', entrypoint],
    ['organizations', organizations],
    [
      'related_resources',
      relatedResources?.map((one) =>
        fieldsOf([
          ['ref', one.ref],
          ['description', one.description],
        ]),
      ),
    ],
    [
      'authors',
      authors?.map((one) =>
        fieldsOf([
          ['name', one.name],
          ['email', one.email],
        ]),
      ),
    ],
    [
      'schemas',
      schemas?.map(({ path, schema, definition }) =>
        fieldsOf([
          ['path', refValue(path)],
          ['schema', schema && refValue(schema)],
          ['definition', definition],
        ]),
      ),
    ],
    ['custom', custom && (custom.size > 0 ? custom : undefined)],
    ['labels', labels && (labels.size > 0 ? labels : undefined)],
  ]
  return fieldsOf(value)
}

const fieldsOf = (fields: readonly (readonly [string, Value | undefined])[]): RegoObject =>
  RegoObject.of(fields.flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const])))

const refValue = ({ parts }: Ref): Value => parts.map((part) => (part.kind === 'string' ? part.value : termText(part)))
