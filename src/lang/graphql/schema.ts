// A schema made of its document, and the rules that it must keep (§3), those that gqlparser checks.
import type { Definition, DirectiveDefinition, FieldDefinition, SchemaDefinition, SchemaDocument } from './ast.ts'
import { type Budget, GraphqlError } from './errors.ts'
import { OWN_DIRECTIVES, PRELUDE, ROOT_FIELDS } from './prelude.ts'
import { checkSchema } from './schema-rules.ts'

export interface Schema {
  readonly types: ReadonlyMap<string, Definition>
  readonly directives: ReadonlyMap<string, DirectiveDefinition>
  /** The types that a value of a type may be of. */
  readonly possible: ReadonlyMap<string, readonly Definition[]>
  readonly roots: { readonly query?: Definition; readonly mutation?: Definition; readonly subscription?: Definition }
  fieldOf(definition: Definition, name: string): FieldDefinition | undefined
}

type Root = 'query' | 'mutation' | 'subscription'
const CONVENTIONAL: Readonly<Record<Root, string>> = { query: 'Query', mutation: 'Mutation', subscription: 'Subscription' }

/** @throws GraphqlError for a schema that breaks a rule */
export function buildSchema(document: SchemaDocument, budget: Budget): Schema {
  const types = mergeTypes([...PRELUDE.Definitions, ...document.Definitions], document.Extensions)
  const directives = collectDirectives([...PRELUDE.Directives, ...document.Directives])
  if (document.Schema.length > 1) throw new GraphqlError('Cannot have multiple schema entry points, consider schema extensions instead.')
  const roots = readRoots([...document.Schema, ...document.SchemaExtension], types)
  const schema = { types, directives, possible: possibleTypes(types) }
  checkSchema(schema, [...document.Schema, ...document.SchemaExtension], budget)
  if (document.Schema.length === 0) {
    for (const root of Object.keys(CONVENTIONAL) as Root[]) {
      const definition = types.get(CONVENTIONAL[root])
      if (definition !== undefined) roots[root] ??= definition
    }
  }
  if (roots.query !== undefined) {
    const query = { ...roots.query, Fields: [...roots.query.Fields, ...ROOT_FIELDS] }
    for (const root of Object.keys(CONVENTIONAL) as Root[]) if (roots[root]?.Name === query.Name) roots[root] = query
    types.set(query.Name, query)
  }
  return { ...schema, roots, fieldOf: fieldFinder() }
}

function mergeTypes(definitions: readonly Definition[], extensions: readonly Definition[]): Map<string, Definition> {
  const types = new Map<string, Definition>()
  for (const definition of definitions) {
    if (types.has(definition.Name)) throw new GraphqlError(`Cannot redeclare type ${definition.Name}.`)
    types.set(definition.Name, definition)
  }
  const parts = new Map<string, Definition[]>()
  for (const extension of extensions) {
    const { Name, Kind } = extension
    const base = types.get(Name) ?? {
      ...extension,
      Description: '',
      Directives: [],
      Interfaces: [],
      Fields: [],
      Types: [],
      EnumValues: [],
      BuiltIn: false,
    }
    if (base.Kind !== Kind) throw new GraphqlError(`Cannot extend type ${Name} because the base type is a ${base.Kind}, not ${Kind}.`)
    types.set(Name, base)
    const list = parts.get(Name)
    if (list === undefined) parts.set(Name, [base, extension])
    else list.push(extension)
  }
  for (const [name, list] of parts) {
    types.set(name, {
      ...list[0]!,
      Directives: list.flatMap(({ Directives }) => Directives),
      Interfaces: list.flatMap(({ Interfaces }) => Interfaces),
      Fields: list.flatMap(({ Fields }) => Fields),
      Types: list.flatMap(({ Types }) => Types),
      EnumValues: list.flatMap(({ EnumValues }) => EnumValues),
    })
  }
  return types
}

function collectDirectives(definitions: readonly DirectiveDefinition[]): Map<string, DirectiveDefinition> {
  const directives = new Map<string, DirectiveDefinition>()
  for (const definition of definitions) {
    const { Name } = definition
    if (directives.has(Name) && !OWN_DIRECTIVES.has(Name)) throw new GraphqlError(`Cannot redeclare directive ${Name}.`)
    directives.set(Name, definition)
  }
  return directives
}

function readRoots(schemas: readonly SchemaDefinition[], types: ReadonlyMap<string, Definition>): Partial<Record<Root, Definition>> {
  const roots: Partial<Record<Root, Definition>> = {}
  for (const { Operation, Type } of schemas.flatMap(({ OperationTypes }) => OperationTypes)) {
    const definition = types.get(Type)
    if (definition === undefined) throw new GraphqlError(`Schema root ${Operation} refers to a type ${Type} that does not exist.`)
    if (Object.hasOwn(CONVENTIONAL, Operation)) roots[Operation as Root] = definition
  }
  return roots
}

function possibleTypes(types: ReadonlyMap<string, Definition>): Map<string, Definition[]> {
  const possible = new Map<string, Definition[]>()
  const add = (name: string, definition: Definition | undefined) => {
    if (definition === undefined) return
    const list = possible.get(name)
    if (list === undefined) possible.set(name, [definition])
    else list.push(definition)
  }
  for (const definition of types.values()) {
    const { Kind, Name } = definition
    if (Kind === 'UNION') for (const member of definition.Types) add(Name, types.get(member))
    else if (Kind === 'OBJECT' || Kind === 'INPUT_OBJECT' || Kind === 'INTERFACE') {
      for (const name of definition.Interfaces) add(name, definition)
      if (Kind !== 'INTERFACE') add(Name, definition)
    }
  }
  return possible
}

/** Large types are asked for their fields many times. */
function fieldFinder(): Schema['fieldOf'] {
  const known = new Map<Definition, Map<string, FieldDefinition>>()
  return (definition, name) => {
    let fields = known.get(definition)
    if (fields === undefined) {
      fields = new Map(definition.Fields.toReversed().map((field) => [field.Name, field]))
      known.set(definition, fields)
    }
    return fields.get(name)
  }
}
