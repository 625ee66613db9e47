// Suites of tests for templates (test.gatekeeper.sh), as `gator verify` takes them.

import { posix } from 'node:path'
import { RE2JS } from 're2js'
import type { FieldReader } from '../../../formats/kubernetes/field-reader.ts'
import { isFields, type KubernetesObject, kindOf } from '../../../formats/kubernetes/object.ts'
import { readFields } from './fields.ts'

export interface Suite {
  readonly skip: boolean
  readonly tests: readonly SuiteTest[]
}

/** A template and a constraint, and what they have against objects. Paths are relative to the suite's file. */
export interface SuiteTest {
  readonly name: string
  readonly template: string
  readonly constraint: string
  readonly expansion: string
  readonly cases: readonly SuiteCase[]
  /** The schema of the template must refuse the constraint. */
  readonly invalid: boolean
  readonly skip: boolean
}

export interface SuiteCase {
  readonly name: string
  readonly object: string
  readonly inventory: readonly string[]
  readonly assertions: readonly Assertion[]
  readonly skip: boolean
}

export interface Assertion {
  /** How many violations match: a number, at least one, or none. */
  readonly violations: number | 'yes' | 'no'
  /** A regular expression of RE2 that is found in a message; without one every violation matches. */
  readonly message: string | undefined
}

export function isSuite(object: KubernetesObject): boolean {
  const { group, kind } = kindOf(object)
  return group === 'test.gatekeeper.sh' && kind === 'Suite'
}

interface Document {
  readonly object: KubernetesObject
  readonly file: string
  readonly isNamed: boolean
}

/**
 * Documents without what the suites among them have for their tests alone: all that they name below `samples/`, constraints too, and
 * elsewhere what their cases are about, unless it is a policy. A file that somebody named is meant. For one who runs no tests: what cannot
 * be read of a suite names nothing.
 */
export function withoutSamples<T extends Document>(documents: readonly T[], isPolicy: (object: KubernetesObject) => boolean): readonly T[] {
  const suites = documents.filter(({ object }) => isSuite(object))
  const filesOf = (paths: (suite: KubernetesObject) => readonly string[]) =>
    new Set(suites.flatMap(({ object, file }) => paths(object).map((path) => posix.join(posix.dirname(file), path))))
  const samples = filesOf((suite) => [...testsIn(suite), ...casesIn(suite)].filter(isSample))
  const cases = filesOf(casesIn)
  return documents.filter(({ object, file, isNamed }) => {
    const path = posix.normalize(file)
    return isNamed || !(samples.has(path) || (cases.has(path) && !isPolicy(object)))
  })
}

/** Where Gatekeeper's library keeps its examples: its kustomizations have templates alone. */
const isSample = (path: string) => posix.normalize(path).split('/').includes('samples')

const fieldsIn = (value: unknown) => (Array.isArray(value) ? value.filter(isFields) : [])
const textsIn = (values: readonly unknown[]) => values.filter((value) => typeof value === 'string')
const testsIn = ({ tests }: KubernetesObject) =>
  textsIn(fieldsIn(tests).flatMap((test) => [test.template, test.constraint, test.expansion]))
const casesIn = ({ tests }: KubernetesObject) =>
  textsIn(fieldsIn(tests).flatMap((test) => fieldsIn(test.cases).flatMap(({ object, inventory }) => [object, inventory].flat())))

/** Throws ThymusError SUITE with the field. `file` is the name for people. */
export function readSuite(object: KubernetesObject, file: string): Suite {
  const suite = readFields(object, 'SUITE', file)
  return { skip: suite.boolean('skip'), tests: suite.objects('tests').map(readTest) }
}

function readTest(test: FieldReader): SuiteTest {
  return {
    name: test.text('name'),
    template: test.text('template'),
    constraint: test.text('constraint'),
    expansion: test.text('expansion'),
    cases: test.objects('cases').map(readCase),
    invalid: test.boolean('invalid'),
    skip: test.boolean('skip'),
  }
}

function readCase(each: FieldReader): SuiteCase {
  return {
    name: each.text('name'),
    object: each.text('object'),
    inventory: each.texts('inventory'),
    assertions: each.objects('assertions').map(readAssertion),
    skip: each.boolean('skip'),
  }
}

function readAssertion(assertion: FieldReader): Assertion {
  const violations = assertion.value('violations') ?? 'yes'
  const isCount = typeof violations === 'number' && Number.isInteger(violations) && violations >= 0 && violations < 2 ** 31
  if (!isCount && violations !== 'yes' && violations !== 'no') assertion.fail('violations', 'is no whole number, "yes" or "no"')
  return {
    violations: violations as Assertion['violations'],
    message: assertion.has('message') ? assertion.text('message') : undefined,
  }
}

/** What is wrong with the messages of an object's violations; undefined if they are as they should be. */
export function unmet({ violations, message }: Assertion, messages: readonly string[]): string | undefined {
  let matching = messages
  if (message !== undefined) {
    let pattern: RE2JS
    try {
      pattern = RE2JS.compile(message)
    } catch (error) {
      return `message contains invalid regular expression: ${(error as Error).message}`
    }
    matching = messages.filter((each) => pattern.test(each))
  }
  const found = matching.length
  const wanted = violations === 'yes' ? 'at least 1' : violations === 'no' ? 'none' : `exactly ${violations}`
  const isMet = violations === 'yes' ? found > 0 : found === (violations === 'no' ? 0 : violations)
  if (isMet) return undefined
  const about = message === undefined ? '' : ` containing ${JSON.stringify(message)}`
  return `got ${found} violations${about} but want ${wanted}: got messages [${messages.join(' ')}]`
}
