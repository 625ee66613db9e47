// The syntax tree of GraphQL (October 2021) with the names that gqlparser gives its parts in JSON, since OPA hands that JSON to policies.

export interface CommentGroup {
  readonly List: readonly { readonly Value: string }[]
}

export const KIND = {
  variable: 0,
  int: 1,
  float: 2,
  string: 3,
  block: 4,
  boolean: 5,
  null: 6,
  enum: 7,
  list: 8,
  object: 9,
} as const

export interface Value {
  readonly Kind: number
  readonly Raw: string
  readonly Children?: readonly ChildValue[]
  readonly Comment?: CommentGroup | undefined
  readonly ExpectedTypeHasDefault: false
}

export interface ChildValue {
  /** Empty in lists. */
  readonly Name: string
  readonly Value: Value
  readonly Comment?: CommentGroup | undefined
}

export interface Type {
  /** Empty for a list. */
  readonly NamedType: string
  readonly Elem?: Type | undefined
  readonly NonNull: boolean
}

export interface Argument {
  readonly Name: string
  readonly Value: Value
  readonly Comment?: CommentGroup | undefined
}

export interface Directive {
  readonly Name: string
  readonly Arguments: readonly Argument[]
  readonly Location: ''
}

export interface Field {
  readonly node: 'field'
  readonly Alias: string
  readonly Name: string
  readonly Arguments: readonly Argument[]
  readonly Directives: readonly Directive[]
  readonly SelectionSet: readonly Selection[]
  readonly Comment?: CommentGroup | undefined
}

export interface FragmentSpread {
  readonly node: 'spread'
  readonly Name: string
  readonly Directives: readonly Directive[]
  readonly Comment?: CommentGroup | undefined
}

export interface InlineFragment {
  readonly node: 'inline'
  /** Empty where there is none. */
  readonly TypeCondition: string
  readonly Directives: readonly Directive[]
  readonly SelectionSet: readonly Selection[]
  readonly Comment?: CommentGroup | undefined
}

export type Selection = Field | FragmentSpread | InlineFragment

export interface VariableDefinition {
  readonly Variable: string
  readonly Type: Type
  readonly DefaultValue?: Value | undefined
  readonly Directives: readonly Directive[]
  readonly Comment?: CommentGroup | undefined
  readonly Used: false
}

export interface OperationDefinition {
  /** query, mutation, subscription; empty is query. */
  readonly Operation: string
  readonly Name: string
  readonly VariableDefinitions: readonly VariableDefinition[]
  readonly Directives: readonly Directive[]
  readonly SelectionSet: readonly Selection[]
  readonly Comment?: CommentGroup | undefined
}

export interface FragmentDefinition {
  readonly Name: string
  readonly VariableDefinition: readonly VariableDefinition[]
  readonly TypeCondition: string
  readonly Directives: readonly Directive[]
  readonly SelectionSet: readonly Selection[]
  readonly Comment?: CommentGroup | undefined
}

export interface QueryDocument {
  readonly Operations: readonly OperationDefinition[]
  readonly Fragments: readonly FragmentDefinition[]
}

interface Described {
  readonly Description: string
  readonly BeforeDescriptionComment?: CommentGroup | undefined
  readonly AfterDescriptionComment?: CommentGroup | undefined
}

export interface ArgumentDefinition extends Described {
  readonly Name: string
  readonly Type: Type
  readonly DefaultValue?: Value | undefined
  readonly Directives: readonly Directive[]
}

/** A field of an object or an interface has arguments, one of an input object a default. */
export interface FieldDefinition extends ArgumentDefinition {
  readonly Arguments: readonly ArgumentDefinition[]
}

export interface EnumValueDefinition extends Described {
  readonly Name: string
  readonly Directives: readonly Directive[]
}

export interface Definition extends Described {
  /** SCALAR, OBJECT, INTERFACE, UNION, ENUM or INPUT_OBJECT. */
  readonly Kind: string
  readonly Name: string
  readonly Directives: readonly Directive[]
  readonly Interfaces: readonly string[]
  readonly Fields: readonly FieldDefinition[]
  /** Of a union. */
  readonly Types: readonly string[]
  readonly EnumValues: readonly EnumValueDefinition[]
  readonly BuiltIn: boolean
  readonly EndOfDefinitionComment?: CommentGroup | undefined
}

export interface DirectiveDefinition extends Described {
  readonly Name: string
  readonly Arguments: readonly ArgumentDefinition[]
  readonly Locations: readonly string[]
  readonly IsRepeatable: boolean
}

export interface OperationTypeDefinition {
  readonly Operation: string
  readonly Type: string
  readonly Comment?: CommentGroup | undefined
}

export interface SchemaDefinition extends Described {
  readonly Directives: readonly Directive[]
  readonly OperationTypes: readonly OperationTypeDefinition[]
  readonly EndOfDefinitionComment?: CommentGroup | undefined
}

export interface SchemaDocument {
  readonly Schema: readonly SchemaDefinition[]
  readonly SchemaExtension: readonly SchemaDefinition[]
  readonly Directives: readonly DirectiveDefinition[]
  readonly Definitions: readonly Definition[]
  readonly Extensions: readonly Definition[]
  readonly Comment?: CommentGroup | undefined
}

/** The name at the heart of a type. */
export function namedType(type: Type): string {
  let at = type
  while (at.NamedType === '' && at.Elem !== undefined) at = at.Elem
  return at.NamedType
}

export const byName = <T extends { readonly Name: string }>(list: readonly T[], name: string) => list.find((each) => each.Name === name)
