// The built-in packs: what their suites say, by our engine and by gator, and what is found of a pod is found of what makes it.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { findGator, verifyByGator } from '../../../test/kit/gator.ts'
import { ThymusError } from '../../core/errors.ts'
import { SEVERITIES } from '../../core/finding.ts'
import { readGatorDocument } from '../../formats/kubernetes/manifest.ts'
import { type Fields, isFields, kindOf, textAt, valueAt } from '../../formats/kubernetes/object.ts'
import { isConstraint } from '../../layers/admission/gatekeeper/constraint.ts'
import { verifySuite } from '../../layers/admission/gatekeeper/verify.ts'
import { readObjects } from '../../layers/admission/manifests/document.ts'
import { readPolicySet } from '../../layers/admission/manifests/policy-set.ts'
import { scan } from '../../layers/admission/manifests/scan.ts'
import { CHECKS } from '../../layers/admission/pod-security/registry.ts'
import { surroundings } from '../rego/surroundings.ts'
import { packNames, readPacks } from './packs.ts'

const ROOT = join(import.meta.dirname, '../../../policies/admission')
const RULES = globSync('*/*/template.yaml', { cwd: ROOT }).map(dirname).toSorted()
const objectIn = (file: string) => readGatorDocument(readFileSync(join(ROOT, file), 'utf8'), file).object

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new ThymusError('SUITE', 'there is no such file', { at: file, cause })
  }
}

test('there are six packs', () => {
  assert.deepEqual(packNames(), ['baseline', 'capabilities', 'good-practice', 'host-paths', 'images', 'network'])
  assert.equal(RULES.length, 22)
})

describe('the suite of every rule', () => {
  let cases = 0
  for (const rule of RULES) {
    test(rule, () => {
      const result = verifySuite(join(ROOT, rule, 'suite.yaml'), { read, surroundings })
      assert.ok(result!.tests[0]!.cases.length >= 3, 'good, bad and edge')
      for (const each of result!.tests) {
        assert.equal(each.error, undefined)
        assert.deepEqual(
          each.cases.filter(({ error }) => error !== undefined).map(({ name, error }) => `${name}: ${error}`),
          [],
        )
        cases += each.cases.length
      }
    })
  }
  test('all samples were judged', () => {
    const samples = globSync('*/*/samples/*.yaml', { cwd: ROOT }).filter((file) => !isConstraint(objectIn(file) as Fields))
    assert.equal(cases, samples.length)
  })

  const gator = findGator()
  test('by gator too', { skip: 'why' in gator ? gator.why : false }, () => {
    assert.deepEqual([...verifyByGator((gator as { path: string }).path, ROOT, true)], [])
  })
})

describe('every rule', () => {
  const checks = CHECKS.map(({ id }) => id)
  for (const rule of RULES) {
    test(`${rule} says what it is, why, and what to do`, () => {
      const constraint = objectIn(`${rule}/constraint.yaml`) as Fields
      const said = (key: string) => textAt(constraint, 'metadata', 'annotations', `thymus.dev/${key}`)
      for (const key of ['title', 'reason', 'remedy']) assert.match(said(key), /^[A-Z]/, key)
      assert.ok(['', ...SEVERITIES].includes(said('severity')))
      for (const check of said('pod-security').split(' ').filter(Boolean)) assert.ok(checks.includes(check), check)
      assert.equal(textAt(constraint, 'metadata', 'name'), rule.split('/')[1])
      assert.match(kindOf(constraint).kind, /^Thymus/)
    })
  }
})

describe('what is found of a pod', () => {
  const WRAPPED: readonly (readonly [kind: string, apiVersion: string, path: string])[] = [
    ['Deployment', 'apps/v1', 'spec.template'],
    ['StatefulSet', 'apps/v1', 'spec.template'],
    ['DaemonSet', 'apps/v1', 'spec.template'],
    ['ReplicaSet', 'apps/v1', 'spec.template'],
    ['ReplicationController', 'v1', 'spec.template'],
    ['PodTemplate', 'v1', 'template'],
    ['Job', 'batch/v1', 'spec.template'],
    ['CronJob', 'batch/v1', 'spec.jobTemplate.spec.template'],
  ]
  const samples = RULES.flatMap((rule) => globSync('samples/*.yaml', { cwd: join(ROOT, rule) }).map((file) => objectIn(`${rule}/${file}`)))
  const pods = samples.filter((object): object is Fields => isFields(object) && kindOf(object).kind === 'Pod')

  for (const [kind, apiVersion, path] of WRAPPED) {
    test(`is found of a ${kind}, in its template`, async () => {
      const builtIn = (await readPacks()).flatMap((file) => readObjects(file).objects)
      const policies = readPolicySet({ builtIn, own: [] }, { surroundings })
      const found = (object: object, prefix: string) =>
        scan(readObjects({ file: 'f.json', text: JSON.stringify(object) }).objects, {
          podSecurity: { level: 'restricted', version: 'latest' },
          policies,
          at: 0,
        })
          // Pods of a Job end by themselves, and need no probes.
          .filter(({ rule }) => !rule!.name.endsWith('/probes'))
          .map(({ rule, severity, evidence }) => `${rule!.name} ${severity} ${prefix}${evidence.field}`)
          .toSorted()
      let compared = 0
      for (const pod of pods) {
        const { metadata, spec } = pod
        const inside = path.split('.').reduceRight<unknown>((value, step) => ({ [step]: value }), { metadata, spec }) as object
        const wanted = found(pod, `${path}.`)
        assert.deepEqual(found({ apiVersion, kind, metadata: { name: 'web', namespace: 'shop' }, ...inside }, ''), wanted, textOf(pod))
        compared += wanted.length
      }
      assert.ok(compared > 500, `${compared} compared`)
    })
  }
})

const textOf = (object: Fields) => JSON.stringify(valueAt(object, 'spec'))
