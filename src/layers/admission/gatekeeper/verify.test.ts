import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ThymusError } from '../../../core/errors.ts'
import { type SuiteResult, verifySuite } from './verify.ts'

const TEMPLATE = `apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: images}
spec:
  crd:
    spec:
      names: {kind: Images}
      validation:
        openAPIV3Schema:
          type: object
          required: [prefix]
          properties: {prefix: {type: string}}
  targets:
  - target: admission.k8s.gatekeeper.sh
    rego: |
      package images

      # A comment in a template is left where it is.
      violation[{"msg": msg}] {
        input.review.operation != "DELETE"
        image := input.review.object.spec.containers[_].image
        not startswith(image, input.parameters.prefix)
        msg := sprintf("image %v", [image])
      }
      violation[{"msg": "taken"}] { data.inventory.cluster["v1"]["Thing"]["t"] }
`
const CONSTRAINT = `apiVersion: constraints.gatekeeper.sh/v1beta1
kind: Images
metadata: {name: ours}
spec:
  match: {kinds: [{apiGroups: [""], kinds: [Pod]}]}
  parameters: {prefix: ours/}
`
const POD = `apiVersion: v1
kind: Pod
metadata: {name: p}
spec: {containers: [{image: ours/a}, {image: b}, {image: c}]}
`
const FILES: Readonly<Record<string, string>> = {
  'dir/template.yaml': TEMPLATE,
  'dir/samples/constraint.yaml': CONSTRAINT,
  'dir/samples/no-prefix.yaml': CONSTRAINT.replace('prefix: ours/', ''),
  'dir/samples/unknown.yaml': CONSTRAINT.replace('prefix: ours/', 'prefix: ours/, x: 1'),
  'dir/samples/pod.yaml': POD,
  'dir/samples/good.yaml': POD.replace('b}, {image: c', 'ours/b}, {image: ours/c'),
  'dir/samples/two.yaml': `${POD}---\n${POD}`,
  'dir/samples/thing.yaml': 'apiVersion: v1\nkind: Thing\nmetadata: {name: t}\n',
  'dir/samples/deployment.yaml': `apiVersion: apps/v1
kind: Deployment
metadata: {name: d}
spec: {template: {metadata: {}, spec: {containers: [{image: b}]}}}
`,
  'dir/expansion.yaml': `apiVersion: expansion.gatekeeper.sh/v1beta1
kind: ExpansionTemplate
metadata: {name: pods}
spec:
  applyTo: [{groups: [apps], versions: [v1], kinds: [Deployment]}]
  templateSource: spec.template
  generatedGVK: {group: "", version: v1, kind: Pod}
`,
  'dir/cyclic.yaml': [
    ['to-pods', 'apps', 'Deployment', '', 'Pod'],
    ['back', '', 'Pod', 'apps', 'Deployment'],
  ]
    .map(
      ([name, group, kind, toGroup, toKind]) => `apiVersion: expansion.gatekeeper.sh/v1beta1
kind: ExpansionTemplate
metadata: {name: ${name}}
spec:
  applyTo: [{groups: ["${group}"], versions: [v1], kinds: [${kind}]}]
  templateSource: spec.template
  generatedGVK: {group: "${toGroup}", version: v1, kind: ${toKind}}
`,
    )
    .join('---\n'),
  'dir/samples/typo.yaml': POD.replace('kind', 'Kind'),
  'dir/samples/number.yaml': POD.replace('kind: Pod', 'kind: 1'),
  'dir/samples/parts.yaml': POD.replace('v1', 'a/b/c'),
  'dir/samples/parts-review.yaml': `apiVersion: admission.k8s.io/v1
kind: AdmissionReview
request: {object: {apiVersion: a/b/c, kind: Pod, metadata: {name: p}}}
`,
  'dir/samples/delete.yaml': `apiVersion: admission.k8s.io/v1beta1
kind: AdmissionReview
request:
  operation: DELETE
  oldObject: {apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{image: b}]}}
`,
  'dir/samples/odd-review.yaml': 'apiVersion: admission.k8s.io/v1\nkind: AdmissionReview\nrequest: {object: {kind: Pod}, colour: red}\n',
  'dir/samples/empty-review.yaml': 'apiVersion: admission.k8s.io/v1\nkind: AdmissionReview\nrequest: {operation: CREATE}\n',
}

function run(suite: string, more: Readonly<Record<string, string>> = {}): SuiteResult | undefined {
  const files: Record<string, string> = { ...FILES, ...more, 'dir/suite.yaml': suite }
  return verifySuite('dir/suite.yaml', {
    surroundings: () => ({ now: 0n, clock: () => performance.now(), random: Math.random }),
    read: (file) => {
      if (!Object.hasOwn(files, file)) throw new ThymusError('SUITE', 'cannot be read', { at: file })
      return files[file]!
    },
  })
}

const HEAD = 'apiVersion: test.gatekeeper.sh/v1alpha1\nkind: Suite\n'
const PAIR = 'template: template.yaml, constraint: samples/constraint.yaml'

/** The error of the only case; undefined if it passed. */
function caseError(object: string, assertions: string, more = ''): string | undefined {
  const suite = `${HEAD}tests:\n- {name: t, ${PAIR}, cases: [{name: c, object: samples/${object}.yaml, assertions: ${assertions}${more}}]}\n`
  const [result] = run(suite)!.tests
  return result!.error ?? result!.cases[0]!.error
}

describe('assertions', () => {
  const held: readonly (readonly [object: string, assertions: string])[] = [
    ['pod', '[{violations: yes}]'],
    ['pod', '[{}]'],
    ['pod', '[{violations: 2}, {violations: 1, message: "image b"}]'],
    ['pod', '[{message: "^image [bc]$", violations: 2}]'],
    ['pod', '[{violations: no, message: "image [^bc]"}]'],
    ['good', '[{violations: no}]'],
    ['good', '[{violations: 0}]'],
  ]
  for (const [object, assertions] of held) test(`${assertions} of ${object}`, () => assert.equal(caseError(object, assertions), undefined))

  const broken: readonly (readonly [object: string, assertions: string, error: RegExp])[] = [
    ['pod', '[{violations: no}]', /got 2 violations but want none: got messages \[image b image c\]/],
    ['pod', '[{violations: 3}]', /got 2 violations but want exactly 3/],
    ['good', '[{}]', /got 0 violations but want at least 1/],
    ['pod', '[{violations: 1}, {violations: yes}]', /want exactly 1/],
    ['pod', '[{message: "image d"}]', /got 0 violations containing "image d" but want at least 1/],
    ['pod', '[{message: "("}]', /invalid regular expression/],
    ['pod', '[]', /the case has no assertions/],
    ['two', '[{violations: yes}]', /must hold one object, and holds 2/],
    ['odd-review', '[{}]', /REVIEW .*request.colour is not known/],
    ['empty-review', '[{}]', /REVIEW .*request.object and oldObject are missing/],
    ['typo', '[{violations: no}]', /SUITE at samples\/typo.yaml: an object has no kind/],
    ['number', '[{violations: no}]', /SUITE at samples\/number.yaml: an object has no kind/],
    ['parts', '[{violations: no}]', /SUITE at samples\/parts.yaml: .* an apiVersion that is none/],
    ['parts-review', '[{violations: no}]', /REVIEW .*request.object has no kind, or an apiVersion that is none/],
    ['missing', '[{}]', /cannot be read/],
  ]
  for (const [object, assertions, error] of broken) {
    test(`${assertions} of ${object} is told`, () => assert.match(caseError(object, assertions) ?? 'passed', error))
  }
})

test('the inventory is that of the case', () => {
  const two = `cases: [{name: a, object: samples/good.yaml, inventory: [samples/thing.yaml], assertions: [{message: taken}]}, {name: b, object: samples/good.yaml, assertions: [{violations: no}]}]`
  const { tests } = run(`${HEAD}tests:\n- {name: t, ${PAIR}, ${two}}\n`)!
  assert.deepEqual(
    tests[0]!.cases.map(({ error }) => error),
    [undefined, undefined],
  )
})

test('a review stands for the request in it', () => assert.equal(caseError('delete', '[{violations: no}]'), undefined))

test('what an object will make is judged with it', () => {
  const cases =
    'cases: [{name: c, object: samples/deployment.yaml, assertions: [{violations: 1, message: "^\\\\[Implied by pods\\\\] image b$"}]}]'
  const { tests } = run(`${HEAD}tests:\n- {name: t, ${PAIR}, expansion: expansion.yaml, ${cases}}\n- {name: u, ${PAIR}, ${cases}}\n`)!
  assert.equal(tests[0]!.cases[0]!.error, undefined)
  assert.match(tests[1]!.cases[0]!.error!, /got 0 violations/)
})

test('expansion templates that lead back to what they apply to are refused', () => {
  const cases = 'cases: [{name: c, object: samples/deployment.yaml, assertions: [{violations: no}]}]'
  const [result] = run(`${HEAD}tests:\n- {name: t, ${PAIR}, expansion: cyclic.yaml, ${cases}}\n`)!.tests
  assert.equal(result!.error, 'MUTATOR at cyclic.yaml: the ExpansionTemplate back leads back to what it applies to')
})

test('a constraint that should be invalid must be refused by its schema', () => {
  const error = (constraint: string) =>
    run(`${HEAD}tests:\n- {name: t, template: template.yaml, constraint: samples/${constraint}.yaml, invalid: true}\n`)!.tests[0]!.error
  assert.equal(error('no-prefix'), undefined)
  assert.match(error('constraint')!, /should have refused/)
  // That a field is unknown is no fault of the schema.
  assert.match(error('unknown')!, /spec.parameters.x is not known/)
})

test('what is skipped is not run', () => {
  assert.deepEqual(run(`${HEAD}skip: true\ntests: [{name: t}]\n`), { file: 'dir/suite.yaml', skipped: true, tests: [] })
  const { tests } = run(`${HEAD}tests:\n- {name: t, skip: true}\n- {name: u, ${PAIR}, cases: [{name: c, skip: true}]}\n`)!
  assert.deepEqual([tests[0]!.skipped, tests[0]!.error, tests[1]!.cases[0]!.skipped], [true, undefined, true])
})

test('a file that is no suite is none', () => assert.equal(run('apiVersion: v1\nkind: Pod\n'), undefined))

const refused: readonly (readonly [suite: string, message: RegExp])[] = [
  [`${HEAD}tests: {}`, /tests is no list/],
  [`${HEAD}tests: [{name: 1}]`, /tests\[0\].name is no text/],
  [`${HEAD}tests: [{cases: [{assertions: [{violations: true}]}]}]`, /assertions\[0\].violations is no whole number/],
  [`${HEAD}tests: [{cases: [{assertions: [{violations: -1}]}]}]`, /violations is no whole number/],
  [`${HEAD}skip: "yes"`, /skip is neither true nor false/],
]
for (const [suite, message] of refused)
  test(`refused: ${suite.slice(HEAD.length)}`, () => assert.throws(() => run(suite), { code: 'SUITE', message }))

test('no suite makes it throw anything else', () => {
  const words = fc.constantFrom(
    'tests',
    'cases',
    'name',
    'template',
    'object',
    'assertions',
    'violations',
    'message',
    'skip',
    'invalid',
    'template.yaml',
    'samples/pod.yaml',
  )
  const value = fc.letrec<{ any: unknown }>((tie) => ({
    any: fc.oneof(
      { maxDepth: 4 },
      words,
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('any'), { maxLength: 3 }),
      fc.dictionary(words, tie('any'), { maxKeys: 4 }),
    ),
  })).any
  fc.assert(
    fc.property(value, (tests) => {
      try {
        run(JSON.stringify({ apiVersion: 'test.gatekeeper.sh/v1alpha1', kind: 'Suite', tests }))
      } catch (error) {
        assert.ok(error instanceof ThymusError, String(error))
      }
    }),
    { numRuns: 1_000 },
  )
})
