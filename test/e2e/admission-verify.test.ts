import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { thymus } from '../kit/cli.ts'

const folder = mkdtempSync(join(tmpdir(), 'thymus-verify-'))
after(() => rmSync(folder, { recursive: true }))

mkdirSync(join(folder, 'labels'))
const file = (name: string, document: unknown) => writeFileSync(join(folder, 'labels', name), JSON.stringify(document))
file('template.yaml', {
  apiVersion: 'templates.gatekeeper.sh/v1',
  kind: 'ConstraintTemplate',
  metadata: { name: 'labelled' },
  spec: {
    crd: { spec: { names: { kind: 'Labelled' } } },
    targets: [
      {
        target: 'admission.k8s.gatekeeper.sh',
        code: [
          { engine: 'Rego', source: { rego: 'package x\nviolation[{"msg": "rego"}] { not input.review.object.metadata.labels }' } },
          { engine: 'K8sNativeValidation', source: { validations: [{ expression: 'has(object.metadata.labels)', message: 'cel' }] } },
        ],
      },
    ],
  },
})
file('constraint.yaml', { apiVersion: 'constraints.gatekeeper.sh/v1beta1', kind: 'Labelled', metadata: { name: 'all' } })
file('bare.yaml', { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'bare' } })
const cases = ['rego', 'cel'].map((message) => ({ name: `by-${message}`, object: 'bare.yaml', assertions: [{ message }] }))
file('suite.yaml', {
  apiVersion: 'test.gatekeeper.sh/v1alpha1',
  kind: 'Suite',
  tests: [{ name: 'labels', template: 'template.yaml', constraint: 'constraint.yaml', cases }],
})

const verify = (...words: string[]) => thymus(['admission', 'verify', ...words], { env: process.env })

test('suites below a folder are run, and what fails is told', async () => {
  const { stdout, status } = await verify(`${folder}/...`, '-o', 'json')
  const { items, kind } = JSON.parse(stdout)
  assert.deepEqual([status, kind, items.length, items[0].passed, items[0].failed], [1, 'SuiteList', 1, 1, 1])
  assert.match(items[0].failures[0].error, /got 0 violations containing "rego"/)
})

test('one engine, and cases by name', async () => {
  const suite = join(folder, 'labels/suite.yaml')
  assert.equal((await verify(suite, '--engine', 'Rego', '--run', 'labels//rego')).status, 0)
  assert.equal((await verify(suite, '--engine', 'Rego', '--run', '//cel')).status, 1)
  const { stdout, status } = await verify(suite, '--run', 'by-cel')
  assert.equal(status, 0)
  assert.match(stdout, /^ok +1 +0 +1 /m)
})

test('where there is no suite, that is an error', async () => {
  const nothing = await verify(folder)
  assert.deepEqual([nothing.status, nothing.stdout], [1, ''])
  assert.match(nothing.stderr, /SUITE: no suite/)
  assert.match((await verify(join(folder, 'none.yaml'))).stderr, /USAGE: it cannot be read \(ENOENT\)/)
  assert.match((await verify(folder, '--run', '(')).stderr, /USAGE: .* \(at --run\)/)
})
