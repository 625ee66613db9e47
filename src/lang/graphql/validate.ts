// The rules that a query must keep (§5), walked in the order of gqlparser, which decides what a rule gets to see.
import {
  type Argument,
  type ArgumentDefinition,
  byName,
  type Definition,
  type Directive,
  type DirectiveDefinition,
  type Field,
  type FieldDefinition,
  type FragmentDefinition,
  type InlineFragment,
  KIND,
  type OperationDefinition,
  type QueryDocument,
  type Selection,
  type Value,
  type VariableDefinition,
} from './ast.ts'
import { checkFragmentCircles, checkOperations, introspectsTooDeep, topFields } from './document-rules.ts'
import { type Budget, GraphqlError } from './errors.ts'
import { Overlap } from './overlap.ts'
import { TYPENAME } from './prelude.ts'
import type { Schema } from './schema.ts'
import { isRequired } from './schema-rules.ts'
import { definitionOf, isCompositeType, isInputType, isLeafType } from './types.ts'
import { checkValue, type Expected } from './value-rules.ts'

/** @throws GraphqlError for the first rule that is broken */
export function validateQuery(schema: Schema, document: QueryDocument, budget: Budget): void {
  new Walk(schema, document, budget).document()
}

/** What the schema says of a field. */
export interface Meaning {
  readonly definition: FieldDefinition | undefined
  readonly parent: Definition | undefined
}

class Walk {
  readonly #schema: Schema
  readonly #document: QueryDocument
  readonly #budget: Budget
  readonly #fragments: ReadonlyMap<string, FragmentDefinition>
  readonly #meanings = new Map<Field, Meaning>()
  readonly #overlap: Overlap
  readonly #spread = new Set<string>()
  #visited = new Set<string>()
  #operation: OperationDefinition | undefined
  #used = new Set<VariableDefinition>()

  constructor(schema: Schema, document: QueryDocument, budget: Budget) {
    this.#schema = schema
    this.#document = document
    this.#budget = budget
    this.#fragments = new Map(document.Fragments.toReversed().map((fragment) => [fragment.Name, fragment]))
    this.#overlap = new Overlap(schema, this.#fragments, this.#meanings, budget)
  }

  document(): void {
    checkOperations(this.#document)
    checkFragmentCircles(this.#document, this.#fragments)
    for (const operation of this.#document.Operations) {
      this.#visited = new Set()
      this.#walkOperation(operation)
    }
    const seen = new Set<string>()
    for (const fragment of this.#document.Fragments) {
      this.#visited = new Set()
      this.#walkFragment(fragment)
      if (!this.#spread.has(fragment.Name)) throw new GraphqlError(`Fragment "${fragment.Name}" is never used.`)
      if (seen.has(fragment.Name)) throw new GraphqlError(`There can be only one fragment named "${fragment.Name}".`)
      seen.add(fragment.Name)
    }
  }

  #walkOperation(operation: OperationDefinition): void {
    this.#operation = operation
    this.#used = new Set()
    for (const { Type, Variable } of operation.VariableDefinitions) {
      const definition = definitionOf(this.#schema, Type)
      if (definition === undefined) throw new GraphqlError(`Unknown type of variable "$${Variable}".`)
      if (!isInputType(definition)) throw new GraphqlError(`Variable "$${Variable}" cannot be of a non-input type.`)
    }
    const name = operation.Operation === '' ? 'query' : operation.Operation
    const root = name === 'query' || name === 'mutation' || name === 'subscription' ? this.#schema.roots[name] : undefined
    for (const variable of operation.VariableDefinitions) {
      const { Type, DefaultValue } = variable
      if (DefaultValue !== undefined)
        this.#walkValue(DefaultValue, { type: Type, hasDefault: false, definition: definitionOf(this.#schema, Type) })
      this.#walkDirectives(variable.Directives, 'VARIABLE_DEFINITION')
    }
    this.#walkDirectives(operation.Directives, name.toUpperCase())
    this.#walkSelections(root, operation.SelectionSet)
    if (root === undefined) throw new GraphqlError(`Schema does not support operation type "${operation.Operation}"`)
    this.#overlap.within(operation.SelectionSet)
    if (name === 'subscription') this.#checkSubscription(operation)
    const unused = operation.VariableDefinitions.find((variable) => !this.#used.has(variable))
    if (unused !== undefined) throw new GraphqlError(`Variable "$${unused.Variable}" is never used.`)
    this.#operation = undefined
  }

  #checkSubscription(operation: OperationDefinition): void {
    const fields = topFields(operation.SelectionSet, this.#fragments)
    if (fields.size > 1) throw new GraphqlError('A subscription must select only one top level field.')
    for (const name of fields)
      if (name.startsWith('__')) throw new GraphqlError('A subscription must not select an introspection top level field.')
  }

  #walkFragment(fragment: FragmentDefinition): void {
    const definition = this.#schema.types.get(fragment.TypeCondition)
    this.#walkDirectives(fragment.Directives, 'FRAGMENT_DEFINITION')
    this.#walkSelections(definition, fragment.SelectionSet)
    if (definition === undefined) throw new GraphqlError(`Unknown type "${fragment.TypeCondition}".`)
    if (!isCompositeType(definition)) throw new GraphqlError(`Fragment "${fragment.Name}" cannot condition on a non composite type.`)
    this.#overlap.within(fragment.SelectionSet)
  }

  #walkDirectives(directives: readonly Directive[], location: string): void {
    const seen = new Set<string>()
    for (const { Name, Arguments } of directives) {
      const definition = this.#schema.directives.get(Name)
      this.#walkArguments(Arguments, definition?.Arguments)
      if (definition === undefined) throw new GraphqlError(`Unknown directive "@${Name}".`)
      this.#checkArguments(Arguments, definition, `directive "@${Name}"`)
      if (!definition.Locations.includes(location)) throw new GraphqlError(`Directive "@${Name}" may not be used on ${location}.`)
      if (seen.has(Name) && !definition.IsRepeatable)
        throw new GraphqlError(`The directive "@${Name}" can only be used once at this location.`)
      seen.add(Name)
    }
  }

  #walkArguments(list: readonly Argument[], definitions: readonly ArgumentDefinition[] | undefined): void {
    for (const { Name, Value } of list) {
      const definition = byName(definitions ?? [], Name)
      this.#walkValue(Value, definition && this.#expected(definition))
    }
  }

  #expected({ Type, DefaultValue }: ArgumentDefinition): Expected {
    const hasDefault = DefaultValue !== undefined && DefaultValue.Kind !== KIND.null
    return { type: Type, hasDefault, definition: definitionOf(this.#schema, Type) }
  }

  #checkArguments(list: readonly Argument[], { Arguments }: FieldDefinition | DirectiveDefinition, of: string): void {
    this.#budget(list.length * (1 + Arguments.length))
    const unknown = list.find(({ Name }) => byName(Arguments, Name) === undefined)
    if (unknown !== undefined) throw new GraphqlError(`Unknown argument "${unknown.Name}" on ${of}.`)
    const missing = Arguments.find((wanted) => isRequired(wanted) && byName(list, wanted.Name) === undefined)
    if (missing !== undefined) throw new GraphqlError(`Argument "${missing.Name}" on ${of} is required, but it was not provided.`)
    this.#checkOnce(list, of)
  }

  #checkOnce(list: readonly Argument[], of: string): void {
    if (new Set(list.map(({ Name }) => Name)).size < list.length) throw new GraphqlError(`An argument stands twice on ${of}.`)
  }

  #walkValue(value: Value, expected: Expected | undefined): void {
    this.#budget(1)
    const variable =
      value.Kind === KIND.variable ? this.#operation?.VariableDefinitions.find(({ Variable }) => Variable === value.Raw) : undefined
    if (variable !== undefined) this.#used.add(variable)
    for (const child of value.Children ?? []) this.#walkValue(child.Value, this.#expectedOfChild(value, child.Name, expected))
    if (value.Kind === KIND.variable && variable === undefined && this.#operation !== undefined) {
      throw new GraphqlError(`Variable "$${value.Raw}" is not defined.`)
    }
    const variables = this.#operation?.VariableDefinitions ?? []
    checkValue(value, expected, variable, variables, this.#schema)
  }

  #expectedOfChild({ Kind }: Value, name: string, expected: Expected | undefined): Expected | undefined {
    if (Kind === KIND.object) {
      const field = expected?.definition && this.#schema.fieldOf(expected.definition, name)
      return field && this.#expected(field)
    }
    const element = Kind === KIND.list ? expected?.type.Elem : undefined
    return element && { type: element, hasDefault: false, definition: expected?.definition }
  }

  #walkSelections(parent: Definition | undefined, selections: readonly Selection[]): void {
    for (const selection of selections) {
      this.#budget(1)
      if (selection.node === 'field') this.#walkField(parent, selection)
      else if (selection.node === 'inline') this.#walkInline(parent, selection)
      else this.#walkSpread(parent, selection.Name, selection.Directives)
    }
  }

  #walkField(parent: Definition | undefined, field: Field): void {
    const { Name, Arguments, Directives, SelectionSet } = field
    const definition = Name === '__typename' ? TYPENAME : parent && this.#schema.fieldOf(parent, Name)
    this.#meanings.set(field, { definition, parent })
    const type = definition && definitionOf(this.#schema, definition.Type)
    this.#walkArguments(Arguments, definition?.Arguments)
    this.#walkDirectives(Directives, 'FIELD')
    this.#walkSelections(type, SelectionSet)
    if (parent !== undefined && definition === undefined) throw new GraphqlError(`Cannot query field "${Name}" on type "${parent.Name}".`)
    if (definition !== undefined && parent !== undefined) this.#checkArguments(Arguments, definition, `field "${parent.Name}.${Name}"`)
    else this.#checkOnce(Arguments, `field "${Name}"`)
    if (definition !== undefined && parent === undefined) this.#checkRequired(field, definition)
    if (introspectsTooDeep(field, this.#fragments, this.#budget)) throw new GraphqlError('Maximum introspection depth exceeded')
    if (this.#operation !== undefined) this.#overlap.within(SelectionSet)
    if (type === undefined) return
    if (isLeafType(type) && SelectionSet.length > 0) throw new GraphqlError(`Field "${Name}" must not have a selection of subfields.`)
    if (!isLeafType(type) && SelectionSet.length === 0) throw new GraphqlError(`Field "${Name}" must have a selection of subfields.`)
  }

  #checkRequired({ Arguments, Name }: Field, definition: FieldDefinition): void {
    const missing = definition.Arguments.find((wanted) => isRequired(wanted) && byName(Arguments, wanted.Name) === undefined)
    if (missing !== undefined) throw new GraphqlError(`Field "${Name}" argument "${missing.Name}" is required.`)
  }

  #walkInline(parent: Definition | undefined, inline: InlineFragment): void {
    const { TypeCondition } = inline
    const named = this.#schema.types.get(TypeCondition)
    this.#walkDirectives(inline.Directives, 'INLINE_FRAGMENT')
    this.#walkSelections(TypeCondition === '' ? parent : named, inline.SelectionSet)
    if (named !== undefined && !isCompositeType(named))
      throw new GraphqlError(`Fragment cannot condition on non composite type "${TypeCondition}".`)
    if (TypeCondition !== '' && named === undefined) throw new GraphqlError(`Unknown type "${TypeCondition}".`)
    this.#overlap.within(inline.SelectionSet)
    this.#checkSpread(parent, TypeCondition)
  }

  #walkSpread(parent: Definition | undefined, name: string, directives: readonly Directive[]): void {
    const fragment = this.#fragments.get(name)
    const type = fragment && this.#schema.types.get(fragment.TypeCondition)
    this.#walkDirectives(directives, 'FRAGMENT_SPREAD')
    if (fragment !== undefined && !this.#visited.has(name)) {
      this.#visited.add(name)
      this.#walkDirectives(fragment.Directives, 'FRAGMENT_DEFINITION')
      this.#walkSelections(type, fragment.SelectionSet)
    }
    if (fragment === undefined) throw new GraphqlError(`Unknown fragment "${name}".`)
    this.#spread.add(name)
    this.#checkSpread(parent, fragment.TypeCondition)
  }

  /** Whether anything could be of both types (§5.5.2.3). */
  #checkSpread(parent: Definition | undefined, condition: string): void {
    const type = this.#schema.types.get(condition)
    if (parent === undefined || type === undefined || !isCompositeType(parent) || !isCompositeType(type)) return
    const within = parent.Kind === 'OBJECT' ? [parent] : (this.#schema.possible.get(parent.Name) ?? [])
    const wanted = this.#schema.possible.get(condition) ?? []
    this.#budget(within.length + wanted.length)
    const names = new Set(within.map(({ Name }) => Name))
    if (!wanted.some(({ Name }) => names.has(Name))) {
      throw new GraphqlError(`Fragment cannot be spread here as objects of type "${parent.Name}" can never be of type "${condition}".`)
    }
  }
}
