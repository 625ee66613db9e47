// CEL beside cel-go in Kubernetes' own environment: values with their types, which error it is, and what it cost.
// `THYMUS_CEL_CASES=50000` for more made expressions than by default, `THYMUS_CEL_SEED` for others.
import assert from 'node:assert/strict'
import { after, before, type TestContext, test } from 'node:test'
import { Random } from '../../kit/random.ts'
import { made, OBJECT, WRITTEN } from './expressions.table.ts'
import { type Answer, Oracle } from './oracle.ts'
import { answerOf } from './ours.ts'

const CASES = Number(process.env.THYMUS_CEL_CASES ?? 4_000)
const SEED = Number(process.env.THYMUS_CEL_SEED ?? 1)
/** Differences that are told. */
const SHOWN = Number(process.env.THYMUS_CEL_SHOWN ?? 10)
/** Of the values: where overloads are not known before, cel-go counts sorting as 1, and it counts characters where we count UTF-16. */
const MOST_COSTS = 0.02
let oracle: Oracle | string = 'not started'

before(() => {
  oracle = Oracle.start()
})
after(() => {
  if (typeof oracle !== 'string') oracle.stop()
})

async function compareAll(context: TestContext, expressions: readonly string[]): Promise<void> {
  if (typeof oracle === 'string') return void context.skip(oracle)
  const questions = expressions.map((expression) => ({ expression, variables: { object: OBJECT } }))
  const theirs = await oracle.ask(questions)
  const differences: string[] = []
  const costs: string[] = []
  const counts: Record<string, number> = {}
  for (const [at, question] of questions.entries()) {
    const [ours, go] = [answerOf(question), theirs[at]!]
    counts[go.error ?? 'value'] = (counts[go.error ?? 'value'] ?? 0) + 1
    const [left, right] = [shown(ours, question.expression), shown(go, question.expression)]
    if (isFaulty(go) || isKept(ours)) continue
    if (left !== right)
      differences.push(`${question.expression}\n  ours: ${left} ${ours.message ?? ''}\n  Go:   ${right} ${go.message ?? ''}`)
    else if (go.error === undefined && ours.cost !== go.cost) costs.push(`${question.expression}: ${ours.cost}, Go ${go.cost}`)
  }
  context.diagnostic(`${JSON.stringify(counts)}; cost differs for ${costs.length}`)
  assert.ok(counts.value! > 100 && costs.length < MOST_COSTS * counts.value!, costs.slice(0, SHOWN).join('\n'))
  if (process.env.THYMUS_CEL_COSTS !== undefined) console.log(costs.join('\n'))
  assert.equal(differences.length, 0, `${differences.length} differ\n${differences.slice(0, SHOWN).join('\n')}`)
}

/** cel-go panics at optional elements of type dyn, takes a name of a macro for a type after one was
 * used, and refuses to show an element that is left out. */
const isFaulty = ({ error, message }: Answer) =>
  error === 'panic' || /^reference to undefined type|was given optional_type/.test(message ?? '')

/** What differs on purpose: keys of maps that are no keys of CEL, which cel-go does not look at;
 * and what it counts before it looks at the types. */
const isKept = ({ message }: Answer) => /^unsupported key type|no such overload: flatten/.test(message ?? '')

/** Go goes through the keys of an object in any order. */
const UNORDERED = /\bobject\)*\.(?:map|filter)/

const shown = ({ value, type, error }: Answer, expression: string) =>
  error ?? JSON.stringify(sorted({ value: value ?? null, type }, UNORDERED.test(expression)))

function sorted(value: unknown, lists: boolean): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => sorted(item, lists))
    return lists ? items.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) : items
  }
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item, lists)]))
}

test('written expressions about every library', async (context) => {
  await compareAll(context, WRITTEN)
})

test('made expressions: every function with every kind of value', async (context) => {
  const random = new Random(SEED)
  await compareAll(
    context,
    Array.from({ length: CASES }, () => made(random)),
  )
})
