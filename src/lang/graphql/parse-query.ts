import type { Field, FragmentDefinition, InlineFragment, OperationDefinition, QueryDocument, Selection, VariableDefinition } from './ast.ts'
import type { Budget } from './errors.ts'
import { Parser } from './parser.ts'

const OPERATIONS: ReadonlySet<string> = new Set(['query', 'mutation', 'subscription'])

/** An executable document (§2.2). @throws GraphqlError, or GraphqlDepthError */
export function parseQuery(text: string, budget: Budget): QueryDocument {
  const parser = new QueryParser(text, budget)
  const operations: OperationDefinition[] = []
  const fragments: FragmentDefinition[] = []
  while (!parser.is('end')) {
    if (parser.is('name', 'fragment')) fragments.push(parser.fragment())
    else operations.push(parser.operation())
  }
  return { Operations: operations, Fragments: fragments }
}

class QueryParser extends Parser {
  operation(): OperationDefinition {
    // The short form and variables lose their comments in gqlparser.
    if (this.is('{')) return { Operation: 'query', Name: '', VariableDefinitions: [], Directives: [], SelectionSet: this.#selections() }
    const { comment } = this
    if (!OPERATIONS.has(this.peek().value) || !this.is('name')) this.fail('Unexpected token')
    return {
      Operation: this.name(),
      Name: this.is('name') ? this.name() : '',
      VariableDefinitions: this.#variables(),
      Directives: this.directives(false),
      SelectionSet: this.#selections(),
      Comment: comment,
    }
  }

  fragment(): FragmentDefinition {
    const { comment } = this
    this.next()
    const Name = this.#fragmentName()
    const VariableDefinition = this.#variables()
    this.expect('name', 'on')
    return {
      Name,
      VariableDefinition,
      TypeCondition: this.name(),
      Directives: this.directives(false),
      SelectionSet: this.#selections(),
      Comment: comment,
    }
  }

  #variables(): readonly VariableDefinition[] {
    return this.some('(', ')', () => {
      const { comment } = this
      const Variable = this.variable()
      this.expect(':')
      return {
        Variable,
        Type: this.type(),
        DefaultValue: this.skip('=') ? this.value(true) : undefined,
        Directives: this.directives(false),
        Comment: comment,
        Used: false as const,
      }
    }).list
  }

  #selections(): readonly Selection[] {
    return this.many('{', '}', () => (this.is('...') ? this.#spread() : this.#field()), 1).list
  }

  #field(): Field {
    const { comment } = this
    const Alias = this.name()
    const Name = this.skip(':') ? this.name() : Alias
    return {
      node: 'field',
      Alias,
      Name,
      Arguments: this.arguments(false),
      Directives: this.directives(false),
      SelectionSet: this.is('{') ? this.#selections() : [],
      Comment: comment,
    }
  }

  #spread(): Selection {
    const { comment } = this
    this.next()
    if (this.is('name') && !this.is('name', 'on')) {
      return { node: 'spread', Name: this.name(), Directives: this.directives(false), Comment: comment }
    }
    return this.#inline(comment)
  }

  #inline(comment: InlineFragment['Comment']): InlineFragment {
    let TypeCondition = ''
    if (this.is('name', 'on')) {
      this.next()
      TypeCondition = this.name()
    }
    return { node: 'inline', TypeCondition, Directives: this.directives(false), SelectionSet: this.#selections(), Comment: comment }
  }

  #fragmentName(): string {
    return this.is('name', 'on') ? this.fail('Unexpected token') : this.name()
  }
}
