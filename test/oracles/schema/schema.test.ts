// Schemas beside Kubernetes' own code: generated ones with objects for them, templates with constraints, and texts for every format.
// `THYMUS_SCHEMA_CASES=20000` for more schemas than by default, `THYMUS_SCHEMA_SEED` for others.
import assert from 'node:assert/strict'
import { after, before, type TestContext, test } from 'node:test'
import { Random } from '../../kit/random.ts'
import { compare, Tally } from './compared.ts'
import { Cases, isFields, mutated, STRING_FORMATS, TEXTS } from './generator.ts'
import { type Question, startOracle } from './oracle.ts'

const CASES = Number(process.env.THYMUS_SCHEMA_CASES ?? 1500)
const SEED = Number(process.env.THYMUS_SCHEMA_SEED ?? 1)
/** For each schema. */
const VALUES = 6
/** Texts that are asked about at once. */
const CHUNK = 500
/** Differences that are told. */
const SHOWN = 5
let oracle: ReturnType<typeof startOracle> = 'not started'

before(() => {
  oracle = startOracle()
})
after(() => {
  if (typeof oracle !== 'string') oracle.stop()
})

/** Asks about each schema in turn; undefined, and the test is skipped, where there is no oracle. */
async function compareAll(context: TestContext, cases: Iterable<readonly Question[]>): Promise<Tally | undefined> {
  if (typeof oracle === 'string') return void context.skip(oracle)
  const tally = new Tally()
  for (const questions of cases) compare(questions, await oracle.ask(questions), tally)
  const { schemas, refused, valid, invalid } = tally
  context.diagnostic(`${schemas} schemas, ${refused} of them refused; ${valid} values valid, ${invalid} not`)
  assert.equal(tally.differences.length, 0, tally.differences.slice(0, SHOWN).join('\n'))
  return tally
}

function* objects(): Generator<Question[]> {
  for (let seed = SEED; seed < SEED + CASES; seed++) {
    const made = new Cases(new Random(seed))
    const schema = made.root()
    const mode = seed % 3 === 0 ? 'gatekeeper' : 'server'
    yield Array.from({ length: VALUES }, () => ({ mode, schema, value: fieldsOf(made.fitting(schema, 4)) }))
  }
}

test('objects: acceptance of the schema, problems, unknown fields and defaults are those of the API server', async (context) => {
  const tally = await compareAll(context, objects())
  if (tally !== undefined) assert.ok(tally.valid > CASES && tally.invalid > CASES / 2 && tally.refused > CASES / 10)
})

const fieldsOf = (value: unknown) => (isFields(value) ? value : {})

function* constraints(): Generator<Question[]> {
  for (let seed = SEED; seed < SEED + CASES / 3; seed++) {
    const random = new Random(seed)
    const made = new Cases(random)
    const schema = random.below(20) === 0 ? null : random.below(20) === 0 ? made.schema(3) : made.root()
    const legacy = random.below(2) === 0
    yield Array.from({ length: VALUES }, () => ({ mode: 'constraint', schema, legacy, value: made.constraint(schema) }))
  }
}

test('constraints: what Gatekeeper refuses, and why', async (context) => {
  const tally = await compareAll(context, constraints())
  if (tally !== undefined) assert.ok(tally.valid > CASES / 4 && tally.invalid > CASES / 4)
})

function* formats(): Generator<Question[]> {
  const properties = Object.fromEntries(STRING_FORMATS.map((format) => [format, { type: 'string', format }]))
  const random = new Random(SEED)
  const texts = [...TEXTS, ...Array.from({ length: 2 * CASES }, () => mutated(random.of(TEXTS), random))]
  for (let at = 0; at < texts.length; at += CHUNK) {
    const values = texts.slice(at, at + CHUNK).map((text) => Object.fromEntries(STRING_FORMATS.map((format) => [format, text])))
    yield values.map((value) => ({ mode: 'server', schema: { type: 'object', properties }, value }))
  }
}

test('formats: a text has one for us if it has it for Kubernetes', async (context) => {
  const tally = await compareAll(context, formats())
  if (tally !== undefined) assert.ok(tally.invalid > 2 * CASES && tally.refused === 0)
})
