// Whether a request may be answered at all: `data.system.authz.allow`, asked about the request.
import { RegoObject, type Value } from '../../lang/rego/values/value.ts'
import { type Asked, header } from '../exchange.ts'
import { refusalOf } from './call.ts'
import { DEFAULT_AUTHORIZATION } from './other-api.ts'
import { readRef } from './question-path.ts'
import { bodyText, Malformed, readDocument, readOnly } from './reading.ts'
import { invalid, Refusal } from './refusal.ts'
import type { ServiceOptions } from './service.ts'
import { type Target, unescaped } from './target.ts'
import type { World } from './world.ts'

/** Throws a Refusal, or gives back the body if it was read. */
export function authorize(asked: Asked, target: Target, world: World, options: ServiceOptions): Value | undefined {
  const body = expectsBody(asked.method, pathOf(target)) ? readBody(asked, world, options) : undefined
  const allowed = decide(world, inputOf(asked, target, options, body))
  if (allowed === undefined) throw new Refusal(500, 'internal_error', 'authorization policy missing or undefined')
  if (allowed === true) return body
  if (!(allowed instanceof RegoObject)) throw rejected()
  const inner = allowed.get('allowed')
  if (inner === undefined) throw new Refusal(500, 'internal_error', 'document missing or undefined')
  if (inner === true) return body
  const reason = allowed.get('reason')
  throw rejected(typeof reason === 'string' ? reason : undefined)
}

const rejected = (reason = 'request rejected by administrative policy') => new Refusal(401, 'unauthorized', reason)

function decide(world: World, input: Value): Value | undefined {
  try {
    return world.ask(readRef(DEFAULT_AUTHORIZATION).text, { input })
  } catch (error) {
    throw refusalOf(error)
  }
}

function inputOf(asked: Asked, target: Target, { authentication }: ServiceOptions, body: Value | undefined): Value {
  const identity = authentication === 'token' ? /^Bearer\s+(\S+)$/.exec(header(asked, 'authorization'))?.[1] : undefined
  const lists = (entries: Iterable<readonly [string, readonly string[]]>) => RegoObject.of(entries)
  return RegoObject.of([
    ['path', pathOf(target)],
    ['method', asked.method.toUpperCase()],
    ['params', lists(target.query)],
    ['headers', lists([...asked.headers].filter(([name]) => name !== 'host').map(([name, values]) => [canonical(name), values]))],
    ...(body === undefined ? [] : ([['body', body]] as const)),
    ...(identity === undefined ? [] : ([['identity', identity]] as const)),
  ])
}

/** `content-type` as Go spells it: `Content-Type`. */
const canonical = (name: string) => name.replace(/(?:^|-)[a-z]/g, (start) => start.toUpperCase())

/** As the APIs see it: an escaped slash does not separate, but in the ids of policies. */
function pathOf({ path }: Target): readonly string[] {
  const decoded = unescaped(path) ?? path
  if (decoded.startsWith('/v1/policies/') || decoded.startsWith('/v1/compile/')) return decoded.slice(1).split('/')
  return path
    .slice(1)
    .split('/')
    .map((part) => unescaped(part) ?? part)
}

const WITH_BODY: ReadonlySet<string> = new Set(['v0/data', 'v1/data', 'v1/compile', 'v1/query'])

const expectsBody = (method: string, [first, second]: readonly string[]) =>
  method === 'POST' && (second === undefined ? first === '' : WITH_BODY.has(`${first}/${second}`))

function readBody(asked: Asked, world: World, { maxBytes }: ServiceOptions): Value | undefined {
  const text = bodyText(asked, maxBytes)
  try {
    if (text === '') return undefined
    return header(asked, 'content-type').includes('yaml') ? readDocument(asked, text, world.surroundings()) : readOnly(text)
  } catch (error) {
    if (error instanceof Malformed) throw invalid(error.message)
    throw error
  }
}
