// Whether fields of one name in the answer can be merged (§5.3.2): they are the same field with the same arguments and types that fit.
import { type Argument, type Field, type FragmentDefinition, KIND, type Selection, type Type, type Value } from './ast.ts'
import { type Budget, GraphqlError } from './errors.ts'
import type { Schema } from './schema.ts'
import type { Meaning } from './validate.ts'

/** Steps of one comparison: pairs of fields are what hostile queries are made of. */
const COMPARISON = 10

interface Collected {
  readonly fields: ReadonlyMap<string, readonly Field[]>
  /** Names of fragments that are spread. */
  readonly spreads: readonly string[]
}

export class Overlap {
  readonly #schema: Schema
  readonly #fragments: ReadonlyMap<string, FragmentDefinition>
  readonly #meanings: ReadonlyMap<Field, Meaning>
  readonly #budget: Budget
  readonly #collected = new Map<readonly Selection[], Collected>()
  /** Pairs of fragments that were compared, and whether only as ones that exclude each other. */
  readonly #pairs = new Map<string, boolean>()
  #compared = new Set<string>()

  constructor(schema: Schema, fragments: ReadonlyMap<string, FragmentDefinition>, meanings: ReadonlyMap<Field, Meaning>, budget: Budget) {
    this.#schema = schema
    this.#fragments = fragments
    this.#meanings = meanings
    this.#budget = budget
  }

  /** @throws GraphqlError where two fields cannot be merged */
  within(selections: readonly Selection[]): void {
    const { fields, spreads } = this.#collect(selections)
    for (const list of fields.values()) {
      for (const [at, field] of list.entries()) for (let next = at + 1; next < list.length; next++) this.#compare(false, field, list[next]!)
    }
    this.#compared = new Set()
    for (const [at, spread] of spreads.entries()) {
      this.#withFragment(false, fields, spread)
      for (let next = at + 1; next < spreads.length; next++) this.#betweenFragments(false, spread, spreads[next]!)
    }
  }

  #withFragment(exclusive: boolean, fields: Collected['fields'], name: string): void {
    if (this.#compared.has(name)) return
    this.#compared.add(name)
    const fragment = this.#fragments.get(name)
    if (fragment === undefined) return
    const other = this.#collect(fragment.SelectionSet)
    if (other.fields === fields) return
    this.#between(exclusive, fields, other.fields)
    for (const spread of other.spreads) if (spread !== name) this.#withFragment(exclusive, fields, spread)
  }

  #betweenFragments(exclusive: boolean, one: string, two: string): void {
    this.#budget(1)
    const pair = JSON.stringify(one < two ? [one, two] : [two, one])
    const before = this.#pairs.get(pair)
    if (one === two || before === false || (before === true && exclusive)) return
    this.#pairs.set(pair, exclusive)
    const [a, b] = [this.#fragments.get(one), this.#fragments.get(two)]
    if (a === undefined || b === undefined) return
    const [left, right] = [this.#collect(a.SelectionSet), this.#collect(b.SelectionSet)]
    this.#between(exclusive, left.fields, right.fields)
    for (const spread of right.spreads) this.#betweenFragments(exclusive, one, spread)
    for (const spread of left.spreads) this.#betweenFragments(exclusive, spread, two)
  }

  #between(exclusive: boolean, left: Collected['fields'], right: Collected['fields']): void {
    for (const [name, fields] of left) {
      for (const field of fields) for (const other of right.get(name) ?? []) this.#compare(exclusive, field, other)
    }
  }

  #compare(parentsExclude: boolean, one: Field, two: Field): void {
    this.#budget(COMPARISON)
    const [a, b] = [this.#meanings.get(one), this.#meanings.get(two)]
    if (a?.parent === undefined || b?.parent === undefined) return
    const objects = a.parent.Kind === 'OBJECT' && b.parent.Kind === 'OBJECT' && a.definition !== undefined && b.definition !== undefined
    const exclusive = parentsExclude || (objects && a.parent.Name !== b.parent.Name)
    if (!exclusive && (one.Name !== two.Name || !sameArguments(one.Arguments, two.Arguments)))
      throw conflict(one, 'they are different fields')
    if (a.definition !== undefined && b.definition !== undefined && this.#typesConflict(a.definition.Type, b.definition.Type)) {
      throw conflict(one, 'they return conflicting types')
    }
    this.#betweenSelections(exclusive, one.SelectionSet, two.SelectionSet)
  }

  #betweenSelections(exclusive: boolean, one: readonly Selection[], two: readonly Selection[]): void {
    const [left, right] = [this.#collect(one), this.#collect(two)]
    this.#between(exclusive, left.fields, right.fields)
    for (const [fields, spreads] of [
      [left.fields, right.spreads],
      [right.fields, left.spreads],
    ] as const) {
      for (const spread of spreads) {
        this.#compared = new Set()
        this.#withFragment(exclusive, fields, spread)
      }
    }
    for (const a of left.spreads) for (const b of right.spreads) this.#betweenFragments(exclusive, a, b)
  }

  #typesConflict(one: Type, two: Type): boolean {
    if (one.Elem !== undefined || two.Elem !== undefined) {
      return one.Elem === undefined || two.Elem === undefined || this.#typesConflict(one.Elem, two.Elem)
    }
    if (one.NonNull !== two.NonNull) return true
    const kinds = [one, two].map(({ NamedType }) => this.#schema.types.get(NamedType)?.Kind)
    return kinds.every((kind) => kind === 'SCALAR' || kind === 'ENUM') && one.NamedType !== two.NamedType
  }

  #collect(selections: readonly Selection[]): Collected {
    const known = this.#collected.get(selections)
    if (known !== undefined) return known
    const fields = new Map<string, Field[]>()
    const spreads: string[] = []
    const visit = (set: readonly Selection[]) => {
      for (const selection of set) {
        if (selection.node === 'inline') visit(selection.SelectionSet)
        else if (selection.node === 'spread') spreads.push(selection.Name)
        else {
          const name = selection.Alias === '' ? selection.Name : selection.Alias
          const list = fields.get(name)
          if (list === undefined) fields.set(name, [selection])
          else list.push(selection)
        }
      }
    }
    visit(selections)
    const collected = { fields, spreads }
    this.#collected.set(selections, collected)
    return collected
  }
}

const conflict = ({ Alias, Name }: Field, why: string) => new GraphqlError(`Fields "${Alias || Name}" conflict because ${why}.`)

function sameArguments(one: readonly Argument[], two: readonly Argument[]): boolean {
  return (
    one.length === two.length && one.every(({ Name, Value }) => two.some((other) => other.Name === Name && sameValue(Value, other.Value)))
  )
}

function sameValue(one: Value, two: Value): boolean {
  const [a, b] = [one, two].map(({ Children = [], Kind }) => (Kind === KIND.object ? Children.toSorted(compareNames) : Children))
  if (one.Kind !== two.Kind || one.Raw !== two.Raw || a!.length !== b!.length) return false
  return a!.every(({ Name, Value }, at) => Name === b![at]!.Name && sameValue(Value, b![at]!.Value))
}

const compareNames = (one: { Name: string }, two: { Name: string }) => (one.Name < two.Name ? -1 : one.Name > two.Name ? 1 : 0)
