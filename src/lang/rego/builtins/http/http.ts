import { ThymusError } from '../../../../core/errors.ts'
import type { Builtin, Runtime } from '../../codegen/runtime.ts'
import { BuiltinError } from '../../errors.ts'
import { printTerm, readJson } from '../../values/text.ts'
import { isArray, RegoObject, type Value } from '../../values/value.ts'
import { fromBytes } from '../bytes.ts'
import { object } from '../operands.ts'
import { readYaml } from '../yaml/read.ts'
import { requestOperand } from './operand.ts'
import type { HttpPort, HttpRequest, HttpResponse } from './port.ts'
import { readRequest, redirected, type Sending } from './request.ts'

/** Codes that OPA keeps the answer of, for the length of an evaluation (RFC 7231 §6.1). */
const KEPT: ReadonlySet<number> = new Set([200, 203, 204, 206, 300, 301, 404, 405, 410, 414, 501])
const MAX_REDIRECTS = 10

/**
 * Asks a host over HTTP. Nothing is kept beyond the evaluation, and no attempt is repeated: `cache`, `force_cache` and `max_retry_attempts`
 * are read and change nothing.
 */
export const HTTP: Readonly<Record<string, Builtin>> = {
  'http.send': (runtime, request) => {
    const raises = object(request, 1).get('raise_error') ?? true
    if (typeof raises !== 'boolean') throw new BuiltinError('invalid value for raise_error field')
    try {
      return answer(runtime, requestOperand(request, 1))
    } catch (error) {
      if (raises || !(error instanceof BuiltinError)) throw error
      return failure(error)
    }
  },
}

class NetworkError extends BuiltinError {}

function failure(error: BuiltinError): Value {
  const code = error instanceof NetworkError ? 'eval_http_send_network_error' : 'eval_http_send_internal_error'
  const fault = RegoObject.of([
    ['code', code],
    ['message', error.message],
  ])
  return RegoObject.of([
    ['status_code', 0],
    ['error', fault],
  ])
}

/** The same request has the same answer for the whole evaluation. */
function answer(runtime: Runtime, request: RegoObject): Value {
  const { http } = runtime.surroundings
  if (http === undefined) throw runtime.denied('http.send', 'asks the network')
  const key = `http ${printTerm(withoutIgnored(request))}`
  const kept = runtime.kept.get(key)
  if (kept !== undefined) return kept
  const sending = readRequest(request)
  const response = send(http, sending)
  runtime.charge(response.body.length >> 4)
  const value = responseValue(runtime, response, sending)
  if (KEPT.has(response.status)) runtime.kept.set(key, value)
  return value
}

function withoutIgnored(request: RegoObject): RegoObject {
  const ignored = request.get('cache_ignored_headers') ?? null
  const headers = request.get('headers')
  if (ignored === null || !(headers instanceof RegoObject)) return request
  if (!isArray(ignored) || ignored.some((name) => typeof name !== 'string')) {
    throw new BuiltinError('cache_ignored_headers must be an array of strings')
  }
  const left = RegoObject.of(headers.entries().filter(([name]) => !ignored.includes(name)))
  return RegoObject.of([...request.entries(), ['headers', left], ['cache_ignored_headers', null]])
}

function send(http: HttpPort, { request, follows }: Sending): HttpResponse {
  let next: HttpRequest | undefined = request
  for (let count = 0; ; count++) {
    checkHost(http, next.url)
    const response = trySend(http, next)
    next = follows ? redirected(next, response) : undefined
    if (next === undefined) return response
    if (count >= MAX_REDIRECTS) throw new NetworkError(`stopped after ${MAX_REDIRECTS} redirects`)
  }
}

function checkHost({ hosts }: HttpPort, url: string): void {
  const { hostname } = new URL(url)
  if (!hosts.includes(hostname)) throw new BuiltinError(`disallowed host: ${hostname}`)
}

function trySend(http: HttpPort, request: HttpRequest): HttpResponse {
  try {
    return http.send(request)
  } catch (error) {
    throw new NetworkError(`${request.method} ${request.url}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function responseValue(runtime: Runtime, { status, statusText, headers, body }: HttpResponse, { json, yaml }: Sending): Value {
  const type = headers.find(([name]) => name === 'content-type')?.[1][0] ?? ''
  const text = fromBytes(body)
  return RegoObject.of([
    ['status', statusText],
    ['status_code', status],
    ['raw_body', text],
    [
      'body',
      json || isJson(type)
        ? orNull(() => readJson(text.toWellFormed()))
        : yaml || /application\/(?:x-)?yaml/.test(type)
          ? orNull(() => readYaml(runtime, text))
          : null,
    ],
    ['headers', RegoObject.of(headers.map(([name, values]) => [name, values]))],
  ])
}

/** A media type with well-formed parameters (RFC 9110 §8.3.1). */
const isJson = (type: string) => /^\s*application\/(?:[^/;\s]*\+)?json\s*(?:;\s*[^\s;="]+=(?:"[^"]*"|[^\s;"]+)\s*)*;?\s*$/i.test(type)

/** A body that does not read is null. */
function orNull(read: () => Value): Value {
  try {
    return read()
  } catch (error) {
    if (error instanceof BuiltinError || (error instanceof ThymusError && error.code === 'FORMAT')) return null
    throw error
  }
}
