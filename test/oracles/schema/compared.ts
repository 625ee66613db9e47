// One schema and its values, judged by us and by the oracle: what differs.
import { ThymusError } from '../../../src/core/errors.ts'
import { constraintSchema } from '../../../src/layers/admission/gatekeeper/constraint-schema.ts'
import { compileSchema, type Schema } from '../../../src/layers/admission/schema/schema.ts'
import { canonical } from '../../../src/layers/admission/schema/value.ts'
import type { Answer, Question } from './oracle.ts'

/** How much was compared, so that a run that compares nothing is seen. */
export class Tally {
  schemas = 0
  refused = 0
  valid = 0
  invalid = 0
  readonly differences: string[] = []
}

/** Adds what was found; the questions share one schema. */
export function compare(questions: readonly Question[], answers: readonly Answer[], tally: Tally): void {
  const [{ mode, schema, legacy = false }] = questions as [Question]
  const differ = (what: string, ours: unknown, theirs: unknown) =>
    void tally.differences.push(
      `${what} of ${mode} ${legacy} ${JSON.stringify(schema)}\n  ours ${JSON.stringify(ours)}\n  Go's ${JSON.stringify(theirs)}`,
    )
  tally.schemas++
  const compiled = compile(questions[0]!)
  // A rule that leads through a map without a schema breaks Go's own code.
  const refusal = answers[0]!.schemaError ?? answers[0]!.error?.match(/^panic: .*/)?.[0]
  if (typeof compiled === 'string' || refusal !== undefined) {
    tally.refused++
    if (typeof compiled !== 'string' || refusal === undefined) differ('acceptance', compiled, refusal)
    else if (mode !== 'constraint' && !isSamePlace(compiled, refusal)) differ('the place of the fault', compiled, refusal)
    return
  }
  for (const [index, { value }] of questions.entries()) {
    const answer = answers[index]!
    const before = canonical(value)
    const judge = mode === 'constraint' ? compareConstraint : compareObject
    if (judge(compiled, value, answer, (what, ours, theirs) => differ(`${what} for ${before}`, ours, theirs))) tally.valid++
    else tally.invalid++
    if (canonical(value) !== before) differ('the argument was changed', value, before)
  }
}

type Differ = (what: string, ours: unknown, theirs: unknown) => void

/** The schema, or why it is refused. */
function compile({ mode, schema, legacy = false }: Question): Schema | string {
  try {
    if (mode === 'constraint') return constraintSchema(schema ?? undefined, legacy)
    return compileSchema(schema, { by: mode === 'server' ? 'api-server' : 'gatekeeper' })
  } catch (error) {
    if (!(error instanceof ThymusError) || error.code !== 'TEMPLATE') throw error
    return error.message
  }
}

/** Texts of the problems of the schema; paths of those beside it, for whose texts Kubernetes has other words. */
function compareObject(schema: Schema, value: unknown, answer: Answer, differ: Differ): boolean {
  if (answer.error !== undefined) differ('the oracle', undefined, answer.error)
  const problems = schema.validate(value)
  const { problems: texts, beside, unknown } = answer as unknown as Readonly<Record<'problems' | 'beside' | 'unknown', readonly string[]>>
  const own = problems.slice(0, texts.length)
  const same = (what: string, ours: readonly string[], theirs: readonly string[]) => {
    if (canonical([...new Set(ours)].sort()) !== canonical([...new Set(theirs)].sort())) differ(what, ours, theirs)
  }
  same('problems', own.map(({ text }) => withoutValue(text)), texts.map(withoutValue)) // biome-ignore format: a table
  same('problems beside', problems.slice(own.length).map(({ path }) => path), beside) // biome-ignore format: a table
  same('unknown fields', schema.unknownFields(value), unknown)
  const filled = schema.withDefaults(value)
  if (canonical(filled) !== canonical(answer.defaulted)) differ('defaults', filled, answer.defaulted)
  return texts.length === 0 && beside.length === 0
}

/** Gatekeeper tells the unknown fields only of what is valid otherwise. */
function compareConstraint(schema: Schema, value: unknown, { error = '' }: Answer, differ: Differ): boolean {
  const problems = schema.validate(value)
  const unknown = schema.unknownFields(value)
  if (problems.length > 0) {
    const untold = problems.filter(
      ({ text }) => !error.includes(text) && !/ is required$| should (?:be one of|be at most|have at most) /.test(text),
    )
    if (!error.startsWith('schema validation failed') || untold.length > 0) differ('problems', problems, error)
  } else if ((unknown.length === 0 ? '' : `unknown fields: [${unknown.join(' ')}]`) !== (error.match(/unknown fields: .*$/)?.[0] ?? error))
    differ('unknown fields', unknown, error)
  return error === ''
}

/** Go and JavaScript do not escape the same characters. */
const withoutValue = (text: string) => text.replace(/(of type [\w-]+): ".*"$/s, '$1')

/**
 * Is one of the places that we name one that Kubernetes names? It tells not all of them. What it cannot even read, and `$schema`, have
 * none there, and a rule without a type is there a fault of the default beside it.
 */
function isSamePlace(ours: string, theirs: string): boolean {
  if (/^decode|^panic|'schema' is not supported|rule compiler initialization/.test(theirs)) return true
  const told = theirs.replaceAll('.[', '[')
  return ours.split('; ').some((each) => each.includes('$schema') || told.includes(`${each.split(': ', 1)[0]}:`))
}
