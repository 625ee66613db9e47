// /v1/data, /v0/data and /: the documents, asked for and written.
import { RegoRejected } from '../../lang/rego/errors.ts'
import { MAX_DEPTH, printJson, quote } from '../../lang/rego/values/text.ts'
import { isArray, RegoObject, type Value } from '../../lang/rego/values/value.ts'
import { type Answer, empty, header, json } from '../exchange.ts'
import { type Call, refusalOf } from './call.ts'
import { exists, type Operation, type Path, read, withFolders, write } from './documents.ts'
import { members } from './json-text.ts'
import { provenance } from './provenance.ts'
import { BadPart, type DocumentRef, isMadeByRules, readRef } from './question-path.ts'
import { bodyText, field, goKind, Malformed, readDocument, readFirst, readOnly } from './reading.ts'
import { invalid, Refusal } from './refusal.ts'
import { documentPath, isSet, last, unescaped } from './target.ts'

interface Input {
  readonly input: Value | undefined
  readonly metadata?: RegoObject | undefined
}

/** GET /v1/data/PATH */
export function getData(call: Call, path: string): Answer {
  const given = last(call.target, 'input')
  const input = call.metrics.time('rego_input_parse', () => (given === undefined ? undefined : readParameter(given)))
  return answerV1(call, path, { input })
}

/** POST /v1/data/PATH */
export function postData(call: Call, path: string): Answer {
  const input = call.metrics.time('rego_input_parse', () => readInput(call))
  const warning = input.input === undefined ? 'input' : undefined
  return answerV1(call, path, input, warning)
}

function answerV1(call: Call, path: string, { input, metadata }: Input, missing?: 'input'): Answer {
  const custom = metadata && RegoObject.of([['request_metadata', metadata]])
  const result = evaluate(call, path, input, custom).value
  const metrics = call.shownMetrics()
  call.log({ path, input, result, custom })
  return call.reply(
    members([
      ['decision_id', call.id === undefined ? undefined : quote(call.id)],
      ['provenance', isSet(call.target, 'provenance') ? provenance(call) : undefined],
      ['metrics', metrics && printJson(metrics)],
      ['result', result === undefined ? undefined : printJson(result)],
      ['warning', warningText(call, missing)],
    ]),
  )
}

/** An explanation that is asked for and not given is told: `explain` is answered by a command of its own. */
function warningText({ target }: Call, missing: 'input' | undefined): string | undefined {
  const explained = (target.query.get('explain') ?? []).some((mode) => ['notes', 'fails', 'full', 'debug'].includes(mode))
  if (missing === undefined && !explained) return undefined
  const words = [
    ...(missing === undefined ? [] : ["'input' key missing from the request"]),
    ...(explained ? ['this server has no traces: see thymus rego explain'] : []),
  ]
  return members([
    ['code', quote('api_usage_warning')],
    ['message', quote(words.join('; '))],
  ])
}

/** POST /v0/data/PATH, and POST / with the path of the default decision. */
export function postV0(call: Call, path: string): Answer {
  const input = call.body ?? readInputV0(call)
  const { ref, value } = evaluate(call, path, input)
  if (value === undefined) {
    const kind = isMadeByRules(call.world.policy.compiled.tree, ref.parts) ? 'undefined' : 'missing'
    const refusal = new Refusal(404, 'undefined_document', `document ${kind}: ${ref.text}`)
    call.log({ path, input, result: undefined }, refusal)
    throw refusal
  }
  call.log({ path, input, result: value })
  return call.reply(printJson(value))
}

/** Asks for a document. What goes wrong is logged, and thrown as a Refusal. */
function evaluate(
  call: Call,
  path: string,
  input: Value | undefined,
  custom?: RegoObject,
): { readonly ref: DocumentRef; readonly value: Value | undefined } {
  const { world, metrics } = call
  try {
    const ref = refOf(path)
    if (ref.parts.length > MAX_DEPTH + 1) return { ref, value: undefined } // no document nests as deep
    const { prepared, cached } = metrics.time('rego_query_compile', () => world.prepare(ref.text))
    metrics.cached(cached)
    const question = { input, strict: isSet(call.target, 'strict-builtin-errors') }
    const [solution] = metrics.time('rego_query_eval', () => world.solve(prepared, question))
    return { ref, value: solution?.expressions[0]?.value }
  } catch (error) {
    const isUnreadable = error instanceof RegoRejected && error.diagnostics[0]?.code === 'rego_parse_error'
    const refusal = isUnreadable ? badPath('failed to parse query') : refusalOf(error)
    call.log({ path, input, result: undefined, custom }, refusal)
    throw refusal
  } finally {
    metrics.finish()
  }
}

/** A part that is none is an internal error to OPA, with another code in its words. */
function refOf(path: string): DocumentRef {
  try {
    return readRef(path)
  } catch (error) {
    if (error instanceof BadPart) throw badPath(error.message)
    throw error
  }
}

const badPath = (why: string) => new Refusal(500, 'internal_error', `invalid_parameter: invalid path: ${why}`)

function readParameter(text: string): Value {
  return orRefused('parameter contains malformed input document: ', () => readOnly(text))
}

function readInput(call: Call): Input {
  if (call.body !== undefined) return { input: call.body instanceof RegoObject ? call.body.get('input') : undefined }
  const text = bodyText(call.asked, call.options.maxBytes)
  const words = 'body contains malformed input document: '
  const document = orRefused(words, () => readDocument(call.asked, text, call.world.surroundings()))
  if (document === undefined || document === null) return { input: undefined }
  if (!(document instanceof RegoObject))
    throw invalid(`${words}json: cannot unmarshal ${goKind(document)} into Go value of type types.alias`)
  const others = document.entries().filter(([name]) => name !== 'input')
  return { input: field(document, 'input') ?? undefined, metadata: others.length === 0 ? undefined : RegoObject.of(others) }
}

function readInputV0(call: Call): Value {
  const words = 'unexpected parse error for input: '
  const text = bodyText(call.asked, call.options.maxBytes, words)
  return (
    orRefused(`${words}body contains malformed input document: `, () => readDocument(call.asked, text, call.world.surroundings())) ?? null
  )
}

function orRefused<T>(words: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof Malformed) throw invalid(`${words}${error.message}`)
    throw error
  }
}

/** PUT /v1/data/PATH */
export function putData(call: Call, escaped: string): Answer {
  const { world } = call
  const value = call.metrics.time('rego_input_parse', () => readSent(call))
  const path = pathOf(escaped)
  world.owners.check(path)
  if (exists(world.data, path)) {
    if (header(call.asked, 'if-none-match') === '*') return empty(304)
    world.store(write(world.data, 'add', path, value))
  } else world.store(write(withFolders(world.data, path.slice(0, -1)), 'add', path, value))
  return written(call)
}

/** DELETE /v1/data/PATH */
export function deleteData(call: Call, escaped: string): Answer {
  const { world } = call
  const path = pathOf(escaped)
  world.owners.check(path)
  read(world.data, path)
  world.store(write(world.data, 'remove', path, null), false)
  return written(call)
}

/** PATCH /v1/data/PATH: all of the operations, or none. */
export function patchData(call: Call, escaped: string): Answer {
  const { world } = call
  const sent = call.metrics.time('rego_input_parse', () => readSent(call))
  const steps = (sent === null ? [] : operationsOf(sent)).map((operation) => readOperation(operation, escaped))
  let { data } = world
  for (const { operation, path, value } of steps) {
    world.owners.check(path)
    data = write(data, operation, path, value)
  }
  world.store(data)
  return written(call)
}

function operationsOf(sent: Value): readonly RegoObject[] {
  const wrong = (value: Value, type: string) => invalid(`json: cannot unmarshal ${goKind(value)} into Go value of type ${type}`)
  if (!isArray(sent)) throw wrong(sent, '[]types.PatchV1')
  return sent.map((item) => {
    if (item === null) return new RegoObject()
    if (!(item instanceof RegoObject)) throw wrong(item, 'types.PatchV1')
    return item
  })
}

function readOperation(item: RegoObject, escaped: string): { operation: Operation; path: Path; value: Value } {
  const [op, below] = (['op', 'path'] as const).map((name) => {
    const value = field(item, name) ?? ''
    if (typeof value !== 'string')
      throw invalid(`json: cannot unmarshal ${goKind(value)} into Go struct field PatchV1.${name} of type string`)
    return value
  }) as [string, string]
  if (op !== 'add' && op !== 'remove' && op !== 'replace') throw invalid(`bad patch operation: ${op}`)
  const path = documentPath(
    [escaped, below]
      .map((part) => part.replace(/^\/+|\/+$/g, ''))
      .filter((part) => part !== '')
      .join('/'),
  )
  if (path === undefined) throw invalid(`bad patch path: ${below}`)
  return { operation: op, path: path.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~')), value: field(item, 'value') ?? null }
}

function readSent(call: Call): Value {
  const value = orRefused('', () => readFirst(call.asked.body.toString()))
  if (value === undefined) throw invalid('EOF')
  return value
}

function pathOf(escaped: string): Path {
  const path = documentPath(escaped)
  if (path === undefined) throw invalid(`bad path: ${unescaped(escaped) ?? escaped}`)
  return path
}

function written(call: Call): Answer {
  call.metrics.finish()
  return isSet(call.target, 'metrics') ? json(members([['metrics', printJson(call.metrics.document)]])) : empty(204)
}
