// CEL beside cel-go in Kubernetes' own environment: values with their types, which error it is, and what it cost.
// `THYMUS_CEL_CASES=50000` for more made expressions than by default, `THYMUS_CEL_SEED` for others.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import { Random } from '../../kit/random.ts'
import { difference } from './compared.ts'
import { OBJECT, WRITTEN } from './expressions.table.ts'
import { made } from './generator.ts'
import { type Answer, startOracle } from './oracle.ts'
import { answerOf } from './ours.ts'
import { typed } from './typed.ts'

const CASES = Number(process.env.THYMUS_CEL_CASES ?? 4_000)
const SEED = Number(process.env.THYMUS_CEL_SEED ?? 1)
/** Differences that are told. */
const SHOWN = Number(process.env.THYMUS_CEL_SHOWN ?? 10)
/** Of the values: where overloads are not known before, cel-go counts sorting as 1, and it counts characters where we count UTF-16. */
const MOST_COSTS = 0.03
const ANSWERS = join(import.meta.dirname, 'answers.json')
let oracle: ReturnType<typeof startOracle> = 'not started'

before(() => {
  oracle = startOracle()
})
after(() => {
  if (typeof oracle !== 'string') oracle.stop()
})

async function compareAll(context: TestContext, expressions: readonly string[], record = false): Promise<void> {
  if (typeof oracle === 'string') return void context.skip(oracle)
  const questions = expressions.map((expression) => ({ expression, variables: { object: OBJECT } }))
  const theirs = await oracle.ask(questions)
  if (record) {
    const lines = [...new Map(expressions.map((text, at) => [text, recorded(theirs[at]!)]))]
    writeFileSync(ANSWERS, `{\n${lines.map(([text, answer]) => `  ${JSON.stringify(text)}: ${JSON.stringify(answer)}`).join(',\n')}\n}\n`)
  }
  const differences: string[] = []
  const costs: string[] = []
  const counts: Record<string, number> = {}
  for (const [at, question] of questions.entries()) {
    const [ours, go] = [answerOf(question), theirs[at]!]
    counts[go.error ?? 'value'] = (counts[go.error ?? 'value'] ?? 0) + 1
    const found = difference(question.expression, ours, go)
    if (found !== undefined) differences.push(found)
    else if (go.error === undefined && ours.error === undefined && ours.cost !== go.cost)
      costs.push(`${question.expression}: ${ours.cost}, Go ${go.cost}`)
  }
  context.diagnostic(`${JSON.stringify(counts)}; cost differs for ${costs.length}`)
  assert.ok(counts.value! > 100 && costs.length < MOST_COSTS * counts.value!, costs.slice(0, SHOWN).join('\n'))
  if (process.env.THYMUS_CEL_COSTS !== undefined) console.log(costs.join('\n'))
  assert.equal(differences.length, 0, `${differences.length} differ\n${differences.slice(0, SHOWN).join('\n')}`)
}

/** What Go's compiler says is not what ours says. */
const recorded = ({ value, type, cost, error, message }: Answer) =>
  error === undefined ? { value, type, cost } : error === 'eval' ? { error, message } : { error }

test('written expressions about every library', async (context) => {
  await compareAll(context, WRITTEN, process.env.THYMUS_CEL_RECORD !== undefined)
})

test('made expressions whose types agree', async (context) => {
  const random = new Random(SEED)
  await compareAll(
    context,
    Array.from({ length: CASES }, () => typed(random)),
  )
})

test('made expressions: every function with every kind of value', async (context) => {
  const random = new Random(SEED)
  await compareAll(
    context,
    Array.from({ length: CASES }, () => made(random)),
  )
})
