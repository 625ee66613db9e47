// Whatever an object looks like, a scan comes to its end, and what it cannot judge it says.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { ThymusError } from '../../../core/errors.ts'
import { readObjects } from './document.ts'
import { readPolicySet } from './policy-set.ts'
import { scan } from './scan.ts'

const ROOT = join(import.meta.dirname, '../../../..')
const surroundings = () => ({ now: 0n, clock: () => 0, random: () => 0 })
const textsOf = (pattern: string) => globSync(pattern, { cwd: ROOT }).map((file) => readFileSync(join(ROOT, file), 'utf8'))
const builtIn = textsOf('policies/admission/*/*/{template,constraint}.yaml').flatMap((text) => readObjects({ file: 'p', text }).objects)
const policies = readPolicySet({ builtIn, own: [] }, { surroundings })
const FIXTURES = textsOf('test/e2e/fixtures/*/*.{yaml,yml,json}')

/** How many findings; -1 for a text that is refused. */
function scanned(text: string): number {
  try {
    const { objects } = readObjects({ file: 'f.yaml', text })
    const findings = scan(objects, { podSecurity: { level: 'restricted', version: 'latest' }, policies, at: 0 })
    for (const { place, title, about } of findings) assert.ok(place!.line >= 1 && title !== '' && about !== '')
    return findings.length
  } catch (error) {
    assert.ok(error instanceof ThymusError, String(error))
    return -1
  }
}

/** Stands for a number that JavaScript cannot hold. */
const BIG = 'big'
const KINDS = [
  ['v1', 'Pod'],
  ['apps/v1', 'Deployment'],
  ['batch/v1', 'CronJob'],
  ['v1', 'Service'],
  ['networking.k8s.io/v1', 'Ingress'],
  ['v1', 'Namespace'],
  ['v1', 'PodList'],
]
const FIELDS = ['metadata', 'spec', 'template', 'jobTemplate', 'containers', 'initContainers', 'securityContext', 'capabilities', 'add']
const MORE = ['labels', 'name', 'image', 'env', 'volumes', 'hostPath', 'path', 'ports', 'items', 'rules', 'tls', 'hosts', 'type', 'value']

test('objects of every shape', () => {
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 6, depthSize: 'medium' },
      fc.constantFrom<unknown>(null, true, 0, -1, 1.5, BIG, '', 'x', '/', 'nginx:latest', [], {}),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...FIELDS, ...MORE, 'constructor', 'toString'), tie('value'), { maxKeys: 5 }),
    ),
  }))
  let found = 0
  const object = fc.record({ kind: fc.constantFrom(...KINDS), metadata: value, spec: value, items: value })
  fc.assert(
    fc.property(object, ({ kind: [apiVersion, kind], ...rest }) => {
      const text = JSON.stringify({ apiVersion, kind, ...rest }).replaceAll(JSON.stringify(BIG), String(2n ** 70n))
      found += Math.max(0, scanned(text))
    }),
    { numRuns: 500 },
  )
  assert.ok(found > 100, `${found} findings`)
})

test('files that are damaged', () => {
  let judged = 0
  const damage = fc.record({
    file: fc.nat(FIXTURES.length - 1),
    at: fc.nat(),
    length: fc.nat(30),
    put: fc.constantFrom('', ' ', '\t', '- ', ': ', '{', '*pod', '&a', '!!int '),
  })
  fc.assert(
    fc.property(damage, ({ file, at, length, put }) => {
      const text = FIXTURES[file]!
      const from = at % text.length
      if (scanned(text.slice(0, from) + put + text.slice(from + length)) >= 0) judged++
    }),
    { numRuns: 300 },
  )
  assert.ok(judged > 50, `${judged} judged`)
})
