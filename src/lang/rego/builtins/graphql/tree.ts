// Syntax trees of GraphQL to and from values, with the JSON of gqlparser: without what is empty, and without positions.
import type {
  Argument,
  ArgumentDefinition,
  ChildValue,
  Definition,
  Directive,
  DirectiveDefinition,
  FieldDefinition,
  FragmentDefinition,
  Value as Literal,
  OperationDefinition,
  QueryDocument,
  SchemaDefinition,
  SchemaDocument,
  Selection,
  Type,
  VariableDefinition,
} from '../../../graphql/ast.ts'
import { type Budget, GraphqlDepthError, GraphqlError, MAX_DEPTH } from '../../../graphql/errors.ts'
import { toInt } from '../../values/decimal.ts'
import { isArray, isNumber, RegoObject, type Value } from '../../values/value.ts'

type Plain = undefined | string | number | boolean | readonly Plain[] | object

/** Objects and lists that hold nothing are left out. */
export function treeValue(node: QueryDocument | SchemaDocument): RegoObject {
  return objectValue(node)
}

function objectValue(node: object): RegoObject {
  const object = new RegoObject()
  for (const [name, part] of Object.entries(node)) {
    const value = name === 'node' ? undefined : partValue(part as Plain)
    if (value !== undefined) object.set(name, value)
  }
  return object
}

function partValue(part: Plain): Value | undefined {
  if (typeof part !== 'object') return part
  if (isList(part)) {
    const list = part.map(partValue).filter((item) => item !== undefined)
    return list.length > 0 ? list : undefined
  }
  const object = objectValue(part)
  return object.size > 0 ? object : undefined
}

const isList = (part: object): part is readonly Plain[] => Array.isArray(part)

/** @throws GraphqlError for what is no tree of a query, or GraphqlDepthError */
export function queryOf(value: RegoObject, budget: Budget): QueryDocument {
  const read = new TreeReader(budget)
  return { Operations: read.list(value, 'Operations', read.operation), Fragments: read.list(value, 'Fragments', read.fragment) }
}

/** @throws GraphqlError for what is no tree of a schema, or GraphqlDepthError */
export function schemaOf(value: RegoObject, budget: Budget): SchemaDocument {
  const read = new TreeReader(budget)
  return {
    Schema: read.list(value, 'Schema', read.schema),
    SchemaExtension: read.list(value, 'SchemaExtension', read.schema),
    Directives: read.list(value, 'Directives', read.directiveDefinition),
    Definitions: read.list(value, 'Definitions', read.definition),
    Extensions: read.list(value, 'Extensions', read.definition),
    Comment: comment(value, 'Comment'),
  }
}

/** What is not there is empty, and so is null; what is of another type is refused. */
class TreeReader {
  readonly #budget: Budget
  #depth = 0

  constructor(budget: Budget) {
    this.#budget = budget
  }

  list<T>(from: RegoObject, name: string, read: (item: RegoObject) => T): readonly T[] {
    const value = from.get(name) ?? null
    if (value === null) return []
    if (!isArray(value)) throw wrong(name)
    this.#budget(value.length)
    if (++this.#depth > MAX_DEPTH) throw new GraphqlDepthError()
    const list = value.map((item) => (item instanceof RegoObject ? read.call(this, item) : throwWrong(name)))
    this.#depth--
    return list
  }

  operation = (from: RegoObject): OperationDefinition => ({
    Operation: text(from, 'Operation'),
    Name: text(from, 'Name'),
    VariableDefinitions: this.list(from, 'VariableDefinitions', this.variable),
    Directives: this.list(from, 'Directives', this.directive),
    SelectionSet: this.selections(from),
  })

  fragment = (from: RegoObject): FragmentDefinition => ({
    Name: text(from, 'Name'),
    VariableDefinition: this.list(from, 'VariableDefinition', this.variable),
    TypeCondition: text(from, 'TypeCondition'),
    Directives: this.list(from, 'Directives', this.directive),
    SelectionSet: this.selections(from),
  })

  /** gqlparser takes every selection for a field, and so loses what a spread or an inline fragment says; OPA answers by that. */
  selections(from: RegoObject): readonly Selection[] {
    return this.list(from, 'SelectionSet', (item) => ({
      node: 'field' as const,
      Alias: text(item, 'Alias'),
      Name: text(item, 'Name'),
      Arguments: this.list(item, 'Arguments', this.argument),
      Directives: this.list(item, 'Directives', this.directive),
      SelectionSet: this.selections(item),
    }))
  }

  variable = (from: RegoObject): VariableDefinition => ({
    Variable: text(from, 'Variable'),
    Type: this.type(from, 'Type'),
    DefaultValue: this.optionalLiteral(from, 'DefaultValue'),
    Directives: this.list(from, 'Directives', this.directive),
    Comment: comment(from, 'Comment'),
    Used: false,
  })

  directive = (from: RegoObject): Directive => ({
    Name: text(from, 'Name'),
    Arguments: this.list(from, 'Arguments', this.argument),
    Location: '',
  })

  argument = (from: RegoObject): Argument => ({
    Name: text(from, 'Name'),
    Value: this.literal(from, 'Value'),
    Comment: comment(from, 'Comment'),
  })

  child = (from: RegoObject): ChildValue => ({
    Name: text(from, 'Name'),
    Value: this.literal(from, 'Value'),
    Comment: comment(from, 'Comment'),
  })

  optionalLiteral(from: RegoObject, name: string): Literal | undefined {
    return (from.get(name) ?? null) === null ? undefined : this.literal(from, name)
  }

  literal(from: RegoObject, name: string): Literal {
    const value = from.get(name)
    if (!(value instanceof RegoObject)) throw wrong(name)
    const kind = value.get('Kind') ?? 0
    const Kind = isNumber(kind) ? toInt(kind) : undefined
    if (Kind === undefined || Kind < 0 || Kind > 9) throw wrong('Kind')
    const Children = this.list(value, 'Children', this.child)
    return { Kind, Raw: text(value, 'Raw'), Children, Comment: comment(value, 'Comment'), ExpectedTypeHasDefault: false }
  }

  type(from: RegoObject, name: string): Type {
    const value = from.get(name)
    if (!(value instanceof RegoObject)) throw wrong(name)
    const NamedType = text(value, 'NamedType')
    if (++this.#depth > MAX_DEPTH) throw new GraphqlDepthError()
    const Elem = (value.get('Elem') ?? null) === null ? undefined : this.type(value, 'Elem')
    this.#depth--
    if (NamedType === '' && Elem === undefined) throw wrong(name)
    return { NamedType, Elem, NonNull: flag(value, 'NonNull') }
  }

  schema = (from: RegoObject): SchemaDefinition => ({
    ...described(from),
    Directives: this.list(from, 'Directives', this.directive),
    OperationTypes: this.list(from, 'OperationTypes', (item) => ({
      Operation: text(item, 'Operation'),
      Type: text(item, 'Type'),
      Comment: comment(item, 'Comment'),
    })),
    EndOfDefinitionComment: comment(from, 'EndOfDefinitionComment'),
  })

  definition = (from: RegoObject): Definition => ({
    ...described(from),
    Kind: text(from, 'Kind'),
    Name: text(from, 'Name'),
    Directives: this.list(from, 'Directives', this.directive),
    Interfaces: texts(from, 'Interfaces'),
    Fields: this.list(from, 'Fields', this.field),
    Types: texts(from, 'Types'),
    EnumValues: this.list(from, 'EnumValues', (item) => ({
      ...described(item),
      Name: text(item, 'Name'),
      Directives: this.list(item, 'Directives', this.directive),
    })),
    BuiltIn: flag(from, 'BuiltIn'),
    EndOfDefinitionComment: comment(from, 'EndOfDefinitionComment'),
  })

  argumentDefinition = (from: RegoObject): ArgumentDefinition => ({
    ...described(from),
    Name: text(from, 'Name'),
    Type: this.type(from, 'Type'),
    DefaultValue: this.optionalLiteral(from, 'DefaultValue'),
    Directives: this.list(from, 'Directives', this.directive),
  })

  field = (from: RegoObject): FieldDefinition => ({
    ...this.argumentDefinition(from),
    Arguments: this.list(from, 'Arguments', this.argumentDefinition),
  })

  directiveDefinition = (from: RegoObject): DirectiveDefinition => ({
    ...described(from),
    Name: text(from, 'Name'),
    Arguments: this.list(from, 'Arguments', this.argumentDefinition),
    Locations: texts(from, 'Locations'),
    IsRepeatable: flag(from, 'IsRepeatable'),
  })
}

const described = (from: RegoObject) => ({
  Description: text(from, 'Description'),
  BeforeDescriptionComment: comment(from, 'BeforeDescriptionComment'),
  AfterDescriptionComment: comment(from, 'AfterDescriptionComment'),
})

function text(from: RegoObject, name: string): string {
  const value = from.get(name) ?? ''
  return typeof value === 'string' ? value : throwWrong(name)
}

function flag(from: RegoObject, name: string): boolean {
  const value = from.get(name) ?? false
  return typeof value === 'boolean' ? value : throwWrong(name)
}

function texts(from: RegoObject, name: string): readonly string[] {
  const value = from.get(name) ?? []
  if (!isArray(value)) throw wrong(name)
  return value.map((item) => (typeof item === 'string' ? item : throwWrong(name)))
}

function comment(from: RegoObject, name: string) {
  const value = from.get(name) ?? null
  if (value === null) return undefined
  if (!(value instanceof RegoObject)) throw wrong(name)
  const list = value.get('List') ?? []
  if (!isArray(list)) throw wrong(name)
  return { List: list.map((item) => ({ Value: item instanceof RegoObject ? text(item, 'Value') : throwWrong(name) })) }
}

const wrong = (name: string) => new GraphqlError(`"${name}" of a syntax tree is missing, or of another type`)

function throwWrong(name: string): never {
  throw wrong(name)
}
