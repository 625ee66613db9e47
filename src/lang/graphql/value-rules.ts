import { byName, type Definition, KIND, type Type, type Value, type VariableDefinition } from './ast.ts'
import { GraphqlError } from './errors.ts'
import type { Schema } from './schema.ts'
import { isRequired } from './schema-rules.ts'
import { isCompatible } from './types.ts'

/** What a value is wanted for. */
export interface Expected {
  readonly type: Type
  /** There is something to take where none is given. */
  readonly hasDefault: boolean
  readonly definition: Definition | undefined
}

type Variables = readonly VariableDefinition[]
const OWN_SCALARS: ReadonlySet<string> = new Set(['Int', 'Float', 'String', 'Boolean', 'ID'])
/** The scalars that a literal may stand for (§5.6.1). */
const LITERALS: ReadonlyMap<number, readonly string[]> = new Map([
  [KIND.int, ['Int', 'Float', 'ID']],
  [KIND.float, ['Float']],
  [KIND.string, ['String', 'ID']],
  [KIND.block, ['String', 'ID']],
  [KIND.boolean, ['Boolean']],
])

/** @throws GraphqlError for a value that is not of the type that is wanted, or is none at all */
export function checkValue(
  value: Value,
  expected: Expected | undefined,
  variable: VariableDefinition | undefined,
  variables: Variables,
  schema: Schema,
): void {
  const { Kind, Children = [] } = value
  if (Kind === KIND.object && new Set(Children.map(({ Name }) => Name)).size < Children.length) {
    throw new GraphqlError('There can be only one input field of a name.')
  }
  if (expected?.definition !== undefined) checkLiteral(value, expected.type, expected.definition, variables, schema)
  if (Kind === KIND.variable && variable !== undefined && expected !== undefined) checkPosition(variable, expected)
  if (Kind === KIND.object && expected?.definition !== undefined && isOneOf(expected.definition)) checkOneOfVariables(value, variables)
}

function checkLiteral(value: Value, type: Type, definition: Definition, variables: Variables, schema: Schema): void {
  const { Kind, Raw } = value
  if (Kind === KIND.null && type.NonNull) throw new GraphqlError('Expected a value, found null.')
  if (definition.Kind === 'SCALAR' && !OWN_SCALARS.has(definition.Name)) return
  if (!isReadable(value, variables)) throw new GraphqlError(`Expected value of type "${definition.Name}", found ${Raw}.`)
  const scalars = LITERALS.get(Kind)
  if (scalars !== undefined && !scalars.includes(definition.Name))
    throw new GraphqlError(`Expected value of type "${definition.Name}", found ${Raw}.`)
  if (Kind === KIND.list && type.Elem === undefined) throw new GraphqlError('Expected no list.')
  if (Kind === KIND.enum && (definition.Kind !== 'ENUM' || byName(definition.EnumValues, Raw) === undefined)) {
    throw new GraphqlError(`Value "${Raw}" does not exist in "${definition.Name}".`)
  }
  if (Kind === KIND.object) checkObject(value, definition, schema)
}

function checkObject({ Children = [] }: Value, definition: Definition, schema: Schema): void {
  const given = new Set(Children.map(({ Name }) => Name))
  const missing = definition.Fields.find((field) => isRequired(field) && !given.has(field.Name))
  if (missing !== undefined) throw new GraphqlError(`Field "${definition.Name}.${missing.Name}" is required, and was not provided.`)
  if (isOneOf(definition) && (Children.length !== 1 || Children[0]!.Value.Kind === KIND.null)) {
    throw new GraphqlError(`OneOf Input Object "${definition.Name}" must specify exactly one key, and not null.`)
  }
  const unknown = Children.find(({ Name }) => schema.fieldOf(definition, Name) === undefined)
  if (unknown !== undefined) throw new GraphqlError(`Field "${unknown.Name}" is not defined by type "${definition.Name}".`)
}

const isOneOf = ({ Directives }: Definition) => byName(Directives, 'oneOf') !== undefined

/** Where a default stands in, null does no harm (§5.8.5). */
function checkPosition({ Type, DefaultValue, Variable }: VariableDefinition, { type, hasDefault }: Expected): void {
  const replaced = hasDefault || (DefaultValue !== undefined && DefaultValue.Kind !== KIND.null)
  if (!isCompatible(Type, replaced ? { ...type, NonNull: false } : type)) {
    throw new GraphqlError(`Variable "$${Variable}" is used in a position of another type.`)
  }
}

function checkOneOfVariables({ Children = [] }: Value, variables: Variables): void {
  for (const { Value: child } of Children) {
    const variable = child.Kind === KIND.variable ? variables.find(({ Variable }) => Variable === child.Raw) : undefined
    if (variable !== undefined && !variable.Type.NonNull) throw new GraphqlError(`Variable "$${child.Raw}" must be non-nullable here.`)
  }
}

/** Whether the literal can be held: integers in 64 bits, floats in a double. */
function isReadable({ Kind, Raw, Children = [] }: Value, variables: Variables): boolean {
  if (Kind === KIND.int) return /^[+-]?\d+$/.test(Raw) && BigInt.asIntN(64, BigInt(Raw)) === BigInt(Raw)
  if (Kind === KIND.float) return Number.isFinite(Number(Raw))
  if (Kind === KIND.variable) {
    const value = variables.find(({ Variable }) => Variable === Raw)?.DefaultValue
    return value === undefined || isReadable(value, [])
  }
  return Children.every((child) => isReadable(child.Value, variables))
}
