// /v1/query: questions that nobody prepared.
import { faultsOf } from '../../lang/rego/faults.ts'
import { type PreparedQuery, prepareQuery, type Solution } from '../../lang/rego/query.ts'
import type { Body } from '../../lang/rego/syntax/ast.ts'
import { parseQuery } from '../../lang/rego/syntax/module.ts'
import { printBody } from '../../lang/rego/syntax/print.ts'
import { printJson } from '../../lang/rego/values/text.ts'
import { RegoObject, type Value } from '../../lang/rego/values/value.ts'
import type { Answer } from '../exchange.ts'
import { type Call, refusalOf } from './call.ts'
import { members } from './json-text.ts'
import { bodyText, field, goKind, goType, Malformed, readFirst } from './reading.ts'
import { invalid, Refusal } from './refusal.ts'
import { last } from './target.ts'

/** What a stranger's query must not call. */
const UNSAFE: ReadonlySet<string> = new Set(['http.send'])

/** GET /v1/query?q= */
export function getQuery(call: Call): Answer {
  const text = last(call.target, 'q')
  if (text === undefined) throw invalid("missing parameter 'q'")
  return answer(call, text, undefined)
}

const DECODING = 'error(s) occurred while decoding request: '

/** POST /v1/query */
export function postQuery(call: Call): Answer {
  const { query, input } = call.body === undefined ? fromBody(call) : fromRead(call.body)
  return answer(call, query, input)
}

interface Sent {
  readonly query: string
  readonly input: Value | undefined
}

function fromBody(call: Call): Sent {
  const wrong = (value: Value, what: string) => invalid(`${DECODING}json: cannot unmarshal ${goKind(value)} into Go ${what}`)
  const sent = readBody(call)
  if (sent === null) return { query: '', input: undefined }
  if (!(sent instanceof RegoObject)) throw wrong(sent, 'value of type types.QueryRequestV1')
  const query = field(sent, 'query') ?? ''
  if (typeof query !== 'string') throw wrong(query, 'struct field QueryRequestV1.query of type string')
  return { query, input: field(sent, 'input') ?? undefined }
}

/** As OPA takes a body that the authorization has read. */
function fromRead(sent: Value): Sent {
  if (!(sent instanceof RegoObject)) throw invalid(`${DECODING}expected an object, got ${goType(sent)}`)
  const query = sent.get('query') ?? ''
  if (typeof query !== 'string') throw invalid(`${DECODING}query: unexpected ${goType(query)}`)
  return { query, input: sent.get('input') ?? undefined }
}

function readBody(call: Call): Value {
  try {
    const sent = readFirst(bodyText(call.asked, call.options.maxBytes))
    if (sent === undefined) throw new Malformed('EOF')
    return sent
  } catch (error) {
    if (error instanceof Malformed) throw invalid(`${DECODING}${error.message}`)
    throw error
  }
}

function answer(call: Call, text: string, input: Value | undefined): Answer {
  const parsed = parse(call, text)
  if (parsed.length === 0) throw new Refusal(500, 'internal_error', 'cannot evaluate empty query')
  const query = printBody(parsed)
  const result = solved(call, text, query, input)
  const shown = call.shownMetrics()
  call.log({ query, input, result: result ?? null })
  return call.reply(
    members([
      ['metrics', shown && printJson(shown)],
      ['result', result && printJson(result)],
    ]),
  )
}

/** Undefined where the query does not hold. What goes wrong is logged, and thrown as a Refusal. */
function solved(call: Call, text: string, query: string, input: Value | undefined): readonly RegoObject[] | undefined {
  const { world, metrics } = call
  try {
    const prepared = metrics.time('rego_query_compile', () => prepare(call, text))
    const solutions = metrics.time('rego_query_eval', () => world.solve(prepared, { input }))
    metrics.finish()
    return solutions.length === 0 ? undefined : solutions.map(bindings)
  } catch (error) {
    const refusal = refusalOf(error)
    call.log({ query, input, result: undefined }, refusal)
    throw refusal
  }
}

function parse({ world }: Call, text: string): Body {
  try {
    return parseQuery('', text, { version: world.version, rules: true })
  } catch (error) {
    const [first, ...rest] = faultsOf(error) ?? []
    if (first === undefined) throw error
    if (first.message.startsWith('expected body but got')) throw new Refusal(500, 'internal_error', first.message)
    throw invalid('error(s) occurred while parsing query', [first, ...rest])
  }
}

function prepare({ world }: Call, text: string): PreparedQuery {
  try {
    return prepareQuery(world.policy, text, { version: world.version, print: true, unsafeBuiltins: UNSAFE })
  } catch (error) {
    const faults = faultsOf(error)
    if (faults === undefined) throw error
    throw invalid('error(s) occurred while compiling query', faults)
  }
}

const bindings = (solution: Solution): RegoObject => RegoObject.of(solution.bindings)
