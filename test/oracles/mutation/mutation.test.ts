// Our mutation beside Gatekeeper's own, over random mutators and objects: the same are refused, the same contradict each other, the same comes out.
// THYMUS_MUTATION_CASES says how many; the seed of a difference is told, and THYMUS_MUTATION_SEED begins there.
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { ThymusError } from '../../../src/core/errors.ts'
import type { KubernetesObject } from '../../../src/formats/kubernetes/object.ts'
import { Expander, type ExpansionTemplate, readExpansion } from '../../../src/layers/admission/gatekeeper/expansion.ts'
import type { ObjectSource } from '../../../src/layers/admission/gatekeeper/match.ts'
import type { Mutator } from '../../../src/layers/admission/gatekeeper/mutation/mutator.ts'
import { parsePath } from '../../../src/layers/admission/gatekeeper/mutation/path.ts'
import { readMutator } from '../../../src/layers/admission/gatekeeper/mutation/read.ts'
import { MutationSystem } from '../../../src/layers/admission/gatekeeper/mutation/system.ts'
import { Generator } from './generator.ts'
import { type Answer, type Question, startOracle } from './oracle.ts'

const CASES = Number(process.env.THYMUS_MUTATION_CASES ?? 2000)
const SEED = Number(process.env.THYMUS_MUTATION_SEED ?? 1)
const BATCH = 500

const oracle = startOracle()
after(() => typeof oracle !== 'string' && oracle.stop())

type Made<T> = T | ThymusError
function attempt<T>(make: () => T): Made<T> {
  try {
    return make()
  } catch (error) {
    if (!(error instanceof ThymusError) || error.code !== 'MUTATOR') throw error
    return error
  }
}
const failed = (made: Made<unknown>): made is ThymusError => made instanceof ThymusError
const taken = <T>(all: readonly Made<T>[]) => all.filter((each): each is T => !failed(each))

function ourPath({ path }: Question) {
  const steps = attempt(() => parsePath(path!))
  if (failed(steps)) return { error: true }
  const nodes = steps.map((step) => {
    if (step.type === 'Object') return { field: step.name }
    if (step.value === undefined) return { key: step.key }
    return { key: step.key, ...(typeof step.value === 'bigint' ? { number: String(step.value) } : { value: step.value }) }
  })
  return { error: false, nodes }
}

function ourMutation({ mutators, object, namespace, source, operation, annotate }: Question) {
  const read = mutators!.map((each) => attempt(() => readMutator(each as KubernetesObject)))
  const system = MutationSystem.of(taken<Mutator>(read))
  const mutable = {
    object: object as KubernetesObject,
    namespace: namespace as KubernetesObject | undefined,
    source: source as ObjectSource,
    operation: operation || undefined,
    ...(annotate === undefined ? {} : { annotate }),
  }
  const before = JSON.stringify(object)
  const result = attempt(() => system.mutate(mutable))
  assert.equal(JSON.stringify(object), before, 'the object that was given is as it was')
  const conflicts = [...system.conflicts.keys()].map((id) => id.replace('//', '/')).sort()
  return {
    rejected: read.map(failed),
    conflicts,
    error: failed(result),
    ...(failed(result) ? {} : { object: result.object, mutated: result.applied.length > 0 }),
  }
}

function ourExpansion({ templates, mutators, object, namespace }: Question) {
  const read = templates!.map((each) => attempt(() => readExpansion(each as KubernetesObject)))
  const system = MutationSystem.of(taken(mutators!.map((each) => attempt(() => readMutator(each as KubernetesObject)))))
  const expander = Expander.of(taken<ExpansionTemplate>(read), system)
  const result = attempt(() => expander.expand(object as KubernetesObject, namespace as KubernetesObject | undefined))
  const resultants = failed(result)
    ? []
    : result.map(({ template, object }) => ({ template: template.name, enforcementAction: template.enforcementAction ?? '', object }))
  return { rejected: read.map(failed), conflicts: expander.cycles, error: failed(result), resultants: inAnyOrder(resultants) }
}

/** Gatekeeper goes through its templates in the order of a Go map. */
const inAnyOrder = (list: readonly unknown[]) => list.map(canonical).sort()
const canonical = (value: unknown) => JSON.stringify(sorted(value))
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.entries(value)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([field, inner]) => [field, sorted(inner)])
}

/** What the oracle says, in the words of ours. */
function theirs(question: Question, answer: Answer) {
  const error = answer.error !== undefined
  if (question.path !== undefined) return error ? { error } : { error, nodes: answer.nodes ?? [] }
  const common = { rejected: answer.rejected.map((why) => why !== ''), conflicts: answer.conflicts, error }
  if (question.templates !== undefined) return { ...common, resultants: inAnyOrder(answer.resultants ?? []) }
  return error ? common : { ...common, object: answer.object, mutated: answer.mutated }
}

function counted(told: Map<string, number>, what: string, times = 1): void {
  told.set(what, (told.get(what) ?? 0) + times)
}

async function compare(
  cases: number,
  make: (generator: Generator) => Question,
  ours: (question: Question) => object,
): Promise<Map<string, number>> {
  assert(typeof oracle !== 'string')
  const told = new Map<string, number>()
  for (let from = SEED; from < SEED + cases; from += BATCH) {
    const seeds = Array.from({ length: Math.min(BATCH, SEED + cases - from) }, (_, index) => from + index)
    // Asked as they are written: 80.0 and -0 are other numbers to Go, and are left out here.
    const questions = seeds.map((seed) => JSON.parse(JSON.stringify(make(new Generator(seed)))) as Question)
    const answers: readonly Answer[] = await oracle.ask(questions)
    for (const [index, question] of questions.entries()) {
      const answer = answers[index]!
      const [expected, actual] = [theirs(question, answer), ours(question)]
      if (canonical(actual) !== canonical(expected))
        assert.deepEqual(actual, expected, `seed ${seeds[index]}: ${JSON.stringify(question)}\n${JSON.stringify(answer)}`)
      counted(told, 'same')
      if (answer.error !== undefined) counted(told, 'errors')
      if (answer.mutated) counted(told, 'mutated')
      if (answer.conflicts?.length > 0) counted(told, 'conflicts')
      counted(told, 'rejected', answer.rejected?.filter((why) => why !== '').length ?? 0)
      counted(told, 'resultants', answer.resultants?.length ?? 0)
    }
  }
  return told
}

describe('mutation beside Gatekeeper', { skip: typeof oracle === 'string' ? oracle : false }, () => {
  test('locations', async (t) => {
    const told = await compare(CASES, (generator) => ({ path: generator.path() }), ourPath)
    t.diagnostic(JSON.stringify(Object.fromEntries(told)))
    assert.equal(told.get('same'), CASES)
    assert(told.get('errors')! < CASES * 0.9)
  })

  test('objects', async (t) => {
    const told = await compare(CASES, (generator) => generator.question(), ourMutation)
    t.diagnostic(JSON.stringify(Object.fromEntries(told)))
    assert.equal(told.get('same'), CASES)
    for (const [what, share] of [
      ['mutated', 0.1],
      ['errors', 0.05],
      ['conflicts', 0.03],
    ] as const)
      assert(told.get(what)! > CASES * share, what)
  })

  test('expansion', async (t) => {
    const told = await compare(CASES, (generator) => generator.expansion(), ourExpansion)
    t.diagnostic(JSON.stringify(Object.fromEntries(told)))
    assert.equal(told.get('same'), CASES)
    assert(told.get('resultants')! > CASES / 4)
  })
})
