// Regular expressions of RE2: `matches` of the language, `find` and `findAll` of Kubernetes (pkg/cel/library/regex.go).
import { RE2JS } from 're2js'
import { kept } from '../../rego/builtins/kept.ts'
import { Fault, type Run } from '../run.ts'
import { ItemList, type Value } from '../values.ts'
import type { Library } from './library.ts'

/** States of a pattern that are gone through in the time of a step. */
const STATES_OF_A_STEP = 2
/** For each character, each state, and each class of Unicode, which has hundreds of ranges. */
const STEPS_TO_COMPILE = { character: 64, state: 48, unicode: 5_000 }
const STEPS_OF_A_MATCH = 24

const compiled = kept(256, (source) => {
  try {
    return RE2JS.compile(source)
  } catch (error) {
    throw new Fault(`error parsing regexp: ${(error as Error).message.replace(/^error parsing regexp: /, '')}`)
  }
})

/** Throws a Fault for what is no pattern of RE2. */
export function checkPattern(source: string): void {
  compiled(source)
}

/** Takes the steps that a pattern may need for a text: both sizes count. */
function matcherOf(run: Run, source: string, text: string) {
  const isNew = !compiled.has(source)
  if (isNew) {
    const classes = source.match(/\\[pP]/g)?.length ?? 0
    run.spend(STEPS_TO_COMPILE.character * source.length + STEPS_TO_COMPILE.unicode * classes)
  }
  const pattern = compiled(source)
  if (isNew) run.spend(STEPS_TO_COMPILE.state * pattern.programSize())
  run.spend(Math.ceil((pattern.programSize() * text.length) / STATES_OF_A_STEP))
  return pattern.matcher(text)
}

export function matches(run: Run, text: string, source: string): boolean {
  return matcherOf(run, source, text).find()
}

/** Every match, `limit` at most where that is not negative; an empty one right after a match is none, as in Go. */
function findAll(run: Run, text: string, source: string, limit: bigint): Value {
  const matcher = matcherOf(run, source, text)
  const all: string[] = []
  let before = -1
  for (let at = 0; at <= text.length && (limit < 0n || BigInt(all.length) < limit); ) {
    run.spend(STEPS_OF_A_MATCH)
    if (!matcher.find(at)) break
    const [start, end] = [matcher.start(), matcher.end()]
    if (start !== end || start !== before) all.push(text.slice(start, end))
    before = end
    at = end > at ? end : at + (text.codePointAt(at)! > 0xffff ? 2 : 1)
  }
  return new ItemList(all)
}

export const REGEX: Library = {
  '.matches(string, string): bool': matches,
  'matches(string, string): bool': matches,
  '.find(string, string): string': (run: Run, text: string, source: string) => {
    const matcher = matcherOf(run, source, text)
    return matcher.find() ? text.slice(matcher.start(), matcher.end()) : ''
  },
  '.findAll(string, string): list(string)': (run: Run, text: string, source: string) => findAll(run, text, source, -1n),
  '.findAll(string, string, int): list(string)': findAll,
}
