// OPA's REST API over a world: a request in, an answer out. Nothing here waits, reads a clock or touches a socket.
import { ThymusError } from '../../core/errors.ts'
import type { RegoObject } from '../../lang/rego/values/value.ts'
import { type Answer, type Asked, empty, plain } from '../exchange.ts'
import { authorize } from './authorization.ts'
import { Call } from './call.ts'
import { deleteData, getData, patchData, postData, postV0, putData } from './data-api.ts'
import type { DecisionSink } from './decision-log.ts'
import { compile, config, DEFAULT_DECISION, health, healthByPolicy, index, status } from './other-api.ts'
import { deletePolicy, getPolicy, listPolicies, putPolicy } from './policy-api.ts'
import { getQuery, postQuery } from './query-api.ts'
import { Refusal } from './refusal.ts'
import { cleaned, readTarget } from './target.ts'
import type { World } from './world.ts'

export interface ServiceOptions {
  /** Whether `data.system.authz.allow` is asked about every request, and what it is told of who asks. */
  readonly authorization: 'off' | 'basic'
  readonly authentication: 'off' | 'token'
  /** Where there is none, replies have no decision id. */
  readonly decisions?: DecisionSink | undefined
  readonly labels: RegoObject
  /** The version of this program. */
  readonly build: string
  /** Largest body, also after it was decompressed. */
  readonly maxBytes: number
  /** Nanoseconds since 1970. */
  readonly now: () => bigint
  /** Milliseconds that only grow. */
  readonly clock: () => number
  /** Takes what must not have been thrown. */
  readonly fault: (error: unknown) => void
}

type Handler = (call: Call, rest: string) => Answer

interface Route {
  /** Exactly this path, or with a slash at the end everything below it. */
  readonly path: string
  readonly methods: Readonly<Record<string, Handler>>
  /** OPA answers other methods itself, with an empty body; else Go does. */
  readonly quiet?: boolean
}

const data = { GET: getData, POST: postData, PUT: putData, PATCH: patchData }
const ROUTES: readonly Route[] = [
  { path: '/', methods: { GET: index, POST: (call) => postV0(call, DEFAULT_DECISION) } },
  { path: '/health', methods: { GET: health } },
  { path: '/health/', methods: { GET: healthByPolicy } },
  { path: '/v0/data', methods: { POST: postV0 }, quiet: true },
  { path: '/v0/data/', methods: { POST: postV0 }, quiet: true },
  { path: '/v1/data', methods: data, quiet: true },
  { path: '/v1/data/', methods: { ...data, DELETE: deleteData }, quiet: true },
  { path: '/v1/policies', methods: { GET: listPolicies }, quiet: true },
  { path: '/v1/policies/', methods: { GET: getPolicy, PUT: putPolicy, DELETE: deletePolicy }, quiet: true },
  { path: '/v1/query', methods: { GET: getQuery, POST: postQuery }, quiet: true },
  { path: '/v1/query/', methods: {}, quiet: true },
  { path: '/v1/compile', methods: { POST: compile } },
  { path: '/v1/compile/', methods: { GET: compile, POST: compile } },
  { path: '/v1/config', methods: { GET: config } },
  { path: '/v1/status', methods: { GET: status } },
]

/** Answers every request, whatever it is. Only a fault in this program is an answer with the code INTERNAL. */
export function answer(asked: Asked, world: World, options: ServiceOptions): Answer {
  try {
    return answered(asked, world, options)
  } catch (error) {
    if (error instanceof Refusal) return error.answer
    // A document that could be read may still be too deep for what walks it.
    if (error instanceof RangeError) return new Refusal(500, 'internal_error', 'REGO_LIMIT: out of stack or memory').answer
    const words = error instanceof ThymusError ? `${error.code}: ${error.message}` : 'INTERNAL: a fault in Thymus itself'
    if (!(error instanceof ThymusError)) options.fault(error)
    return new Refusal(500, 'internal_error', words).answer
  }
}

function answered(asked: Asked, world: World, options: ServiceOptions): Answer {
  const target = readTarget(asked)
  if (target === undefined) return plain(400, '400 Bad Request', { Connection: 'close' })
  const body = options.authorization === 'basic' ? authorize(asked, target, world, options) : undefined
  const { path } = target
  const clean = cleaned(path)
  if (clean !== path) return redirect(asked, 307, 'Temporary Redirect', clean + target.search)
  const found = ROUTES.find(
    (route) => path === route.path || (route.path.length > 1 && route.path.endsWith('/') && path.startsWith(route.path)),
  )
  if (found === undefined) return plain(404, '404 page not found\n', NO_SNIFFING)
  const { methods, quiet = false } = found
  if (!quiet && !Object.hasOwn(methods, asked.method) && !(asked.method === 'HEAD' && 'GET' in methods)) return wrongMethod(methods)
  if (asked.method === 'HEAD') return empty(405)
  if (path !== '/' && path.endsWith('/')) return redirect(asked, 301, 'Moved Permanently', path.slice(0, -1))
  if (!Object.hasOwn(methods, asked.method)) return empty(405)
  const call = new Call(asked, target, world, options, body)
  return methods[asked.method]!(call, path === found.path ? '' : path.slice(found.path.length))
}

const NO_SNIFFING = { 'X-Content-Type-Options': 'nosniff' }

function wrongMethod(methods: Route['methods']): Answer {
  const allowed = Object.keys(methods)
    .flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
    .toSorted()
  return plain(405, 'Method Not Allowed\n', { ...NO_SNIFFING, Allow: allowed.join(', ') })
}

/** To a path of this server. */
function redirect({ method }: Asked, status: 301 | 307, words: string, to: string): Answer {
  const headers = { Location: to }
  if (method !== 'GET') return { status, headers, body: '' }
  const shown = to.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)
  return { status, headers: { ...headers, 'Content-Type': 'text/html; charset=utf-8' }, body: `<a href="${shown}">${words}</a>.\n\n` }
}
