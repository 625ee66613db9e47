// What every schema has without saying so: the scalars (§3.5), the directives (§3.13, and the drafts @defer and @oneOf), introspection (§4.2).
import type { SchemaDocument } from './ast.ts'
import { parseSchema } from './parse-schema.ts'

const TEXT = `
scalar Int scalar Float scalar String scalar Boolean scalar ID
directive @defer(if: Boolean = true, label: String) on FRAGMENT_SPREAD | INLINE_FRAGMENT
directive @include(if: Boolean!) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT
directive @skip(if: Boolean!) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT
directive @deprecated(reason: String = "") on FIELD_DEFINITION | ARGUMENT_DEFINITION | INPUT_FIELD_DEFINITION | ENUM_VALUE
directive @specifiedBy(url: String!) on SCALAR
directive @oneOf on INPUT_OBJECT
type __Schema {
  description: String types: [__Type!]! queryType: __Type! mutationType: __Type subscriptionType: __Type directives: [__Directive!]!
}
type __Type {
  kind: __TypeKind! name: String description: String specifiedByURL: String fields(includeDeprecated: Boolean = false): [__Field!]
  interfaces: [__Type!] possibleTypes: [__Type!] enumValues(includeDeprecated: Boolean = false): [__EnumValue!]
  inputFields(includeDeprecated: Boolean = false): [__InputValue!] ofType: __Type isOneOf: Boolean
}
enum __TypeKind { SCALAR OBJECT INTERFACE UNION ENUM INPUT_OBJECT LIST NON_NULL }
type __Field {
  name: String! description: String args(includeDeprecated: Boolean = false): [__InputValue!]! type: __Type! isDeprecated: Boolean!
  deprecationReason: String
}
type __InputValue {
  name: String! description: String type: __Type! defaultValue: String isDeprecated: Boolean! deprecationReason: String
}
type __EnumValue { name: String! description: String isDeprecated: Boolean! deprecationReason: String }
type __Directive {
  name: String! description: String isRepeatable: Boolean! locations: [__DirectiveLocation!]!
  args(includeDeprecated: Boolean = false): [__InputValue!]!
}
enum __DirectiveLocation {
  QUERY MUTATION SUBSCRIPTION FIELD FRAGMENT_DEFINITION FRAGMENT_SPREAD INLINE_FRAGMENT VARIABLE_DEFINITION SCHEMA SCALAR OBJECT
  FIELD_DEFINITION ARGUMENT_DEFINITION INTERFACE UNION ENUM ENUM_VALUE INPUT_OBJECT INPUT_FIELD_DEFINITION
}
`

export const PRELUDE: SchemaDocument = parseSchema(TEXT, () => {}, { builtIn: true })

/** Directives of the prelude that a schema may define anew. */
export const OWN_DIRECTIVES: ReadonlySet<string> = new Set(PRELUDE.Directives.map(({ Name }) => Name))

const type = (NamedType: string, NonNull: boolean) => ({ NamedType, NonNull })
const field = { Description: '', Directives: [], Arguments: [] }

/** Fields of the root of queries (§4.2). */
export const ROOT_FIELDS = [
  { ...field, Name: '__schema', Type: type('__Schema', true) },
  {
    ...field,
    Name: '__type',
    Type: type('__Type', false),
    Arguments: [{ Description: '', Directives: [], Name: 'name', Type: type('String', true) }],
  },
]

/** A field of every composite type (§4.1). */
export const TYPENAME = { ...field, Name: '__typename', Type: type('String', false) }
