import { BuiltinError } from '../../errors.ts'
import { printJson } from '../../values/text.ts'
import { isNumber, RegoObject, type Value } from '../../values/value.ts'
import { toBytes } from '../bytes.ts'
import { int64 } from '../int64.ts'
import { parseDuration } from '../time/duration.ts'
import type { HttpRequest, HttpResponse } from './port.ts'

export interface Sending {
  readonly request: HttpRequest
  readonly follows: boolean
  /** The body is read so, whatever its type. */
  readonly json: boolean
  readonly yaml: boolean
}

const DEFAULT_MILLISECONDS = 5_000
/** A policy that waits holds up whoever asked it. */
const MAX_MILLISECONDS = 30_000
/** What would let a policy read the host, or trust anybody. */
const REFUSED = ['tls_ca_cert', 'tls_client_cert', 'tls_client_key']
  .flatMap((name) => [`${name}_file`, `${name}_env_variable`])
  .concat('tls_insecure_skip_verify')

/** @throws BuiltinError for what is no request, or asks for what is not given here */
export function readRequest(request: RegoObject): Sending {
  const refused = REFUSED.find((name) => (request.get(name) ?? false) !== false && request.get(name) !== '')
  if (refused !== undefined) throw new BuiltinError(`"${refused}" is not allowed here`)
  return {
    request: {
      method: text(request, 'method').toUpperCase(),
      url: readUrl(text(request, 'url')),
      headers: readHeaders(request.get('headers')),
      body: readBody(request),
      milliseconds: readTimeout(request.get('timeout')),
      tls: readTls(request),
    },
    follows: flag(request, 'enable_redirect'),
    json: flag(request, 'force_json_decode'),
    yaml: flag(request, 'force_yaml_decode'),
  }
}

/** The next request, where the response sends on to another place (RFC 9110 §15.4). */
export function redirected(request: HttpRequest, { status, headers }: HttpResponse): HttpRequest | undefined {
  const place = headers.find(([name]) => name === 'location')?.[1][0]
  if (![301, 302, 303, 307, 308].includes(status) || place === undefined) return undefined
  const url = readUrl(place, request.url)
  const kept = status >= 307 || request.method === 'GET' || request.method === 'HEAD'
  // Secrets are for the host that they were meant for.
  const same = new URL(url).host === new URL(request.url).host
  const passed = request.headers.filter(
    ([name]) => same || !['authorization', 'cookie', 'www-authenticate', 'host'].includes(name.toLowerCase()),
  )
  return kept ? { ...request, url, headers: passed } : { ...request, url, headers: passed, method: 'GET', body: Buffer.alloc(0) }
}

/** Read as the sender reads it, so that the host that is checked is the host that is asked. */
function readUrl(value: string, base?: string): string {
  const url = URL.parse(value, base)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) throw new BuiltinError('no URL of http or https')
  return url.href
}

function readHeaders(headers: Value | undefined): HttpRequest['headers'] {
  if (headers === undefined) return []
  if (!(headers instanceof RegoObject)) throw new BuiltinError('invalid type for headers key')
  return headers.entries().map(([name, value]) => {
    if (typeof name !== 'string' || typeof value !== 'string') throw new BuiltinError('invalid type for headers value')
    if (!/^[\w!#$%&'*+\-.^`|~]+$/.test(name) || /[\0\r\n]/.test(value)) throw new BuiltinError('a header with characters that none has')
    return [name, value]
  })
}

function readBody(request: RegoObject): Buffer {
  if (request.has('raw_body')) return toBytes(text(request, 'raw_body'))
  const body = request.get('body')
  return Buffer.from(body === undefined ? '' : printJson(body))
}

function readTls(request: RegoObject): HttpRequest['tls'] {
  const given = [
    ['ca', text(request, 'tls_ca_cert').replaceAll('\\n', '\n')],
    ['cert', text(request, 'tls_client_cert')],
    ['key', text(request, 'tls_client_key')],
    ['serverName', text(request, 'tls_server_name')],
  ] as const
  return Object.fromEntries(given.filter(([, value]) => value !== ''))
}

/** Nanoseconds, or a duration as Go writes it. */
function readTimeout(timeout: Value | undefined): number {
  if (timeout === undefined) return DEFAULT_MILLISECONDS
  const text = typeof timeout === 'string' ? timeout : ''
  const nanoseconds = isNumber(timeout) ? int64(timeout) : /^-?\d{1,18}$/.test(text) ? BigInt(text) : parseDuration(text)
  if (nanoseconds === undefined) throw new BuiltinError('invalid timeout value')
  const milliseconds = Math.ceil(Number(nanoseconds) / 1e6)
  return milliseconds <= 0 ? MAX_MILLISECONDS : Math.min(milliseconds, MAX_MILLISECONDS)
}

function text(request: RegoObject, name: string): string {
  const value = request.get(name) ?? ''
  if (typeof value !== 'string') throw new BuiltinError(`"${name}" must be a string`)
  return name === 'raw_body' ? value : value.replace(/^"+|"+$/g, '')
}

function flag(request: RegoObject, name: string): boolean {
  const value = request.get(name) ?? false
  if (typeof value !== 'boolean') throw new BuiltinError(`"${name}" must be a boolean`)
  return value
}
