// The tree of a module, a node a line, each below what holds it: as `opa parse` shows it to people.
import { quote } from '../values/text.ts'
import type { Body, Expr, Module, Rule, Term } from './ast.ts'
import { sortedEntries, sortedItems } from './order.ts'

/** A node and what it holds. */
interface Node extends ReadonlyArray<string | Node> {
  readonly 0: string
}

export function outline({ package: named, imports, rules, annotations, comments }: Module): string {
  const parts = [
    ['package', termNode(named.path)],
    ...imports.map(({ path, alias }): Node => ['import', termNode(path), [alias ?? '']]),
    ...rules.map(ruleNode),
    ...annotations.map((): Node => ['annotations']),
    ...comments.map((): Node => ['comment']),
  ] as const
  return textOf(['module', ...parts], 0)
}

const textOf = (node: Node, depth: number): string =>
  node.map((each) => (typeof each === 'string' ? `${' '.repeat(depth)}${each}\n` : textOf(each, depth + 1))).join('')

function ruleNode({ head, body, else: otherwise }: Rule): Node {
  const args: readonly Node[] = head.args?.length ? [['args', ...head.args.map(termNode)]] : []
  const value = head.value === undefined ? [] : [termNode(head.value)]
  const own: Node = ['head', termNode(head.ref), ...args, ...value]
  return ['rule', own, bodyNode(body), ...(otherwise === undefined ? [] : [ruleNode(otherwise)])]
}

const bodyNode = (body: Body): Node => ['body', ...body.map(exprNode)]

function exprNode(expr: Expr, index: number): Node {
  const modifiers = expr.with.map(({ target, value }): Node => ['with', termNode(target), termNode(value)])
  return [`expr ${expr.negated ? 'negated ' : ''}index=${index}`, ...termsNodes(expr.terms), ...modifiers]
}

function termsNodes(terms: Expr['terms']): readonly Node[] {
  switch (terms.kind) {
    case 'call':
      return [terms.operator, ...terms.args].map(termNode)
    case 'some':
      return [['somedecl', ...terms.symbols.map(termNode)]]
    case 'every':
      return [['every', ...[terms.key, terms.value, terms.domain].flatMap((term) => (term ? [termNode(term)] : [])), bodyNode(terms.body)]]
    case 'not':
      return [['not', bodyNode(terms.body)]]
    case 'and':
    case 'or':
      return [[`logical${terms.kind}`, bodyNode(terms.left), bodyNode(terms.right)]]
    default:
      return [termNode(terms)]
  }
}

function termNode(term: Term): Node {
  switch (term.kind) {
    case 'null':
      return ['null']
    case 'boolean':
      return [String(term.value)]
    case 'string':
      return [quote(term.value)]
    case 'number':
      return [term.text]
    case 'var':
      return [term.name]
    case 'ref':
      return ['ref', ...term.parts.map(termNode)]
    case 'call':
      return ['call', termNode(term.operator), ...term.args.map(termNode)]
    case 'array':
      return ['array', ...term.items.map(termNode)]
    case 'set':
      return ['set', ...sortedItems(term.items).map(termNode)]
    case 'object':
      return ['object', ...sortedEntries(term.entries).flat().map(termNode)]
    case 'arraycomprehension':
    case 'setcomprehension':
      return [term.kind, termNode(term.term), bodyNode(term.body)]
    case 'objectcomprehension':
      return [term.kind, termNode(term.key), termNode(term.value), bodyNode(term.body)]
    default:
      return [term.kind]
  }
}
