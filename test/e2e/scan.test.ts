// Manifests before they are deployed, as a user or a pipeline scans them: no agent, no cluster, no privilege.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { describe, test } from 'node:test'
import type { Finding } from '../../src/core/finding.ts'
import { file, findings, POD, PRIVILEGED, scan, severe } from '../kit/manifests.ts'

const FIXTURES = join(import.meta.dirname, 'fixtures')
const CRON = `apiVersion: batch/v1
kind: CronJob
metadata:
  name: nightly
  namespace: shop
spec:
  schedule: "0 3 * * *"
  jobTemplate:
    spec:
      template:
        spec:
          initContainers:
            - name: setup
              image: app:1
          containers:
            - name: one
              image: app:1
            - name: two
              image: app:1
              securityContext:
                privileged: true
          volumes:
            - name: docker
              hostPath: {path: /var/run/docker.sock}
`

interface Log {
  readonly version: string
  readonly runs: readonly [
    {
      readonly tool: { readonly driver: { readonly rules: readonly Rule[] } }
      readonly results: readonly Result[]
    },
  ]
}
interface Rule {
  readonly id: string
  readonly shortDescription: { readonly text: string }
  readonly fullDescription: { readonly text: string }
  readonly help: { readonly text: string }
  readonly properties: Readonly<Record<string, unknown>>
}
interface Result {
  readonly ruleId: string
  readonly ruleIndex: number
  readonly level: string
  readonly message: { readonly text: string }
  readonly locations: readonly [
    {
      readonly physicalLocation: {
        readonly artifactLocation: { readonly uri: string }
        readonly region: { readonly startLine: number; readonly startColumn: number }
      }
      readonly logicalLocations: readonly [{ readonly fullyQualifiedName: string }]
    },
  ]
  readonly fingerprints: Readonly<Record<string, string>>
  readonly partialFingerprints: Readonly<Record<string, string>>
}

describe('what is found', () => {
  test('in the container of a CronJob, as SARIF: a rule for each constraint, and the exact line', async () => {
    file('cron.yaml', CRON)
    const { stdout, stderr, status } = await scan(['-o', 'sarif', 'cron.yaml'])
    const { version, runs } = JSON.parse(stdout) as Log
    assert.deepEqual([version, runs.length, status], ['2.1.0', 1, 2])
    const [{ tool, results }] = runs
    const { rules } = tool.driver
    assert.match(stderr, new RegExp(`^1 object in 1 file, ${results.length} findings, 0 documents skipped\n$`))
    assert.equal(new Set(rules.map(({ id }) => id)).size, rules.length)
    for (const { id, shortDescription, fullDescription, help, properties } of rules) {
      for (const { text } of [shortDescription, fullDescription, help]) assert.match(text, /^[A-Z].{8}/, id)
      assert.match(String(properties['security-severity']), /^\d\.\d$/)
    }
    for (const { ruleId, ruleIndex, locations, fingerprints, partialFingerprints } of results) {
      assert.equal(rules[ruleIndex]!.id, ruleId)
      assert.equal(locations[0].physicalLocation.artifactLocation.uri, 'cron.yaml')
      assert.equal(locations[0].logicalLocations[0].fullyQualifiedName, 'CronJob shop/nightly')
      assert.equal(partialFingerprints.primaryLocationLineHash, `${fingerprints['thymus/v1']}:1`)
    }
    assert.equal(new Set(results.map(({ fingerprints }) => fingerprints['thymus/v1'])).size, results.length)
    const errors = results.filter(({ level }) => level === 'error')
    assert.deepEqual(
      errors.map(({ ruleId, locations: [{ physicalLocation }] }) => [
        ruleId,
        physicalLocation.region.startLine,
        physicalLocation.region.startColumn,
      ]),
      [
        ['ThymusPrivileged/privileged', 21, 17],
        ['ThymusRuntimeSocket/runtime-socket', 24, 15],
      ],
    )
    assert.match(errors[0]!.message.text, /^\\\[Implied by expand-cronjobs\\\] 容器 two 不允许以特权模式运行\. Remove /)
  })

  test('as a table: a line of a file is named once', async () => {
    file('pod.yaml', POD('web', PRIVILEGED))
    const { stdout } = await scan(['--pack', 'baseline', '--pack', 'images', 'pod.yaml'])
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.trimEnd().split(/ {2,}/))
    assert.deepEqual(lines[0], ['PLACE', 'SEVERITY', 'RULE', 'ABOUT', 'WHAT'])
    assert.deepEqual(
      lines.slice(1).map(([place, severity, rule]) => [place, severity?.slice(2), rule]),
      [
        ['pod.yaml:3', 'medium', 'ThymusEnvLabel/env-label'],
        ['pod.yaml:6', 'info', 'ThymusImagePullPolicy/image-pull-policy'],
        ['pod.yaml:7', 'info', 'ThymusImageDigest/image-digest'],
        ['pod.yaml:9', 'critical', 'ThymusPrivileged/privileged'],
      ],
    )
  })

  test('in what Helm renders, with CRLF, comments, anchors and a list, on stdin', async () => {
    const rendered = [
      '---',
      '# Source: shop/templates/list.yaml',
      '# a remark',
      'apiVersion: v1',
      'kind: List',
      'items:',
      '  - apiVersion: v1',
      '    kind: Pod',
      '    metadata: {name: first}',
      '    spec:',
      '      securityContext: {}',
      '      containers:',
      '        - name: app # its name',
      '          securityContext: &context',
      '            # why not',
      '            privileged: true',
      '        - name: other',
      '          securityContext: *context',
      '---',
      '# Source: shop/templates/empty.yaml',
      '---',
      '# Source: shop/templates/second.yaml',
      'apiVersion: v1',
      'kind: Pod',
      'metadata: {name: second}',
      'spec:',
      '  hostPID: true',
      '  containers: []',
      '',
    ].join('\r\n')
    const items = await findings(['--no-packs', '-'], rendered)
    assert.deepEqual(
      items.map(({ place, about, title }) => [place!.file, place!.line, about, /\(([\w/.]+)\)$/.exec(title)?.[1]]),
      [
        // What an alias stands for is written once.
        ['<stdin>', 16, 'Pod first', 'shop/templates/list.yaml'],
        ['<stdin>', 16, 'Pod first', 'shop/templates/list.yaml'],
        ['<stdin>', 27, 'Pod second', 'shop/templates/second.yaml'],
      ],
    )
  })

  test('once, where Pod Security and a pack say the same; with --no-packs by Pod Security', async () => {
    file('host.yaml', `${POD('web', PRIVILEGED)}  hostNetwork: true\n`)
    assert.deepEqual(severe(await findings(['host.yaml'])), [
      ['ThymusPrivileged/privileged', 9],
      ['ThymusHostNetwork/host-network', 10],
    ])
    assert.deepEqual(severe(await findings(['--no-packs', 'host.yaml'])), [
      ['PodSecurity/privileged', 9],
      ['PodSecurity/hostNamespaces', 10],
    ])
    assert.deepEqual(await findings(['--no-packs', '--pod-security', 'privileged', 'host.yaml']), [])
    const restricted = await findings(['--no-packs', '--pod-security', 'restricted:v1.30', 'host.yaml'])
    assert.ok(restricted.some(({ rule }) => rule!.name === 'PodSecurity/runAsNonRoot'))
    assert.ok(restricted.every(({ title }) => title.startsWith('Pod Security restricted:v1.30: ')))
  })

  test('is the same in the next run, under the same ids', async () => {
    file('cron.yaml', CRON)
    const ids = async () => (await findings(['cron.yaml'])).map(({ id }) => id)
    assert.deepEqual(await ids(), await ids())
  })
})

describe('false alarms', () => {
  test('none at all on hardened manifests, whatever the standard', async () => {
    const { stdout, stderr, status } = await scan(['--pod-security', 'restricted', '--fail-on', 'info', join(FIXTURES, 'hardened')])
    assert.deepEqual([stdout, stderr, status], ['nothing was found\n', '10 objects in 3 files, 0 findings, 0 documents skipped\n', 0])
  })

  test('none at high on ordinary ones; what is no object is counted', async () => {
    const { stderr, status } = await scan([join(FIXTURES, 'ordinary')])
    assert.equal(status, 0)
    assert.match(stderr, /^8 objects in 5 files, \d+ findings, 2 documents skipped\n$/)
    assert.deepEqual(severe(await findings([join(FIXTURES, 'ordinary')])), [])
  })
})

describe('the exit status', () => {
  test('is 2 from --fail-on up, which is high where it is left out', async () => {
    file('medium.yaml', POD('web'))
    file('pod.yaml', POD('web', PRIVILEGED))
    const status = async (...words: string[]) => (await scan(words)).status
    assert.equal(await status('medium.yaml'), 0)
    assert.equal(await status('--fail-on', 'medium', 'medium.yaml'), 2)
    assert.equal(await status('pod.yaml'), 2)
    assert.equal(await status('--fail-on', 'critical', 'pod.yaml'), 2)
    assert.equal(await status('--fail-on', 'none', 'pod.yaml'), 0)
  })
})

describe("the user's own policies", () => {
  const LABEL = `apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: team}
spec:
  crd: {spec: {names: {kind: Team}, validation: {openAPIV3Schema: {type: object}}}}
  targets:
    - target: admission.k8s.gatekeeper.sh
      rego: |
        package team
        violation[{"msg": "no team"}] { not input.review.object.metadata.labels.team }
`
  const constraint = (kind: string, action = 'deny') => `apiVersion: constraints.gatekeeper.sh/v1beta1
kind: ${kind}
metadata: {name: all}
spec: {enforcementAction: ${action}, match: {kinds: [{apiGroups: [""], kinds: [Pod]}]}}
`
  const quiet = ['--no-packs', '--pod-security', 'privileged']

  test('from a folder, in any order; pods of workloads are asked too', async () => {
    file('policies/a-constraint.yaml', constraint('Team'))
    file('policies/sub/b-template.yaml', LABEL)
    file('policies/sub/c-mutator.yaml', 'apiVersion: mutations.gatekeeper.sh/v1\nkind: AssignMetadata\nmetadata: {name: a}\nspec: {}\n')
    file('cron.yaml', CRON)
    const { stdout, stderr, status } = await scan([...quiet, '--policy', 'policies', '-o', 'ndjson', 'cron.yaml'])
    const found = JSON.parse(stdout) as Finding
    assert.deepEqual(
      [found.rule!.name, found.title, found.place!.line, status],
      ['Team/all', '[Implied by expand-cronjobs] no team', 10, 2],
    )
    assert.match(stderr, /^of the policies, not asked: AssignMetadata\n1 object/)
    assert.equal(
      (await scan([...quiet, '--policy', file('warn.yaml', `${LABEL}---\n${constraint('Team', 'warn')}`), 'cron.yaml'])).status,
      0,
    )
  })

  test('without the samples of suites, unless they are named', async () => {
    const suite = `apiVersion: test.gatekeeper.sh/v1alpha1
kind: Suite
metadata: {name: team}
tests: [{name: t, template: template.yaml, constraint: samples/strict/constraint.yaml}]
`
    file('library/suite.yaml', suite)
    file('library/template.yaml', LABEL)
    const sample = file('library/samples/strict/constraint.yaml', constraint('Team'))
    const { stderr, status } = await scan([...quiet, '--policy', 'library', 'cron.yaml'])
    assert.deepEqual([status, stderr.split('\n')[0]], [0, 'of the policies, not asked: Suite, Team/all'])
    const named = await scan([...quiet, '--policy', 'library', '--policy', sample, 'cron.yaml'])
    assert.deepEqual([named.status, named.stderr.split('\n')[0]], [2, 'of the policies, not asked: Suite'])
  })

  test('with a constraint for a built-in template', async () => {
    const own = `apiVersion: constraints.gatekeeper.sh/v1beta1
kind: ThymusImageRegistry
metadata: {name: image-registry}
spec: {parameters: {registries: [quay.io]}}
`
    file('pod.yaml', POD('web'))
    const words = ['--pod-security', 'privileged', '--pack', 'images', '--policy', file('registry.yaml', own), 'pod.yaml']
    assert.deepEqual(severe(await findings(words)), [['ThymusImageRegistry/image-registry', 7]])
  })

  test('that are wrong: one coded error with the file, and nothing is scanned', async () => {
    file('pod.yaml', POD('web', PRIVILEGED))
    const wrong = async (text: string) => {
      const { stdout, stderr, status } = await scan(['--policy', file('wrong.yaml', text), 'pod.yaml'])
      assert.deepEqual([stdout, status, stderr.trimEnd().split('\n').length], ['', 1, 1], stderr)
      return stderr
    }
    assert.match(await wrong(LABEL.replace('labels.team }', 'labels.team; x }')), /^thymus: TEMPLATE: .*unsafe.* \(at wrong\.yaml:1:1, /)
    assert.match(await wrong(constraint('Teem')), /^thymus: CONSTRAINT: there is no template of the kind Teem \(at wrong\.yaml:1:1\)/)
    assert.match(await wrong(`${LABEL}---\n${constraint('Team')}  x: 1\n`), /^thymus: MANIFEST: /)
    assert.match(await wrong(POD('web')), /^thymus: TEMPLATE: there is no template/)
  })

  test('that never end are ended, and what they should have judged is unknown: status 3', async () => {
    const endless = LABEL.replace(
      'not input.review.object.metadata.labels.team',
      'a := numbers.range(1, 4000)[_]; b := numbers.range(1, 4000)[_]; c := numbers.range(1, 4000)[_]; a + b + c < 0',
    )
    const policy = file('endless.yaml', `${endless}---\n${constraint('Team')}`)
    file('many.yaml', Array.from({ length: 50 }, (_, at) => POD(`web-${at}`)).join('---\n'))
    const began = performance.now()
    const { stdout, stderr, status } = await scan([...quiet, '--policy', policy, '-o', 'json', 'many.yaml'])
    assert.ok(performance.now() - began < 60_000)
    const { items } = JSON.parse(stdout) as { items: readonly Finding[] }
    assert.deepEqual([...new Set(items.map(({ code }) => code))], ['ADM_UNJUDGED'])
    assert.deepEqual([items.length, status], [50, 3])
    assert.match(stderr, /^50 objects in 1 file, 0 findings, 50 could not be judged, /)
    // What is known to be refused comes first.
    assert.equal((await scan(['--policy', policy, file('pod.yaml', POD('web', PRIVILEGED))])).status, 2)
  })
})
