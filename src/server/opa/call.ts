// One request while it is answered: what it asks, and what is kept of it for the log.

import { ThymusError } from '../../core/errors.ts'
import { RegoError } from '../../lang/rego/errors.ts'
import { type Fault, faultDocuments, faultsOf } from '../../lang/rego/faults.ts'
import { readJson } from '../../lang/rego/values/text.ts'
import type { RegoObject, Value } from '../../lang/rego/values/value.ts'
import { type Answer, type Asked, json } from '../exchange.ts'
import { type Decision, logDecision } from './decision-log.ts'
import { pretty } from './json-text.ts'
import { Metrics } from './metrics.ts'
import { inWords, Refusal } from './refusal.ts'
import type { ServiceOptions } from './service.ts'
import { isSet, type Target } from './target.ts'
import type { World } from './world.ts'

export class Call {
  readonly asked: Asked
  readonly target: Target
  readonly world: World
  readonly options: ServiceOptions
  readonly metrics: Metrics
  /** The body, where the authorization has read it already. */
  readonly body: Value | undefined
  /** Undefined where decisions are not logged. */
  readonly id: string | undefined

  constructor(asked: Asked, target: Target, world: World, options: ServiceOptions, body: Value | undefined) {
    this.asked = asked
    this.target = target
    this.world = world
    this.options = options
    this.body = body
    this.metrics = new Metrics(options.clock)
    this.id = options.decisions?.id()
  }

  /** A document, indented where it was asked for. */
  reply(body: string): Answer {
    return json(isSet(this.target, 'pretty') ? pretty(body) : body)
  }

  /** The metrics, where they were asked for. */
  shownMetrics(): RegoObject | undefined {
    return isSet(this.target, 'metrics') || isSet(this.target, 'instrument') ? this.metrics.document : undefined
  }

  /** Logs a decision if there is a log for it. */
  log(decision: Pick<Decision, 'path' | 'query' | 'input' | 'result' | 'custom'>, error?: Refusal): void {
    const { decisions, now } = this.options
    if (decisions === undefined || this.id === undefined) return
    logDecision(this.world, decisions, {
      ...decision,
      id: this.id,
      at: now(),
      from: this.asked.from,
      metrics: this.metrics.document,
      error: error && { text: loggedText(error), document: loggedDocument(error) },
    })
  }
}

/** An error of preparing or evaluating, as a reply. Throws what is neither. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  const faults = faultsOf(error)
  if (error instanceof RegoError) return new Refusal(500, 'internal_error', 'error(s) occurred while evaluating query', faults)
  if (faults !== undefined) return new Refusal(500, 'internal_error', inWords(faults))
  if (error instanceof ThymusError) return new Refusal(500, 'internal_error', `${error.code}: ${error.message}`)
  throw error
}

/** A fault of an evaluation is logged by itself, without the words around it. */
function loggedText({ code, message, faults }: Refusal): string {
  const [fault] = faults
  if (fault === undefined) return code === 'internal_error' ? message : `${code}: ${message}`
  return inWords(faults).replace(/^1 error occurred: /, '')
}

function loggedDocument({ code, message, faults: told }: Refusal): Value {
  const faults = faultDocuments(told)
  const document: Fault | object = faults.length === 0 ? { code, message } : faults.length === 1 ? faults[0]! : { errors: faults }
  return readJson(JSON.stringify(document))
}
