import {
  type ArgumentDefinition,
  byName,
  type Definition,
  type Directive,
  type DirectiveDefinition,
  KIND,
  type SchemaDefinition,
  type Type,
} from './ast.ts'
import { type Budget, GraphqlDepthError, GraphqlError, MAX_DEPTH } from './errors.ts'
import type { Schema } from './schema.ts'
import { definitionOf, isCompatible, isCovariant, isInputType } from './types.ts'

type Types = Pick<Schema, 'types' | 'directives' | 'possible'>

/** @throws GraphqlError for the first rule that is broken */
export function checkSchema(schema: Types, schemas: readonly SchemaDefinition[], budget: Budget): void {
  const checker = new Checker(schema, budget)
  for (const { Directives } of schemas) checker.directives(Directives, 'SCHEMA', { single: true })
  for (const definition of schema.types.values()) checker.definition(definition)
  checker.inputCircles()
  for (const directive of schema.directives.values()) {
    checkName(directive.Name)
    checker.arguments(directive.Arguments, directive)
  }
}

class Checker {
  readonly #schema: Types
  readonly #budget: Budget

  constructor(schema: Types, budget: Budget) {
    this.#schema = schema
    this.#budget = budget
  }

  definition(definition: Definition): void {
    const { Kind, Name, Fields, EnumValues, Types } = definition
    for (const field of Fields) {
      checkName(field.Name)
      this.#typeOf(field.Type)
      this.arguments(field.Arguments)
      this.directives(field.Directives, Kind === 'INPUT_OBJECT' ? 'INPUT_FIELD_DEFINITION' : 'FIELD_DEFINITION', { single: true })
    }
    for (const member of Types) {
      const { Kind: kind } = this.#named(member)
      if (kind !== 'OBJECT') throw new GraphqlError(`${Kind} type "${member}" must be OBJECT.`)
    }
    for (const name of definition.Interfaces) this.#implements(definition, name)
    this.#members(definition)
    once(
      Fields.map((field) => field.Name),
      `Field ${Name}`,
    )
    once(
      EnumValues.map((value) => value.Name),
      `Enum value ${Name}`,
    )
    once(Types, `Union type ${Name}`)
    if (!definition.BuiltIn) checkName(Name)
    // Those of a type and its extensions stand in different places, so one may be there twice.
    this.directives(definition.Directives, Kind, { single: false })
  }

  #members({ Kind, Name, Fields, EnumValues }: Definition): void {
    if (Kind === 'OBJECT' || Kind === 'INTERFACE' || Kind === 'INPUT_OBJECT') {
      if (Fields.length === 0) throw new GraphqlError(`${Kind} ${Name}: must define one or more fields.`)
      for (const field of Fields) {
        const type = this.#typeOf(field.Type)
        const fits = Kind === 'INPUT_OBJECT' ? isInputType(type) : type.Kind !== 'INPUT_OBJECT'
        if (!fits) throw new GraphqlError(`${Kind} ${Name}: field ${field.Name} cannot be a ${type.Kind}.`)
      }
    }
    if (Kind === 'ENUM') {
      if (EnumValues.length === 0) throw new GraphqlError(`${Kind} ${Name}: must define one or more unique enum values.`)
      for (const value of EnumValues) {
        if (['true', 'false', 'null'].includes(value.Name)) throw new GraphqlError(`${Kind} ${Name}: non-enum value ${value.Name}.`)
        this.directives(value.Directives, 'ENUM_VALUE', { single: true })
      }
    }
  }

  arguments(list: readonly ArgumentDefinition[], of?: DirectiveDefinition): void {
    for (const argument of list) {
      checkName(argument.Name)
      const { Kind } = this.#typeOf(argument.Type)
      if (Kind !== 'SCALAR' && Kind !== 'ENUM' && Kind !== 'INPUT_OBJECT') {
        throw new GraphqlError(`cannot use a ${Kind} as argument ${argument.Name}`)
      }
      this.directives(argument.Directives, 'ARGUMENT_DEFINITION', { single: true, of })
    }
  }

  directives(
    list: readonly Directive[],
    location: string,
    { single, of }: { single: boolean; of?: DirectiveDefinition | undefined },
  ): void {
    const seen = new Set<string>()
    for (const { Name, Arguments } of list) {
      this.#budget(1 + Arguments.length)
      checkName(Name)
      if (Name === of?.Name) throw new GraphqlError(`Directive ${Name} cannot refer to itself.`)
      const definition = this.#schema.directives.get(Name)
      if (definition === undefined) throw new GraphqlError(`Undefined directive ${Name}.`)
      if (single && seen.has(Name) && !definition.IsRepeatable) {
        throw new GraphqlError(`The directive ${Name} can only be used once at this location.`)
      }
      seen.add(Name)
      if (!definition.Locations.includes(location)) throw new GraphqlError(`Directive ${Name} is not applicable on ${location}.`)
      const unknown = Arguments.find((argument) => byName(definition.Arguments, argument.Name) === undefined)
      if (unknown !== undefined) throw new GraphqlError(`Undefined argument ${unknown.Name} for directive ${Name}.`)
      const missing = definition.Arguments.filter(isRequired).find((wanted) => {
        const given = byName(Arguments, wanted.Name)
        return given === undefined || given.Value.Kind === KIND.null
      })
      if (missing !== undefined) throw new GraphqlError(`Argument ${missing.Name} for directive ${Name} cannot be null.`)
    }
  }

  #implements(definition: Definition, name: string): void {
    const from = this.#named(name)
    const { Name } = definition
    if (from.Kind !== 'INTERFACE') throw new GraphqlError(`"${name}" is a non interface type ${from.Kind}.`)
    this.#budget(from.Fields.length * definition.Fields.length)
    for (const wanted of from.Fields) {
      const found = byName(definition.Fields, wanted.Name)
      const fault = (what: string) => new GraphqlError(`For ${Name} to implement ${name} ${what}`)
      if (found === undefined) throw fault(`it must have a field called ${wanted.Name}.`)
      if (!isCovariant(this.#schema, wanted.Type, found.Type)) throw fault(`the field ${wanted.Name} must have another type.`)
      for (const argument of wanted.Arguments) {
        const other = byName(found.Arguments, argument.Name)
        if (other === undefined || !isCompatible(argument.Type, other.Type)) {
          throw fault(`the field ${wanted.Name} must have the same arguments, and ${argument.Name} is missing or of another type.`)
        }
      }
      const extra = found.Arguments.find((argument) => isRequired(argument) && byName(wanted.Arguments, argument.Name) === undefined)
      if (extra !== undefined) throw fault(`the argument ${extra.Name} on ${wanted.Name} must be optional.`)
    }
    const missing = from.Interfaces.find((each) => !definition.Interfaces.includes(each))
    if (missing !== undefined) throw new GraphqlError(`Type ${Name} must implement ${missing} because it is implemented by ${name}.`)
  }

  /** Input objects of which none could ever be written, since each needs another (§3.10). */
  inputCircles(): void {
    const done = new Set<string>()
    const path = new Set<string>()
    const visit = (definition: Definition) => {
      if (path.has(definition.Name)) throw new GraphqlError(`Cannot reference Input Object "${definition.Name}" within itself.`)
      if (done.has(definition.Name)) return
      if (path.size > MAX_DEPTH) throw new GraphqlDepthError()
      done.add(definition.Name)
      path.add(definition.Name)
      for (const { Type } of definition.Fields) {
        const next = Type.NonNull && Type.NamedType !== '' ? this.#schema.types.get(Type.NamedType) : undefined
        if (next?.Kind === 'INPUT_OBJECT') visit(next)
      }
      path.delete(definition.Name)
    }
    for (const definition of this.#schema.types.values()) if (definition.Kind === 'INPUT_OBJECT') visit(definition)
  }

  #typeOf(type: Type): Definition {
    this.#budget(1)
    const definition = definitionOf(this.#schema, type)
    if (definition === undefined) throw new GraphqlError('Undefined type.')
    return definition
  }

  #named(name: string): Definition {
    const definition = this.#schema.types.get(name)
    if (definition === undefined) throw new GraphqlError(`Undefined type "${name}".`)
    return definition
  }
}

export const isRequired = ({ Type, DefaultValue }: ArgumentDefinition) => Type.NonNull && DefaultValue === undefined

function checkName(name: string): void {
  if (name.startsWith('__')) throw new GraphqlError(`Name "${name}" must not begin with "__", which is reserved by GraphQL introspection.`)
}

function once(names: readonly string[], what: string): void {
  if (new Set(names).size < names.length) throw new GraphqlError(`${what} has a part twice.`)
}
