import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { configMap } from '../kit/admission.ts'
import { constraint, FORBIDDEN_LABELS } from '../kit/gatekeeper.ts'

const root = join(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'thymus-conform-'))
after(() => rmSync(folder, { recursive: true }))

const POLICIES = {
  'template.yaml': FORBIDDEN_LABELS,
  'constraint.yaml': constraint('K8sForbiddenLabels', 'none', { parameters: { labels: ['team'] } }),
  'kept.json': JSON.stringify(configMap('kept')),
  'broken.json': JSON.stringify(configMap('broken', { team: 'x' })),
}
const right = [
  { name: 'kept', object: 'kept.json', assertions: [{ violations: 'no' }] },
  { name: 'broken', object: 'broken.json', assertions: [{ violations: 1, message: 'label team is forbidden' }] },
]
const suite = (cases: readonly object[], more: object = {}) =>
  JSON.stringify({
    apiVersion: 'test.gatekeeper.sh/v1alpha1',
    kind: 'Suite',
    tests: [{ name: 'labels', template: 'template.yaml', constraint: 'constraint.yaml', cases, ...more }],
  })

function conform(name: string, suites: Readonly<Record<string, string>>) {
  for (const [file, text] of Object.entries({ ...POLICIES, ...suites })) {
    mkdirSync(dirname(join(folder, name, file)), { recursive: true })
    writeFileSync(join(folder, name, file), text)
  }
  const words = [join(root, 'test/conformance/main.ts'), 'gatekeeper', join(folder, name)]
  const { status, stdout, stderr } = spawnSync(join(root, 'bin/node'), words, { encoding: 'utf8' })
  const last = stdout.trim().split('\n').at(-1)!
  return { status, lines: stderr.trim().split('\n').filter(Boolean), result: JSON.parse(last) }
}

test('a suite that is right passes, and its cases are counted by engine', () => {
  const skipped = { name: 'skipped', skip: true, object: 'missing.json', assertions: [{ violations: 'yes' }] }
  const { status, lines, result } = conform('right', { 'suite.yaml': suite([...right, skipped]) })
  assert.deepEqual([status, lines], [0, []])
  assert.deepEqual(result, {
    ...{ suite: 'gatekeeper', passed: 2, failed: 0, refused: 0, wrong: 0 },
    ...{ suites: 1, tests: 1, cases: 2, skipped: 1, byEngine: { K8sNativeValidation: 0, Rego: 2 } },
  })
})

test('another verdict than the suite says is wrong, what cannot be judged has failed: a line each, and exit 1', () => {
  const lie = { ...right[0]!, name: 'lie', assertions: [{ violations: 'yes' }] }
  const words = { ...right[1]!, name: 'words', assertions: [{ violations: 1, message: 'label team is fine' }] }
  const missing = { ...right[0]!, name: 'missing', object: 'missing.json' }
  const { status, lines, result } = conform('wrong', { 'suite.yaml': suite([...right, lie, words, missing]) })
  const { passed, failed, wrong, cases } = result
  assert.deepEqual({ status, passed, failed, wrong, cases }, { status: 1, passed: 2, failed: 1, wrong: 2, cases: 5 })
  assert.deepEqual(
    lines.map((line) => /^(\w+): suite\.yaml Rego labels\/(\w+): /.exec(line)?.slice(1)),
    [
      ['wrong', 'lie'],
      ['wrong', 'words'],
      ['failed', 'missing'],
    ],
  )
})

test('a test without its constraint fails as a whole, and so does a folder without suites', () => {
  const { status, lines, result } = conform('lost', { 'suite.yaml': suite(right, { constraint: 'lost.yaml' }) })
  assert.deepEqual([status, result.passed, result.failed, result.wrong], [1, 0, 1, 0])
  assert.match(lines[0]!, /^failed: suite\.yaml Rego labels\/: /)
  const none = conform('none', {})
  assert.deepEqual([none.status, none.result.suites], [1, 0])
})
