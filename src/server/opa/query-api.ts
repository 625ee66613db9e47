// /v1/query: questions that nobody prepared.
import { faultsOf } from '../../lang/rego/faults.ts'
import { type PreparedQuery, prepareQuery, type Solution } from '../../lang/rego/query.ts'
import { parseQuery } from '../../lang/rego/syntax/module.ts'
import { printBody } from '../../lang/rego/syntax/print.ts'
import { printJson } from '../../lang/rego/values/text.ts'
import { RegoObject, type Value } from '../../lang/rego/values/value.ts'
import { type Call, refusalOf } from './call.ts'
import type { Answer } from './exchange.ts'
import { members } from './json-text.ts'
import { bodyText, field, goKind, Malformed, readFirst } from './reading.ts'
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

/** POST /v1/query */
export function postQuery(call: Call): Answer {
  const words = 'error(s) occurred while decoding request: '
  const sent = call.body ?? readBody(call, words)
  if (sent === null) return answer(call, '', undefined)
  if (!(sent instanceof RegoObject))
    throw invalid(`${words}json: cannot unmarshal ${goKind(sent)} into Go value of type types.QueryRequestV1`)
  const query = field(sent, 'query') ?? ''
  if (typeof query !== 'string')
    throw invalid(`${words}json: cannot unmarshal ${goKind(query)} into Go struct field QueryRequestV1.query of type string`)
  return answer(call, query, field(sent, 'input') ?? undefined)
}

function readBody(call: Call, words: string): Value {
  try {
    const sent = readFirst(bodyText(call.asked, call.options.maxBytes))
    if (sent === undefined) throw new Malformed('EOF')
    return sent
  } catch (error) {
    if (error instanceof Malformed) throw invalid(`${words}${error.message}`)
    throw error
  }
}

function answer(call: Call, text: string, input: Value | undefined): Answer {
  const { world, metrics } = call
  const parsed = refusing('parsing', () => parseQuery('', text, { version: world.version }))
  if (parsed.length === 0) throw new Refusal(500, 'internal_error', 'cannot evaluate empty query')
  const query = printBody(parsed)
  try {
    const prepared = metrics.time('rego_query_compile', () => refusing('compiling', () => prepare(call, text)))
    const solutions = metrics.time('rego_query_eval', () => world.solve(prepared, { input }))
    metrics.finish()
    const result = solutions.length === 0 ? undefined : solutions.map(bindings)
    const shown = call.shownMetrics()
    call.log({ query, input, result: result ?? null })
    return call.reply(
      members([
        ['metrics', shown && printJson(shown)],
        ['result', result && printJson(result)],
      ]),
    )
  } catch (error) {
    const refusal = refusalOf(error)
    call.log({ query, input, result: undefined }, refusal)
    throw refusal
  }
}

const prepare = ({ world }: Call, text: string): PreparedQuery =>
  prepareQuery(world.policy, text, { version: world.version, print: true, unsafeBuiltins: UNSAFE })

/** The faults of a query are listed. */
function refusing<T>(doing: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    const faults = faultsOf(error)
    if (faults === undefined) throw error
    throw invalid(`error(s) occurred while ${doing} query`, faults)
  }
}

const bindings = (solution: Solution): RegoObject => RegoObject.of(solution.bindings)
