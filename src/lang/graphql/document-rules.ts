import type { Field, FragmentDefinition, QueryDocument, Selection } from './ast.ts'
import { type Budget, GraphqlDepthError, GraphqlError, MAX_DEPTH } from './errors.ts'

type Fragments = ReadonlyMap<string, FragmentDefinition>

/** Names of operations and of their variables (§5.2, §5.8.1). */
export function checkOperations({ Operations }: QueryDocument): void {
  const seen = new Set<string>()
  for (const { Name, VariableDefinitions } of Operations) {
    if (Name === '' && Operations.length > 1) throw new GraphqlError('This anonymous operation must be the only defined operation.')
    if (seen.has(Name)) throw new GraphqlError(`There can be only one operation named "${Name}".`)
    seen.add(Name)
    const variables = VariableDefinitions.map(({ Variable }) => Variable)
    if (new Set(variables).size < variables.length) throw new GraphqlError('There can be only one variable of a name.')
  }
}

/** A fragment must not spread itself, by whatever way (§5.5.2.2). */
export function checkFragmentCircles({ Fragments }: QueryDocument, fragments: Fragments): void {
  const done = new Set<string>()
  const path = new Set<string>()
  const visit = (fragment: FragmentDefinition) => {
    if (path.has(fragment.Name)) throw new GraphqlError(`Cannot spread fragment "${fragment.Name}" within itself.`)
    if (done.has(fragment.Name)) return
    if (path.size > MAX_DEPTH) throw new GraphqlDepthError()
    done.add(fragment.Name)
    path.add(fragment.Name)
    for (const name of spreadsOf(fragment.SelectionSet)) {
      const next = fragments.get(name)
      if (next !== undefined) visit(next)
    }
    path.delete(fragment.Name)
  }
  for (const fragment of Fragments) visit(fragment)
}

function* spreadsOf(selections: readonly Selection[]): Generator<string> {
  const left = [selections]
  for (let set = left.pop(); set !== undefined; set = left.pop()) {
    for (const selection of set) {
      if (selection.node === 'spread') yield selection.Name
      else left.push(selection.SelectionSet)
    }
  }
}

/** The names of the fields that a selection set asks for, without going below them. */
export function topFields(selections: readonly Selection[], fragments: Fragments): ReadonlySet<string> {
  const names = new Set<string>()
  const entered = new Set<string>()
  const visit = (set: readonly Selection[]) => {
    for (const selection of set) {
      if (selection.node === 'field') names.add(selection.Name)
      else if (selection.node === 'inline') visit(selection.SelectionSet)
      else if (!entered.has(selection.Name)) {
        entered.add(selection.Name)
        visit(fragments.get(selection.Name)?.SelectionSet ?? [])
      }
    }
  }
  visit(selections)
  return names
}

/** Lists of types within lists of types, of which each may be as large as the schema. */
const MAX_LISTS = 3
const LISTS: ReadonlySet<string> = new Set(['fields', 'interfaces', 'possibleTypes', 'inputFields'])

export function introspectsTooDeep(field: Field, fragments: Fragments, budget: Budget): boolean {
  if (field.Name !== '__schema' && field.Name !== '__type') return false
  const path = new Set<string>()
  const isDeep = (set: readonly Selection[], lists: number): boolean =>
    set.some((selection) => {
      budget(1)
      if (selection.node === 'inline') return isDeep(selection.SelectionSet, lists)
      if (selection.node === 'field') {
        const within = LISTS.has(selection.Name) ? lists + 1 : lists
        return within >= MAX_LISTS || isDeep(selection.SelectionSet, within)
      }
      const fragment = fragments.get(selection.Name)
      if (fragment === undefined || path.has(selection.Name)) return false
      path.add(selection.Name)
      const deep = isDeep(fragment.SelectionSet, lists)
      path.delete(selection.Name)
      return deep
    })
  return isDeep(field.SelectionSet, 0)
}
