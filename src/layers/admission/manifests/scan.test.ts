import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Finding } from '../../../core/finding.ts'
import { parseLevel } from '../pod-security/level.ts'
import { readObjects } from './document.ts'
import { readPolicySet } from './policy-set.ts'
import { scan } from './scan.ts'

const surroundings = () => ({ now: 0n, clock: () => 0, random: () => 0 })
const objects = (text: string, file = 'f.yaml') => readObjects({ file, text }).objects

const template = (kind: string, rego: string) => `
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: ${kind.toLowerCase()}}
spec:
  crd: {spec: {names: {kind: ${kind}}, validation: {openAPIV3Schema: {type: object}}}}
  targets:
    - target: admission.k8s.gatekeeper.sh
      code:
        - engine: Rego
          source:
            version: v1
            rego: |
              package x
${rego.replaceAll(/^/gm, '              ')}
`
const constraint = (kind: string, { name = 'one', annotations = '{}', spec = '{}' } = {}) => `
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: ${kind}
metadata: {name: ${name}, annotations: ${annotations}}
spec: ${spec}
`
const PRIVILEGED = `violation contains {"msg": "no", "details": {"field": "spec.containers[0].securityContext.privileged"}} if {
  input.review.object.spec.containers[0].securityContext.privileged
}`
const POD = `apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
spec:
  containers:
    - name: app
      securityContext:
        privileged: true
`

function scanned(manifests: string, policies: readonly string[] = [], level = 'privileged'): readonly Finding[] {
  const own = objects(policies.join('---'), 'policies.yaml')
  const set = readPolicySet({ builtIn: [], own }, { surroundings })
  return scan(objects(manifests), { podSecurity: { level: parseLevel(level)!, version: 'latest' }, policies: set, at: 7 })
}
const told = (findings: readonly Finding[]) => findings.map(({ code, severity, place, title }) => [code, severity, place!.line, title])

describe('what is found', () => {
  test('by Pod Security, one for each field; privileged is no standard at all', () => {
    const [finding, ...others] = scanned(POD, [], 'baseline')
    assert.equal(others.length, 0)
    const { id, ...rest } = finding!
    assert.match(id, /^[0-9a-f]{16}$/)
    assert.deepEqual(rest, {
      code: 'ADM_POD_SECURITY',
      layer: 'admission',
      severity: 'critical',
      at: 7,
      about: 'Pod shop/web',
      title: 'Pod Security baseline:latest: privileged (container "app" must not set securityContext.privileged=true)',
      evidence: { field: 'spec.containers[0].securityContext.privileged', standard: 'baseline:latest', check: 'privileged' },
      because: null,
      remedy: 'Remove securityContext.privileged, and add the capabilities that are really needed.',
      place: { file: 'f.yaml', line: 8, column: 9 },
      rule: {
        name: 'PodSecurity/privileged',
        title: 'No container is privileged',
        reason: 'A privileged container is root on its node.',
      },
    })
    assert.deepEqual(scanned(POD), [])
  })

  test('by a constraint: its action is the severity, its annotations say more', () => {
    const annotations = '{thymus.dev/title: T, thymus.dev/reason: R, thymus.dev/remedy: M}'
    const actions = { deny: 'high', warn: 'medium', dryrun: 'info', mine: 'info' }
    for (const [action, severity] of Object.entries(actions)) {
      const spec = `{enforcementAction: ${action}}`
      const [finding] = scanned(POD, [template('A', PRIVILEGED), constraint('A', { annotations, spec })])
      assert.deepEqual(
        [finding!.severity, finding!.rule, finding!.remedy, finding!.place!.line],
        [severity, { name: 'A/one', title: 'T', reason: 'R' }, 'M', 8],
      )
    }
    const critical = constraint('A', { annotations: '{thymus.dev/severity: critical}', spec: '{enforcementAction: dryrun}' })
    assert.equal(scanned(POD, [template('A', PRIVILEGED), critical])[0]!.severity, 'critical')
  })

  test('for a field that both know, the more severe, and at a draw the constraint', () => {
    const both = (severity: string) => {
      const annotations = `{thymus.dev/severity: ${severity}, thymus.dev/pod-security: privileged}`
      return told(scanned(POD, [template('A', PRIVILEGED), constraint('A', { annotations })], 'baseline')).map(([code]) => code)
    }
    assert.deepEqual(both('critical'), ['ADM_VIOLATION'])
    assert.deepEqual(both('medium'), ['ADM_POD_SECURITY'])
  })

  test('of the pods that a CronJob makes, where its template says so', () => {
    const cron = `apiVersion: batch/v1
kind: CronJob
metadata: {name: web, namespace: shop}
spec:
  jobTemplate:
    spec:
      template:
        spec:
          containers:
            - name: app
              securityContext:
                privileged: true
`
    const pods = constraint('A', { spec: '{match: {kinds: [{apiGroups: [""], kinds: [Pod]}]}}' })
    assert.deepEqual(told(scanned(cron, [template('A', PRIVILEGED), pods])), [
      ['ADM_VIOLATION', 'high', 12, '[Implied by expand-cronjobs] no'],
    ])
    // A chain of the user's own: the place is found through both.
    const chain = ['CronJob batch spec.jobTemplate Job batch', 'Job batch spec.template Pod ""'].map((line, at) => {
      const [kind, group, source, made, madeGroup] = line.split(' ')
      return `
apiVersion: expansion.gatekeeper.sh/v1beta1
kind: ExpansionTemplate
metadata: {name: own-${at}}
spec:
  applyTo: [{groups: [${group}], versions: [v1], kinds: [${kind}]}]
  templateSource: ${source}
  generatedGVK: {group: ${madeGroup}, version: v1, kind: ${made}}
  enforcementAction: ${at === 1 ? 'warn' : 'deny'}
`
    })
    assert.deepEqual(told(scanned(cron, [template('A', PRIVILEGED), pods, ...chain])), [
      ['ADM_VIOLATION', 'medium', 12, '[Implied by own-1] no'],
    ])
  })

  test('of pods, which are where their workload is and not where its template says', () => {
    const pods = constraint('A', { spec: '{match: {kinds: [{apiGroups: [""], kinds: [Pod]}], excludedNamespaces: [kube-system]}}' })
    const found = (metadata: string, namespace: string) =>
      scanned(
        `apiVersion: apps/v1
kind: Deployment
metadata: ${metadata}
spec: {template: {metadata: {namespace: ${namespace}}, spec: {containers: [{securityContext: {privileged: true}}]}}}
`,
        [template('A', PRIVILEGED), pods],
      ).length
    assert.equal(found('{name: web}', 'kube-system'), 1)
    assert.equal(found('{name: web, namespace: shop}', 'kube-system'), 1)
    assert.equal(found('{name: web, namespace: kube-system}', 'shop'), 0)
  })

  test('where a rule names no field, at the field that has to change', () => {
    const silent = `violation contains {"msg": "no"} if input.review.object.spec.containers[_].securityContext.privileged`
    assert.deepEqual(told(scanned(POD, [template('A', silent), constraint('A')])), [['ADM_VIOLATION', 'high', 8, 'no']])
  })

  test('by code in CEL, and what it cannot answer is unknown', () => {
    const cel = (expression: string) =>
      template('A', '').replace(
        / {8}- engine: Rego[\s\S]*/,
        `        - {engine: K8sNativeValidation, source: {validations: [{expression: "${expression}", message: refused}]}}\n`,
      )
    assert.deepEqual(
      told(scanned(POD, [cel('object.spec.containers.size() > 1'), constraint('A')])).map(([code, severity, , title]) => [
        code,
        severity,
        title,
      ]),
      [['ADM_VIOLATION', 'high', 'refused']],
    )
    const [unknown] = scanned(POD, [cel('object.spec.nothing == 1'), constraint('A')])
    assert.equal(unknown!.code, 'ADM_UNJUDGED')
  })

  test('as the webhook is asked when an object is created', () => {
    const asking = `violation contains {"msg": input.review.operation} if input.review.operation == "CREATE"`
    const only = (operation: string) => template('A', asking).replace('      code:', `      operations: [${operation}]\n      code:`)
    assert.equal(scanned(POD, [only('CREATE'), constraint('A')]).length, 1)
    assert.equal(scanned(POD, [only('DELETE'), constraint('A')]).length, 0)
  })

  test('with ids that stay when lines move, and differ within an object', () => {
    const two = template('A', 'violation contains {"msg": "a"}\nviolation contains {"msg": "b"}')
    const ids = (text: string) => scanned(text, [two, constraint('A')]).map(({ id }) => id)
    const before = ids(`${POD}---\n${POD}`)
    assert.equal(new Set(before).size, 4)
    assert.deepEqual(ids(`# moved\n\n${POD}---\n${POD}`), before)
  })

  test('with what else is there in view', () => {
    const unique = template(
      'A',
      `violation contains {"msg": other} if {
  some other, _ in data.inventory.namespace.shop.v1.Pod
  other != input.review.object.metadata.name
}`,
    )
    const other = POD.replace('name: web', 'name: db')
    assert.deepEqual(
      told(scanned(`${POD}---\n${other}`, [unique, constraint('A')])).map(([, , , title]) => title),
      ['db', 'web'],
    )
    const selecting = constraint('A', { spec: '{match: {namespaceSelector: {matchLabels: {team: a}}}}' })
    const namespace = (team: string) => `apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {team: ${team}}}\n`
    const always = template('A', 'violation contains {"msg": "found"}')
    const pods = (text: string) => scanned(text, [always, selecting]).filter(({ about }) => about.startsWith('Pod'))
    assert.equal(pods(`${namespace('a')}---\n${POD}`).length, 1)
    assert.equal(pods(`${namespace('b')}---\n${POD}`).length, 0)
    assert.deepEqual(
      pods(POD).map(({ code }) => code),
      ['ADM_UNJUDGED'],
    )
  })
})

describe('what cannot be judged', () => {
  const unjudged = (findings: readonly Finding[]) => findings.map(({ code, rule, title }) => [code, rule!.name, title])

  test('is said, never passed: code that fails, a message that is none, a pod of a wrong shape, a workload without pods', () => {
    const failing = template('A', 'violation contains {"msg": msg} if msg := f(1)\nf(x) := 1 if x\nf(x) := 2 if x')
    assert.match(unjudged(scanned(POD, [failing, constraint('A')]))[0]!.join(' '), /^ADM_UNJUDGED A\/one .*eval_conflict_error/)
    const number = template('A', 'violation contains {"msg": 5}')
    assert.match(unjudged(scanned(POD, [number, constraint('A')]))[0]!.join(' '), /^ADM_UNJUDGED A\/one .*no text/)
    const shape = scanned('apiVersion: v1\nkind: Pod\nspec:\n  containers: no\n', [], 'baseline')
    assert.deepEqual([shape[0]!.code, shape[0]!.place!.line], ['ADM_UNJUDGED', 4])
    const bare = scanned('apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n')
    assert.deepEqual(
      unjudged(bare).map(([code, rule]) => [code, rule]),
      [['ADM_UNJUDGED', 'ExpansionTemplate']],
    )
  })

  test('keeps no other template from being asked, and is given up after three', () => {
    const endless = template(
      'A',
      `violation contains {"msg": "x"} if {
  some a in numbers.range(1, 3000)
  some b in numbers.range(1, 3000)
  some c in numbers.range(1, 3000)
  a + b + c < 0
}`,
    )
    const pods = Array.from({ length: 5 }, (_, at) => POD.replace('name: web', `name: web-${at}`)).join('---\n')
    const findings = scanned(pods, [endless, constraint('A'), template('B', PRIVILEGED), constraint('B')])
    assert.equal(findings.filter(({ code }) => code === 'ADM_VIOLATION').length, 5)
    const titles = findings.filter(({ code }) => code === 'ADM_UNJUDGED').map(({ title }) => title)
    assert.deepEqual(
      titles.map((title) => /REGO_LIMIT/.test(title)),
      [true, true, true, false, false],
    )
    assert.match(titles[4]!, /took too long with other objects, and was not asked/)
  })
})

describe('policies that are wrong', () => {
  const refused = (policies: readonly string[], error: object) => assert.throws(() => scanned(POD, policies), error)

  test('are refused with their file and line', () => {
    const good = template('A', PRIVILEGED)
    refused([template('A', 'violation contains {"msg": x}')], { code: 'TEMPLATE', at: /^policies\.yaml:2:1, ConstraintTemplate a$/ })
    refused([constraint('A')], { code: 'CONSTRAINT', at: /^policies\.yaml:2:1/, message: /no template of the kind A/ })
    refused([good, constraint('A', { annotations: '{thymus.dev/severity: grave}' })], { code: 'CONSTRAINT', message: /not one of info/ })
    refused([good, good], { code: 'TEMPLATE', message: 'ConstraintTemplate a is also in policies.yaml' })
    refused([good, constraint('A'), constraint('A')], { code: 'CONSTRAINT', message: 'A one is also in policies.yaml' })
    refused([POD], { code: 'TEMPLATE', message: /no template, constraint or expansion template/ })
  })

  test('may come in any order', () => assert.equal(scanned(POD, [constraint('A'), template('A', PRIVILEGED)]).length, 1))
})
