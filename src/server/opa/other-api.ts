// /health, /v1/config and what else a client looks at before it asks.
import { printJson, quote } from '../../lang/rego/values/text.ts'
import { RegoObject } from '../../lang/rego/values/value.ts'
import { type Answer, json } from '../exchange.ts'
import { type Call, refusalOf } from './call.ts'
import { members } from './json-text.ts'
import { BadPart, type DocumentRef, readRef } from './question-path.ts'
import { invalid, Refusal } from './refusal.ts'

export const DEFAULT_DECISION = 'system/main'
export const DEFAULT_AUTHORIZATION = 'system/authz/allow'

/** GET /health: bundles are loaded before the server listens, and there are no plugins, so that whoever can ask is told that all is well. */
export const health = (): Answer => json('{}')

/** GET /health/PATH: what `data.system.health.PATH` says. */
export function healthByPolicy(call: Call, path: string): Answer {
  const input = RegoObject.of([
    ['plugin_state', new RegoObject()],
    ['plugins_ready', true],
  ])
  const { text } = refOf(`system/health/${path}`)
  try {
    const value = call.world.ask(text, { input })
    if (value === true) return json('{}')
    return unhealthy(`health check (${text}) ${value === undefined ? 'was undefined' : 'returned unexpected value'}`)
  } catch (error) {
    return unhealthy(refusalOf(error).message)
  }
}

function refOf(path: string): DocumentRef {
  try {
    return readRef(path)
  } catch (error) {
    if (error instanceof BadPart) throw invalid(`invalid path: ${error.message}`)
    throw error
  }
}

const unhealthy = (message: string) => json(members([['error', quote(message)]]), 500)

/** GET /v1/config */
export function config(call: Call): Answer {
  const { labels } = call.options
  return call.reply(
    members([
      [
        'result',
        members([
          ['default_authorization_decision', quote(`/${DEFAULT_AUTHORIZATION}`)],
          ['default_decision', quote(`/${DEFAULT_DECISION}`)],
          ['labels', printJson(labels)],
        ]),
      ],
    ]),
  )
}

/** GET /v1/status */
export function status(): Answer {
  throw new Refusal(500, 'internal_error', 'status plugin not enabled')
}

/** /v1/compile: OPA evaluates there what is known, and answers with what is left. */
export function compile(): Answer {
  throw new Refusal(404, 'resource_not_found', 'this server has no compile API: partial evaluation is not there')
}

/** GET / */
export const index = ({ options }: Call): Answer => ({
  status: 200,
  headers: { 'Content-Type': 'text/html; charset=utf-8' },
  body: `<html>\n<pre>\nThymus ${options.build}: policies answered as Open Policy Agent does.\n</pre>\n</html>\n`,
})
