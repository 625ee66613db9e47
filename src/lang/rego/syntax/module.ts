// Modules and queries: statements in the order of a text, and what a module must be made of.
import { type Diagnostic, RegoRejected } from '../errors.ts'
import { parseAnnotations } from './annotations.ts'
import type { Body, Import, Location, Module, Package, Ref, RegoVersion, Rule, StringTerm, Term } from './ast.ts'
import { attachAnnotations } from './attach.ts'
import { parseStatementBody } from './bodies.ts'
import { Cursor, KEYWORDS_OF_V1, KEYWORDS_OF_V2 } from './cursor.ts'
import { withLines } from './line-details.ts'
import { parseRules, refuseKeywordName } from './rules.ts'
import { ruleOfBody } from './short-rules.ts'
import { isKeywordOf, isRefKeyword, parseTerm, string, variable } from './terms.ts'

export interface ParseOptions {
  /** v1 unless told otherwise. */
  readonly version?: RegoVersion
  /** Keywords that are in force without an import, beside those of the version. */
  readonly keywords?: readonly string[]
  /** A module of v0 must be one of v1 as well, and is then taken for one. */
  readonly both?: boolean
  /** METADATA blocks are read, and refused where they are wrong. */
  readonly annotations?: boolean
}

export type Statement = Package | Import | Rule | { readonly kind: 'body'; readonly body: Body; readonly at: Location }

/** Parses a module. Throws RegoRejected with every fault that OPA would report, in its order. */
export function parseModule(file: string, text: string, options: ParseOptions = {}): Module {
  const { statements, p } = read(file, text, options, true)
  const { blocks, faults: unreadable } = options.annotations ? parseAnnotations(p.comments) : { blocks: [], faults: [] }
  reject(withLines([...p.errors, ...unreadable], text))
  const [first, ...rest] = statements
  if (first === undefined) {
    const [block] = blocks
    throw new RegoRejected([
      block === undefined ? fault('empty module', { file, row: 0, col: 0, start: 0, end: 0 }) : fault('package expected', block.at),
    ])
  }
  const faults: Diagnostic[] = []
  if (first.kind !== 'package') faults.push(fault('package expected', first.at))
  const imports = rest.filter((statement) => statement.kind === 'import')
  const written = raised(p.version, imports)
  const version = options.both && written === 'v0' ? 'v1' : written
  const rules: Rule[] = []
  rest.forEach((statement, at) => {
    if (statement.kind === 'package') faults.push(fault('unexpected package', statement.at))
    else if (statement.kind === 'rule') rules.push(statement)
    else if (statement.kind === 'body') {
      const rule = ruleOfBody(statement.body)
      if (typeof rule !== 'string') rules.push(rule)
      else faults.push(fault(rule + (version === 'v0' ? hintHeadKeyword(statement, rest[at + 1]) : ''), statement.at))
    }
  })
  if (version !== 'v0') faults.push(...rules.flatMap(checkHeads))
  reject(faults)
  const module: Module = {
    kind: 'module',
    file,
    text,
    version,
    package: first as Package,
    imports,
    rules,
    comments: p.comments,
    annotations: [],
  }
  const attached = attachAnnotations(module, blocks)
  if ('kind' in attached) return attached
  reject(attached)
  return module
}

/**
 * Parses a query: lines, separated by newlines or semicolons. `rules`: what could be a rule is read as one, and refused, as OPA's server
 * does it. Throws RegoRejected.
 */
export function parseQuery(file: string, text: string, options: ParseOptions & { readonly rules?: boolean } = {}): Body {
  const statements = readWhole(file, text, options, options.rules ?? false)
  const lines: Body[number][] = []
  for (const statement of statements) {
    if (statement.kind === 'body') lines.push(...statement.body)
    else
      throw new RegoRejected([
        fault(`expected body but got *ast.${statement.kind[0]!.toUpperCase()}${statement.kind.slice(1)}`, statement.at),
      ])
  }
  return lines
}

/** Parses statements in any order, as they are typed at a prompt. Throws RegoRejected. */
export const parseStatements = (file: string, text: string, options: ParseOptions = {}): readonly Statement[] =>
  readWhole(file, text, options, true)

/** Parses imports alone, as a query may be given them. */
export function parseImports(file: string, text: string, options: ParseOptions = {}): readonly Import[] {
  return readWhole(file, text, options, true).map((statement) => {
    if (statement.kind === 'import') return statement
    throw new RegoRejected([fault(`expected import but got ${statement.kind}`, statement.at)])
  })
}

const fault = (message: string, at: Location): Diagnostic => ({ code: 'rego_parse_error', message, at })

function reject(faults: readonly Diagnostic[]): void {
  const [first, ...rest] = faults
  if (first !== undefined) throw new RegoRejected([first, ...rest])
}

function readWhole(file: string, text: string, options: ParseOptions, rules: boolean): readonly Statement[] {
  const { statements, p } = read(file, text, options, rules)
  reject(withLines(p.errors, text))
  return statements
}

/** What is wrong with the text is left with the cursor. */
function read(file: string, text: string, options: ParseOptions, rules: boolean): { statements: readonly Statement[]; p: Cursor } {
  const version = options.version ?? 'v1'
  const ofVersion = version === 'v0' ? [] : version === 'v1' ? KEYWORDS_OF_V1 : [...KEYWORDS_OF_V1, ...KEYWORDS_OF_V2]
  const p = new Cursor(file, text, version, [...ofVersion, ...(options.keywords ?? [])])
  const statements: Statement[] = []
  try {
    while (!p.is('eof')) {
      const found = readStatement(p, rules)
      if (found === undefined) break
      statements.push(...found)
    }
  } catch (error) {
    // The limit on nesting is set so that V8's own stack is not met first, unless the caller has used most of it.
    if (!(error instanceof RangeError)) throw error
    p.error(p.token.at, 'max parsing recursion depth exceeded')
  }
  return { statements, p }
}

/** Undefined where no statement can be read, with an error. */
function readStatement(p: Cursor, rules: boolean): readonly Statement[] | undefined {
  if (rules && refuseKeywordName(p, false)) return undefined
  const readers = [...(p.is('package') ? [readPackage] : []), ...(p.is('import') ? [readImport] : []), ...(rules ? [parseRules] : [])]
  for (const reader of readers) {
    const state = p.save()
    const found = reader(p)
    if (found !== undefined) return found
    if (p.errors.length > 0) return undefined
    p.restore(state)
  }
  const at = p.token.at
  const body = parseStatementBody(p)
  return body && [{ kind: 'body', body, at: body[0]?.at ?? at }]
}

/** After `package` or `import`: over the space to the path. False where the word is the head of a ref, or no path follows. */
function toPath(p: Cursor): boolean {
  p.scanWhitespace()
  if (p.is('.', '[')) return false
  if (p.is('whitespace')) p.scan()
  if (isRefKeyword(p)) p.readAsName()
  if (p.is('identifier')) return true
  p.illegal()
  return false
}

/** A minus after a path would be read as the beginning of the next statement. */
function ended<T>(p: Cursor, statement: T): readonly T[] | undefined {
  if (!p.is('minus')) return [statement]
  p.illegal()
  return undefined
}

function readPackage(p: Cursor): readonly Package[] | undefined {
  const begin = p.token.at
  if (!toPath(p)) return undefined
  const term = parseTerm(p)
  if (term === undefined) return undefined
  const path = packagePath(p, term)
  return path && ended(p, { kind: 'package', path, at: p.since(begin) })
}

function packagePath(p: Cursor, term: Term): Ref | undefined {
  const root = variable('data', term.at)
  if (term.kind === 'var') return { kind: 'ref', parts: [root, string(term.name, term.at)], at: term.at }
  if (term.kind !== 'ref') {
    p.illegal()
    return undefined
  }
  const [head, ...rest] = term.parts
  const unexpected = (part: Term, wanted: string) => {
    p.error(part.at, `unexpected ${part.kind} token: expecting ${wanted}`)
    return undefined
  }
  if (head.kind !== 'var') return unexpected(head, 'var')
  const odd = rest.find((part) => part.kind !== 'string')
  if (odd !== undefined) return unexpected(odd, 'string')
  return { kind: 'ref', parts: [root, string(head.name, head.at), ...rest], at: term.at }
}

function readImport(p: Cursor): readonly Import[] | undefined {
  const begin = p.token.at
  if (!toPath(p)) return undefined
  // `import future.keywords.in` must be read where `in` is already a keyword.
  const term = p.withKeywords([], () => parseTerm(p))
  const path = importPath(p, term)
  if (path === undefined) return undefined
  const alias = p.is('as') ? readAlias(p) : undefined
  if (alias === '') return undefined
  if (alias === undefined) refuseKeywordTail(p, path)
  const found: Import = { kind: 'import', path, alias, at: p.since(begin) }
  const done = ended(p, found)
  if (done !== undefined) takeKeywords(p, found)
  return done
}

const ROOTS = ['data', 'future', 'input', 'rego']

function importPath(p: Cursor, term: Term | undefined): Ref | undefined {
  if (term?.kind === 'ref') {
    const odd = term.parts.slice(1).find((part) => part.kind !== 'string')
    if (odd !== undefined) {
      p.error(odd.at, `unexpected ${odd.kind} token: expecting string`)
      return undefined
    }
  }
  const path: Ref | undefined = term?.kind === 'var' ? { kind: 'ref', parts: [term], at: term.at } : term?.kind === 'ref' ? term : undefined
  if (path === undefined) {
    p.error(p.token.at, 'expected path')
    return undefined
  }
  const [root] = path.parts
  if (root.kind === 'var' && ROOTS.includes(root.name)) return path
  p.hint('if this is unexpected, try updating OPA')
  p.error(path.at, `unexpected import path, must begin with one of: {${ROOTS.join(', ')}}, got: ${p.textOf(root.at)}`)
  return undefined
}

/** Empty, with an error, where no name follows `as`. */
function readAlias(p: Cursor): string {
  p.scan()
  const alias = p.is('identifier') ? parseTerm(p) : undefined
  if (alias?.kind === 'var') return alias.name
  if (alias?.kind === 'ref' && alias.parts.length === 1) {
    p.error(alias.at, `unexpected import alias, must not be a reserved name, got: ${p.textOf(alias.at)}`)
  } else p.illegal('expected var')
  return ''
}

function refuseKeywordTail(p: Cursor, path: Ref): void {
  const last = path.parts.at(-1)!
  if (path.parts.length > 1 && rootOf(path) === 'future') return
  const name = last.kind === 'var' ? last.name : (last as StringTerm).value
  if (!isKeywordOf(p.version, name)) return
  p.hint('import a different path or use an alias')
  p.error(last.at, `unexpected import path, must not end with a keyword, got: ${name}`)
}

const rootOf = (path: Ref): string => (path.parts[0].kind === 'var' ? path.parts[0].name : '')
const pathText = (path: Ref): string =>
  path.parts.map((part) => (part.kind === 'string' ? part.value : part.kind === 'var' ? part.name : '')).join('.')

/** What `import rego.v1` and `import future.keywords` bring into force. */
function takeKeywords(p: Cursor, { path, alias }: Import): void {
  const root = rootOf(path)
  if (root !== 'rego' && root !== 'future') return
  const refuse = (why: string) => p.error(path.at, why)
  if (root === 'rego') {
    const version = pathText(path)
    if (version !== 'rego.v1' && version !== 'rego.v2') {
      refuse(`invalid import \`${version}\`, must be one of: \`rego.v1\`, \`rego.v2\``)
    } else if (alias !== undefined) refuse('`rego` imports cannot be aliased')
    else if (version !== `rego.${p.version}`) p.addKeywords(version === 'rego.v1' ? KEYWORDS_OF_V1 : [...KEYWORDS_OF_V1, ...KEYWORDS_OF_V2])
  } else {
    const allowed = [...KEYWORDS_OF_V1, ...KEYWORDS_OF_V2].sort()
    const [, second, third] = path.parts
    const word = third?.kind === 'string' ? third.value : undefined
    if (second?.kind !== 'string' || second.value !== 'keywords') refuse('invalid import, must be `future.keywords`')
    else if (alias !== undefined) refuse('`future` imports cannot be aliased')
    else if (word !== undefined && path.parts.length === 3 && !allowed.includes(word)) {
      refuse(`unexpected keyword, must be one of [${allowed.join(' ')}]`)
    } else p.addKeywords(word !== undefined && path.parts.length === 3 ? [word] : allowed)
  }
  p.reclassify()
}

function raised(version: RegoVersion, imports: readonly Import[]): RegoVersion {
  const paths = imports.map(({ path }) => pathText(path))
  if (version === 'v2' || paths.includes('rego.v2')) return 'v2'
  return version === 'v1' || paths.includes('rego.v1') ? 'v1' : 'v0'
}

/** What v1 wants of a rule that v0 did not. */
function checkHeads(rule: Rule): readonly Diagnostic[] {
  const { head, generatedBody } = rule
  const what = (head.args?.length ?? 0) > 0 ? 'function' : 'rule'
  const faults: Diagnostic[] = []
  const name = pathText(head.ref)
  if (head.ref.parts.length < 2 && isKeywordOf('v1', name)) faults.push(fault(`${name} keyword cannot be used for rule name`, rule.at))
  if (generatedBody && head.generatedValue) faults.push(fault(`${what} must have value assignment and/or body declaration`, rule.at))
  if (!generatedBody && !head.if && !rule.default) faults.push(fault(`\`if\` keyword is required before ${what} body`, rule.at))
  if (head.value === undefined && head.key !== undefined && !head.contains) {
    faults.push(fault('`contains` keyword is required for partial set rules', rule.at))
  }
  return rule.else === undefined ? faults : [...faults, ...checkHeads(rule.else)]
}

const HEAD_EXAMPLES: Readonly<Record<string, string>> = { if: 'p if { ... }', contains: 'p contains x' }

/** In v0 `p if { … }` reads as a line `p` and a rule named `if`. */
function hintHeadKeyword(statement: Statement, next: Statement | undefined): string {
  const sameLine = next !== undefined && next.at.row === statement.at.row ? next : undefined
  const word = [statement, sameLine]
    .map((each) => each && nameOf(each))
    .find((name) => name !== undefined && Object.hasOwn(HEAD_EXAMPLES, name))
  return word === undefined ? '' : ` (hint: \`import future.keywords.${word}\` for \`${HEAD_EXAMPLES[word]}\` rules)`
}

function nameOf(statement: Statement): string | undefined {
  if (statement.kind === 'rule') return pathText(statement.head.ref)
  if (statement.kind !== 'body' || statement.body.length !== 1) return undefined
  const { terms } = statement.body[0]!
  return terms.kind === 'var' ? terms.name : undefined
}
