// The log of decisions, as OPA's console writes it: a JSON object a line.
import { printJson } from '../../lang/rego/values/text.ts'
import { RegoObject, type Value } from '../../lang/rego/values/value.ts'
import { type Masked, mask } from './mask.ts'
import { Refusal } from './refusal.ts'
import type { World } from './world.ts'

export interface Decision {
  readonly id: string
  /** Nanoseconds since 1970. */
  readonly at: bigint
  /** Of the document that was asked for; `query` where there is none. */
  readonly path?: string
  readonly query?: string
  readonly input: Value | undefined
  readonly result: Value | undefined
  /** What ended it without an answer: for the log, and for the policies that mask. */
  readonly error?: { readonly text: string; readonly document: Value } | undefined
  readonly from: string
  readonly metrics: RegoObject
  readonly custom?: RegoObject | undefined
}

export interface DecisionSink {
  readonly labels: RegoObject
  /** A fresh id. */
  readonly id: () => string
  readonly write: (line: string) => void
  /** Takes why a decision is not logged. */
  readonly complain: (message: string) => void
}

const DROP = 'data.system.log.drop'
const MASK = 'data.system.log.mask'

/**
 * Writes a decision, unless the policy says otherwise. A policy that fails withholds it: what should be masked must not get out. Throws
 * a Refusal where the log cannot be written, as a decision that nobody can account for is not given.
 */
export function logDecision(world: World, sink: DecisionSink, decision: Decision): void {
  const line = lineOf(world, sink, decision)
  try {
    if (line !== undefined) sink.write(line)
  } catch (error) {
    throw new Refusal(500, 'internal_error', `decision_logs: ${(error as Error).message}`)
  }
}

/** Undefined for a decision that is dropped or withheld. */
function lineOf(world: World, sink: DecisionSink, decision: Decision): string | undefined {
  const seen = RegoObject.of(common(world, sink, decision, decision))
  let what = 'drop'
  try {
    if (world.ask(DROP, { input: seen }) === true) return undefined
    what = 'mask'
    const rules = world.ask(MASK, { input: seen })
    return eventText(world, sink, decision, rules === undefined ? { ...decision, erased: [], masked: [] } : mask(decision, rules))
  } catch (error) {
    sink.complain(`decision ${decision.id} is not logged: the policy to ${what} it failed: ${(error as Error).message}`)
    return undefined
  }
}

function eventText(world: World, sink: DecisionSink, decision: Decision, masked: Masked): string {
  const { error, at } = decision
  return printJson(
    RegoObject.of([
      ...common(world, sink, decision, masked).filter(([name]) => name !== 'error'),
      ...some('erased', masked.erased),
      ...some('masked', masked.masked),
      ...(error === undefined ? [] : [['error', error.text] as const]),
      ['level', 'info'],
      ['msg', 'Decision Log'],
      ['time', timeText(at - (at % 1_000_000_000n))],
      ['type', 'openpolicyagent.org/decision_logs'],
    ]),
  )
}

type Entry = readonly [string, Value]

function common(world: World, { labels }: DecisionSink, decision: Decision, shown: Pick<Decision, 'input' | 'result'>): readonly Entry[] {
  const { path, query, error, from, metrics, custom } = decision
  const bundles = world.owners.all.map(
    ({ name, revision }): Entry => [name, RegoObject.of(revision === '' ? [] : [['revision', revision]])],
  )
  return [
    ['decision_id', decision.id],
    ['labels', labels],
    ...(bundles.length === 0 ? [] : [['bundles', RegoObject.of(bundles)] as const]),
    ...(path ? [['path', path] as const] : []),
    ...(query ? [['query', query] as const] : []),
    ...(shown.input === undefined ? [] : [['input', shown.input] as const]),
    ...(shown.result === undefined ? [] : [['result', shown.result] as const]),
    ...(error === undefined ? [] : [['error', error.document] as const]),
    ...(from === '' ? [] : [['requested_by', from] as const]),
    ['timestamp', timeText(decision.at)],
    ['metrics', metrics],
    ...(custom === undefined ? [] : [['custom', custom] as const]),
  ]
}

const some = (name: string, list: readonly string[]): readonly Entry[] => (list.length === 0 ? [] : [[name, list]])

/** RFC 3339, with as many digits of a second as are needed. */
export function timeText(nanoseconds: bigint): string {
  const seconds = new Date(Number(nanoseconds / 1_000_000_000n) * 1000).toISOString().slice(0, 19)
  const fraction = String(nanoseconds % 1_000_000_000n)
    .padStart(9, '0')
    .replace(/0+$/, '')
  return `${seconds}${fraction === '' ? '' : `.${fraction}`}Z`
}
