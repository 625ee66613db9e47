import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ThymusError } from '../../../core/errors.ts'
import type { KubernetesObject } from '../../../formats/kubernetes/object.ts'
import { toHost } from '../../../lang/rego/values/host.ts'
import { Library, type Violation } from './library.ts'
import { questionFrom, questionOf } from './question.ts'

const surroundings = () => ({ now: 0n, clock: () => performance.now(), random: Math.random })
const GATOR = 'gator.gatekeeper.sh'
const WEBHOOK = 'validation.gatekeeper.sh'

const RULE = `package owned

import data.lib.names

violation[{"msg": msg, "details": {"missing": missing}}] {
  wanted := input.parameters.labels[_]
  missing := names.prefixed(wanted)
  not input.review.object.metadata.labels[missing]
  msg := sprintf("%v lacks %v", [input.review.object.metadata.name, missing])
}

violation[{"msg": "a host name is taken"}] {
  other := data.inventory.namespace[_]["v1"]["Service"][_]
  other.spec.host == input.review.object.spec.host
}
`
const LIB = 'package lib.names\nprefixed(name) = concat("/", ["shop.example", name])\n'

const template = (
  target: object,
  schema: unknown = { type: 'object', properties: { labels: { type: 'array', items: { type: 'string' } } } },
) => ({
  apiVersion: 'templates.gatekeeper.sh/v1',
  kind: 'ConstraintTemplate',
  metadata: { name: 'owned' },
  spec: {
    crd: { spec: { names: { kind: 'Owned' }, validation: { openAPIV3Schema: schema } } },
    targets: [{ target: 'admission.k8s.gatekeeper.sh', ...target }],
  },
})
const rego = (text: string, libs: readonly string[] = []) => template({ rego: text, libs })
const constraint = (spec: object, name = 'all') => ({
  apiVersion: 'constraints.gatekeeper.sh/v1beta1',
  kind: 'Owned',
  metadata: { name },
  spec,
})
const pod = (labels: object, more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'shop', labels },
  spec: {},
  ...more,
})

function library(written: KubernetesObject, ...constraints: readonly KubernetesObject[]): Library {
  const made = new Library({ surroundings })
  made.addTemplate(written)
  for (const each of constraints) made.addConstraint(each)
  return made
}
const messages = (found: readonly Violation[]) => found.map(({ message }) => message)
const asked = (made: Library, object: KubernetesObject) => made.review(questionOf(object, 'Original'), GATOR)

describe('a template in Rego', () => {
  test('sees parameters and libraries, and each violation has its rule and details', () => {
    const made = library(rego(RULE, [LIB]), constraint({ parameters: { labels: ['owner', 'team'] } }))
    const found = asked(made, pod({ 'shop.example/team': 'a' }))
    assert.deepEqual(messages(found), ['web lacks shop.example/owner'])
    assert.deepEqual(found[0]!.rule, { file: 'owned.rego', line: 5, column: 1 })
    assert.deepEqual({ ...(toHost(found[0]!.details) as object) }, { missing: 'shop.example/owner' })
    assert.deepEqual(found[0]!.actions, ['deny'])
  })

  test('sees parameters of whatever type its schema gives them', () => {
    const text = 'package owned\nviolation[{"msg": json.marshal(input.parameters)}] { true }\n'
    const seen = (type: object, spec: object) => messages(asked(library(template({ rego: text }, type), constraint(spec)), pod({})))
    assert.deepEqual(seen({ type: 'array', items: { type: 'string' } }, { parameters: ['a'] }), ['["a"]'])
    assert.deepEqual(seen({ type: 'string' }, { parameters: 'a' }), ['"a"'])
    assert.deepEqual(seen({ type: 'boolean' }, { parameters: false }), ['false'])
    assert.deepEqual(seen({ type: 'string' }, {}), ['{}'])
  })

  test('sees the inventory as it is now', () => {
    const made = library(rego(RULE, [LIB]), constraint({}))
    const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 's', namespace: 'a' }, spec: { host: 'h' } }
    const taken = pod({}, { spec: { host: 'h' } })
    assert.deepEqual(messages(asked(made, taken)), [])
    made.addData(service)
    assert.deepEqual(messages(asked(made, taken)), ['a host name is taken'])
    made.removeData(service)
    assert.deepEqual(messages(asked(made, taken)), [])
  })

  test('of v1, and one whose violation is no set', () => {
    const v1 = 'package owned\nviolation contains {"msg": "no"} if input.review.object.kind == "Pod"\n'
    const made = library(template({ code: [{ engine: 'Rego', source: { rego: v1, version: 'v1' } }] }), constraint({}))
    assert.deepEqual(messages(asked(made, pod({}))), ['no'])
    const whole = library(rego('package owned\nviolation = {{"msg": "a"}, {"msg": "b"}, {"other": 1}, "c"}\n'), constraint({}))
    assert.deepEqual(messages(asked(whole, pod({}))), ['a', 'b'])
    const keys = library(rego('package owned\nviolation[{"msg": m}] = 1 { m := ["a", "b"][_] }\n'), constraint({}))
    assert.deepEqual(messages(asked(keys, pod({}))), ['a', 'b'])
  })

  test('says the same once, whichever rule says it, and may ask its own violations', () => {
    const text =
      'package owned\nviolation[{"msg": "x"}] { true }\nviolation[{"msg": "x", "other": 1}] { true }\nviolation[{"msg": "y"}] { count(seen) == 2 }\nseen[m] { m := {"x", "z"}[_] }\n'
    assert.deepEqual(messages(asked(library(rego(text), constraint({})), pod({}))), ['x', 'y'])
  })

  test('that breaks objects, and that never ends is an error', () => {
    const conflict = 'package owned\nviolation[{"msg": m}] { m := f(1) }\nf(x) = "a" { x == 1 }\nf(x) = "b" { x == 1 }\n'
    assert.match(messages(asked(library(rego(conflict), constraint({})), pod({})))[0]!, /^template:[34]: eval_conflict_error: /)
    const endless = 'package owned\nviolation[{"msg": "x"}] { numbers.range(1, 100000)[_] + numbers.range(1, 100000)[_] == 0 }\n'
    const made = library(rego(endless), constraint({}))
    assert.throws(() => made.review(questionOf(pod({}), 'Original'), GATOR, () => ({ milliseconds: 50 })), { code: 'REGO_LIMIT' })
    const failures: unknown[] = []
    const many = library(rego(endless), constraint({}), { ...constraint({}), metadata: { name: 'second' } })
    many.review(
      questionOf(pod({}), 'Original'),
      GATOR,
      () => ({ milliseconds: 0 }),
      (error) => failures.push(error),
    )
    assert.deepEqual(
      failures.map((error) => (error as ThymusError).code),
      ['REGO_LIMIT'],
      'whom nobody can ask any more is not asked',
    )
    const number = library(rego('package owned\nviolation[{"msg": 1}] { true }\n'), constraint({}))
    assert.throws(() => asked(number, pod({})), { code: 'REGO_EVAL' })
  })
})

describe('a template in CEL', () => {
  const source = {
    variables: [{ name: 'images', expression: 'variables.anyObject.spec.containers.map(c, c.image)' }],
    validations: [
      {
        expression: 'variables.images.all(i, variables.params.repos.exists(r, i.startsWith(r)))',
        messageExpression: '"images: " + variables.images.join(",")',
      },
      { expression: 'request.operation != "DELETE" || oldObject.metadata.name != "kept"', message: 'it is kept' },
    ],
  }
  const code = [{ engine: 'K8sNativeValidation', source }]
  const schema = { type: 'object', properties: { repos: { type: 'array', items: { type: 'string' } } } }
  const repos = constraint({ parameters: { repos: ['ours/'] } })
  const images = (...names: readonly string[]) => pod({}, { spec: { containers: names.map((image) => ({ image })) } })

  test('sees parameters, variables and the old object', () => {
    const made = library(template({ code }, schema), repos)
    assert.deepEqual(messages(asked(made, images('ours/a'))), [])
    assert.deepEqual(messages(asked(made, images('ours/a', 'b'))), ['images: ours/a,b'])
    const gone = { ...images('ours/a'), metadata: { name: 'kept' } }
    const question = questionFrom({ operation: 'DELETE', oldObject: gone, name: 'kept' }, { source: 'Original' })
    assert.deepEqual(messages(made.review(question, WEBHOOK)), ['it is kept'])
  })

  test('is asked before Rego, unless only Rego is wanted', () => {
    const both = template(
      { code: [...code, { engine: 'Rego', source: { rego: 'package x\nviolation[{"msg": "rego"}] { true }' } }] },
      schema,
    )
    assert.deepEqual(messages(asked(library(both, repos), images('b'))), ['images: b'])
    const only = new Library({ surroundings, engines: ['Rego'] })
    only.addTemplate(both)
    only.addConstraint(repos)
    assert.deepEqual(messages(asked(only, images('b'))), ['rego'])
  })

  test('that errs denies, or passes, by its failure policy', () => {
    const erring = (failurePolicy: string) =>
      library(
        template({
          code: [{ engine: 'K8sNativeValidation', source: { failurePolicy, validations: [{ expression: 'object.x.y == 1' }] } }],
        }),
        constraint({}),
      )
    assert.match(messages(asked(erring('Fail'), pod({})))[0]!, /resulted in error: no such key: x/)
    assert.deepEqual(messages(asked(erring('Ignore'), pod({}))), [])
  })
})

describe('constraints', () => {
  const always = rego('package owned\nviolation[{"msg": input.review.object.metadata.name}] { true }\n')

  test('are asked where they are enforced', () => {
    const scoped = constraint({
      enforcementAction: 'scoped',
      scopedEnforcementActions: [
        { action: 'warn', enforcementPoints: [{ name: GATOR }] },
        { action: 'deny', enforcementPoints: [{ name: '*' }] },
        { action: 'dryrun', enforcementPoints: [{ name: 'audit.gatekeeper.sh' }] },
      ],
    })
    const made = library(always, scoped)
    const at = (point: Parameters<Library['review']>[1]) =>
      made.review(questionOf(pod({}), 'Original'), point).flatMap(({ actions }) => actions)
    assert.deepEqual([at(GATOR), at(WEBHOOK), at('audit.gatekeeper.sh')], [['warn', 'deny'], ['deny'], ['deny', 'dryrun']])
    const elsewhere = constraint({
      enforcementAction: 'scoped',
      scopedEnforcementActions: [{ action: 'deny', enforcementPoints: [{ name: WEBHOOK }] }],
    })
    assert.deepEqual(asked(library(always, elsewhere), pod({})), [])
  })

  test('of templates that are not about the operation are not asked by the webhook', () => {
    const made = library(template({ rego: 'package x\nviolation[{"msg": "m"}] { true }', operations: ['DELETE'] }), constraint({}))
    const request = { operation: 'CREATE', object: pod({}), name: 'web' }
    assert.deepEqual(made.review(questionFrom(request, { source: 'Original' }), WEBHOOK), [])
    assert.equal(
      made.review(questionFrom({ ...request, operation: 'DELETE', oldObject: pod({}) }, { source: 'Original' }), WEBHOOK).length,
      1,
    )
  })

  test('whose match cannot be told object', () => {
    const made = library(always, constraint({ match: { namespaceSelector: { matchLabels: { a: 'b' } } } }))
    assert.match(messages(asked(made, pod({})))[0]!, /^unable to match constraints: /)
    made.addData({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', labels: { a: 'b' } } })
    assert.deepEqual(messages(asked(made, pod({}))), ['web'])
  })

  test('have objections whose field is found', () => {
    const text = `package owned
violation[{"msg": msg}] {
  container := input.review.object.spec.containers[_]
  not startswith(container.image, "ours/")
  msg := sprintf("%v: %v", [container.name, container.image])
}
violation[{"msg": "said", "details": {"field": "spec.x"}}] { input.review.object.spec.said }
violation[{"msg": "always"}] { true }
`
    const made = library(rego(text), constraint({}))
    const containers = [
      { name: 'a', image: 'ours/a' },
      { name: 'b', image: 'b' },
      { name: 'c', image: 'c' },
    ]
    const question = questionOf(pod({}, { spec: { containers, said: true } }), 'Original')
    const fields = made.review(question, GATOR).map((violation) => [violation.message, made.fieldOf(violation, question)])
    assert.deepEqual(Object.fromEntries(fields), {
      'b: b': 'spec.containers[1].image',
      'c: c': 'spec.containers[2].image',
      said: 'spec.x',
      always: undefined,
    })
  })

  test('see the Namespace that the question came with, and not the one of the inventory', () => {
    const seen = 'has(namespaceObject.metadata) && namespaceObject.metadata.name == "shop"'
    const validations = [{ expression: 'false', messageExpression: `namespaceObject == null ? "none" : ${seen} ? "shop" : "another"` }]
    const cel = template({ code: [{ engine: 'K8sNativeValidation', source: { validations } }] })
    const inRego = rego(
      'package owned\nviolation[{"msg": object.get(input.review.namespaceObject, ["metadata", "name"], "none")}] { true }',
    )
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', labels: { a: 'b' } } }
    for (const each of [cel, inRego]) {
      const made = library(each, constraint({ match: { namespaceSelector: { matchLabels: { a: 'b' } } } }))
      made.addData(namespace)
      assert.deepEqual(messages(asked(made, pod({}))), ['none'])
      assert.deepEqual(messages(made.review(questionOf(pod({}), 'Original', namespace), GATOR)), ['shop'])
    }
  })

  test('come in order of kind and name', () => {
    const made = library(always, constraint({}, 'b'), constraint({}, 'a'))
    assert.deepEqual(
      asked(made, pod({})).map(({ constraint: each }) => each.name),
      ['a', 'b'],
    )
  })

  test('a template that changes keeps its constraints, or is refused with them', () => {
    const made = library(always, constraint({}))
    made.addTemplate(rego('package owned\nviolation[{"msg": "new"}] { true }\n'))
    assert.deepEqual(messages(asked(made, pod({}))), ['new'])
    const parameters = { type: 'object', required: ['labels'], properties: { labels: { type: 'array', items: { type: 'string' } } } }
    made.addConstraint(constraint({ parameters: {} }))
    assert.throws(() => made.addTemplate(template({ rego: 'package owned\nviolation[{"msg": "newer"}] { true }' }, parameters)), {
      code: 'CONSTRAINT',
    })
    assert.deepEqual(messages(asked(made, pod({}))), ['new'])
  })
})

describe('what is refused, with its place', () => {
  const fault = (run: () => unknown): string => {
    try {
      run()
    } catch (error) {
      assert.ok(error instanceof ThymusError, String(error))
      return `${error.code} ${error.at}: ${error.message}`
    }
    return 'nothing'
  }
  const ok = 'package owned\nviolation[{"msg": "m"}] { true }\n'
  const templates: readonly (readonly [what: string, written: KubernetesObject, message: RegExp])[] = [
    ['no rule', rego('package owned\nviolations = 1'), /TEMPLATE ConstraintTemplate owned: the code has no rule "violation"/],
    ['what is no Rego', rego('package owned\nviolation[{"msg": }] { true }'), /template:2: rego_parse_error/],
    ['an unsafe variable', rego('package owned\nviolation[{"msg": x}] { true }'), /template:2: rego_unsafe_var_error/],
    ['violations that are texts', rego('package owned\n\nviolation[msg] { msg := "m" }'), /template:3: .* undefined ref: violation\.msg/],
    ['violations without a message', rego('package owned\nviolation[{"x": 1}] { true }'), /template:2: .* undefined ref: violation\.msg/],
    ['violations in a list', rego('package owned\nviolation = [{"msg": "m"}]'), /template:2: .* undefined ref: violation\.msg/],
    ['other data', rego(`${ok}x = data.other`), /template:3: only data.inventory and data.lib/],
    ['its own package by name', rego(`${ok}x = data.owned.violation`), /template:3: only data.inventory/],
    ['an import of input', rego('package owned\nimport input.review\nviolation[{"msg": "m"}] { true }'), /template:2: an import/],
    ['a library elsewhere', rego(ok, ['package other\nx = 1']), /the package of libs\["lib_0"\] is not below lib/],
    ['a builtin that is not there', rego(`${ok}x { external_data({}) }`), /undefined function external_data/],
    [
      'two targets',
      { ...rego(ok), spec: { ...rego(ok).spec, targets: [...rego(ok).spec.targets, {}] } },
      /spec.targets must be exactly one/,
    ],
    ['another target', template({ rego: ok, target: 'x' }), /spec.targets\[0\].target is not admission.k8s.gatekeeper.sh/],
    ['another name', { ...rego(ok), metadata: { name: 'x' } }, /metadata.name must be owned/],
    ['no code', template({}), /spec.targets\[0\].code has none of the engines/],
    ['a schema that is none', template({ rego: ok }, { type: 'object', properties: { a: { type: 'list' } } }), /type/],
    [
      'CEL that is none',
      template({ code: [{ engine: 'K8sNativeValidation', source: { validations: [{ expression: '1 +' }] } }] }),
      /validations\[0\]/,
    ],
    [
      'a reserved variable',
      template({ code: [{ engine: 'K8sNativeValidation', source: { variables: [{ name: 'params', expression: '1' }] } }] }),
      /source.variables\[0\].name is reserved/,
    ],
  ]
  for (const [what, written, message] of templates) {
    test(`a template with ${what}`, () =>
      assert.match(
        fault(() => new Library({ surroundings }).addTemplate(written)),
        message,
      ))
  }
  const constraints: readonly (readonly [what: string, written: KubernetesObject, message: RegExp])[] = [
    ['no template', { ...constraint({}), kind: 'Other' }, /CONSTRAINT Other all: there is no template of this kind/],
    ['another version', { ...constraint({}), apiVersion: 'constraints.gatekeeper.sh/v2' }, /apiVersion is not/],
    ['no name', { ...constraint({}), metadata: {} }, /metadata.name is missing/],
    ['a name that is none', constraint({}, 'A_b'), /metadata.name must be/],
    ['a parameter of another type', constraint({ parameters: { labels: 'x' } }), /spec.parameters.labels/],
    ['an unknown field', constraint({ parameters: { other: 1 } }), /spec.parameters.other is not known/],
    ['an unknown field of match', constraint({ match: { kind: [] } }), /spec.match.kind is not known/],
    [
      'a selector that is none',
      constraint({ match: { labelSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] } } }),
      /values must be there for In/,
    ],
    ['a label that is none', constraint({ match: { labelSelector: { matchLabels: { a: '-' } } } }), /"-"/],
    ['no scoped actions', constraint({ enforcementAction: 'scoped' }), /spec.scopedEnforcementActions is missing/],
  ]
  for (const [what, written, message] of constraints) {
    test(`a constraint with ${what}`, () =>
      assert.match(
        fault(() => library(rego(ok)).addConstraint(written)),
        message,
      ))
  }

  test('a question about nothing', () => {
    assert.throws(() => questionFrom({ operation: 'DELETE' }, { source: 'Original' }), { code: 'REVIEW' })
    assert.throws(() => library(rego(ok), constraint({})).review(questionFrom({ operation: 'CREATE' }, { source: 'Original' }), WEBHOOK), {
      code: 'REVIEW',
    })
  })
})
