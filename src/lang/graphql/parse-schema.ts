import type {
  ArgumentDefinition,
  CommentGroup,
  Definition,
  DirectiveDefinition,
  EnumValueDefinition,
  FieldDefinition,
  SchemaDefinition,
  SchemaDocument,
} from './ast.ts'
import type { Budget } from './errors.ts'
import { Parser } from './parser.ts'

interface Description {
  readonly text: string
  readonly comment: CommentGroup | undefined
}

const KINDS: Readonly<Record<string, string>> = {
  scalar: 'SCALAR',
  type: 'OBJECT',
  interface: 'INTERFACE',
  union: 'UNION',
  enum: 'ENUM',
  input: 'INPUT_OBJECT',
}

/** Where a directive may stand (§3.13). */
export const LOCATIONS: ReadonlySet<string> = new Set(
  `QUERY MUTATION SUBSCRIPTION FIELD FRAGMENT_DEFINITION FRAGMENT_SPREAD INLINE_FRAGMENT VARIABLE_DEFINITION SCHEMA SCALAR OBJECT
  FIELD_DEFINITION ARGUMENT_DEFINITION INTERFACE UNION ENUM ENUM_VALUE INPUT_OBJECT INPUT_FIELD_DEFINITION`.split(/\s+/),
)

/** A document of the type system (§3). @throws GraphqlError, or GraphqlDepthError */
export function parseSchema(text: string, budget: Budget, { builtIn = false } = {}): SchemaDocument {
  const parser = new SchemaParser(text, budget, builtIn)
  const document = {
    Schema: [] as SchemaDefinition[],
    SchemaExtension: [] as SchemaDefinition[],
    Directives: [] as DirectiveDefinition[],
    Definitions: [] as Definition[],
    Extensions: [] as Definition[],
  }
  while (!parser.is('end')) {
    const description = parser.description()
    const { value } = parser.is('name') ? parser.peek() : parser.fail('Unexpected token')
    if (Object.hasOwn(KINDS, value)) document.Definitions.push(parser.definition(description))
    else if (value === 'schema') document.Schema.push(parser.schema(description))
    else if (value === 'directive') document.Directives.push(parser.directive(description))
    else if (value === 'extend' && description.text === '') {
      const { comment } = parser
      parser.next()
      if (parser.is('name', 'schema')) document.SchemaExtension.push(parser.schemaExtension(comment))
      else document.Extensions.push(parser.extension(comment))
    } else parser.fail('Unexpected token')
  }
  return { ...document, Comment: parser.comment }
}

const NOTHING: Description = { text: '', comment: undefined }

class SchemaParser extends Parser {
  readonly #builtIn: boolean

  constructor(text: string, budget: Budget, builtIn: boolean) {
    super(text, budget)
    this.#builtIn = builtIn
  }

  description(): Description {
    if (!this.is('string') && !this.is('block')) return NOTHING
    const { comment } = this
    return { comment, text: this.next().value }
  }

  schema(description: Description): SchemaDefinition {
    const { comment } = this
    this.next()
    return { ...described(description, comment), ...this.#schemaBody() }
  }

  schemaExtension(comment: CommentGroup | undefined): SchemaDefinition {
    this.next()
    const body = this.#schemaBody()
    if (body.Directives.length === 0 && body.OperationTypes.length === 0) this.fail('Unexpected token')
    return { ...described(NOTHING, comment), ...body }
  }

  #schemaBody() {
    const Directives = this.directives(true)
    const { list, comment } = this.some('{', '}', () => {
      const before = this.comment
      const Operation = this.name()
      if (!['query', 'mutation', 'subscription'].includes(Operation)) this.fail(`Unexpected ${Operation}`)
      this.expect(':')
      return { Operation, Type: this.name(), Comment: before }
    })
    return { Directives, OperationTypes: list, EndOfDefinitionComment: comment }
  }

  definition(description: Description): Definition {
    const { comment } = this
    const Kind = KINDS[this.next().value]!
    return { ...described(description, comment), ...this.#body(Kind, Kind === 'OBJECT' || Kind === 'INTERFACE', true) }
  }

  extension(comment: CommentGroup | undefined): Definition {
    const Kind = this.is('name') ? KINDS[this.peek().value] : undefined
    if (Kind === undefined) return this.fail('Unexpected token')
    this.next()
    // Directives of an extended input object may have variables, and an extended interface implements nothing: as gqlparser has it.
    const body = this.#body(Kind, Kind === 'OBJECT', Kind !== 'INPUT_OBJECT')
    const parts = [body.Directives, body.Interfaces, body.Fields, body.Types, body.EnumValues]
    if (parts.every((part) => part.length === 0)) this.fail('Unexpected token')
    return { ...described(NOTHING, comment), ...body }
  }

  #body(Kind: string, implementing: boolean, constant: boolean) {
    const Name = this.name()
    const Interfaces = implementing ? this.#interfaces() : []
    const Directives = this.directives(constant)
    const empty = { Fields: [], Types: [], EnumValues: [], EndOfDefinitionComment: undefined }
    return { Kind, Name, Interfaces, Directives, BuiltIn: this.#builtIn, ...empty, ...this.#members(Kind) }
  }

  #members(Kind: string): Partial<Definition> {
    if (Kind === 'UNION') return { Types: this.#union() }
    if (Kind === 'ENUM') {
      const { list, comment } = this.some('{', '}', () => this.#enumValue())
      return { EnumValues: list, EndOfDefinitionComment: comment }
    }
    if (Kind === 'SCALAR') return {}
    const { list, comment } = this.some('{', '}', () => this.#field(Kind === 'INPUT_OBJECT'))
    return { Fields: list, EndOfDefinitionComment: comment }
  }

  #interfaces(): readonly string[] {
    if (!this.is('name', 'implements')) return []
    this.next()
    this.skip('&')
    return this.#separated('&', () => this.name())
  }

  #union(): readonly string[] {
    if (!this.skip('=')) return []
    this.skip('|')
    return this.#separated('|', () => this.name())
  }

  #separated(mark: '&' | '|', read: () => string): readonly string[] {
    const list = [read()]
    while (this.skip(mark)) list.push(read())
    return list
  }

  #enumValue(): EnumValueDefinition {
    const head = this.#head()
    return { ...head, Name: this.name(), Directives: this.directives(true) }
  }

  #field(isInput: boolean): FieldDefinition {
    const head = this.#head()
    const Name = this.name()
    const Arguments = isInput ? [] : this.#arguments()
    this.expect(':')
    const Type = this.type()
    const DefaultValue = isInput && this.skip('=') ? this.value(true) : undefined
    return { ...head, Name, Arguments, Type, DefaultValue, Directives: this.directives(true) }
  }

  #arguments(): readonly ArgumentDefinition[] {
    return this.some('(', ')', () => {
      const { Arguments: _, ...argument } = this.#field(true)
      return argument
    }).list
  }

  /** An empty description is none, and loses its comment. */
  #head() {
    const description = this.description()
    return described(description.text === '' ? NOTHING : description, this.comment)
  }

  directive(description: Description): DirectiveDefinition {
    const { comment } = this
    this.next()
    this.expect('@')
    const Name = this.name()
    const Arguments = this.#arguments()
    const IsRepeatable = this.is('name', 'repeatable')
    if (IsRepeatable) this.next()
    this.expect('name', 'on')
    this.skip('|')
    const Locations = this.#separated('|', () => (LOCATIONS.has(this.peek().value) ? this.name() : this.fail('Unexpected token')))
    return { ...described(description, comment), Name, Arguments, Locations, IsRepeatable }
  }
}

function described({ text, comment }: Description, after: CommentGroup | undefined) {
  return { Description: text, BeforeDescriptionComment: comment, AfterDescriptionComment: after }
}
