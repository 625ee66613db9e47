// A scan beside `gator test`: the same templates, constraints, expansions and manifests have the same violations, word for word.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { findGator } from '../../../test/kit/gator.ts'
import { textAt, valueAt } from '../../formats/kubernetes/object.ts'
import { isConstraint } from '../../layers/admission/gatekeeper/constraint.ts'
import { readObjects } from '../../layers/admission/manifests/document.ts'
import { readPolicySet } from '../../layers/admission/manifests/policy-set.ts'
import { scan } from '../../layers/admission/manifests/scan.ts'
import { surroundings } from '../rego/surroundings.ts'
import { readSources } from './files.ts'

const ROOT = join(import.meta.dirname, '../../..')
const folder = mkdtempSync(join(tmpdir(), 'thymus-gator-'))
after(() => rmSync(folder, { recursive: true }))

interface GatorResult {
  readonly msg: string
  readonly enforcementAction: string
  readonly constraint: Readonly<Record<string, unknown>>
  readonly violatingObject: Readonly<Record<string, unknown>>
}

/** What a scan makes pods of without being told. */
const expansions = [
  ['deployments', 'apps', 'Deployment', 'spec.template'],
  ['statefulsets', 'apps', 'StatefulSet', 'spec.template'],
  ['daemonsets', 'apps', 'DaemonSet', 'spec.template'],
  ['cronjobs', 'batch', 'CronJob', 'spec.jobTemplate.spec.template'],
].map(
  ([name, group, kind, source]) => `apiVersion: expansion.gatekeeper.sh/v1beta1
kind: ExpansionTemplate
metadata: {name: expand-${name}}
spec:
  applyTo: [{groups: [${group}], versions: [v1], kinds: [${kind}]}]
  templateSource: ${source}
  generatedGVK: {group: "", version: v1, kind: Pod}
`,
)

const objectsIn = async (files: readonly string[]) =>
  (await Promise.all(files.map((file) => readSources(join(ROOT, file))))).flat().flatMap((file) => readObjects(file).objects)

/** Each with a name of its own; what has no template is no workload that gator would take. */
async function manifests(): Promise<string> {
  const samples = await objectsIn(
    globSync(['test/e2e/fixtures/*/**/*.{yaml,yml,json}', 'policies/admission/*/*/samples/*.yaml'], { cwd: ROOT }),
  )
  return samples
    .filter(({ object }) => !isConstraint(object))
    .map(({ object }, at) => ({ ...object, metadata: { ...(object.metadata as object), name: `n-${at}` } }))
    .filter((object) => textAt(object, 'kind') !== 'Deployment' || valueAt(object, 'spec', 'template') !== undefined)
    .map((object) => JSON.stringify(object))
    .join('\n---\n')
}

const gator = findGator()
test('gator finds the same', { skip: 'why' in gator ? gator.why : false }, async () => {
  const policies = globSync('policies/admission/*/*/{template,constraint}.yaml', { cwd: ROOT })
  const text = await manifests()
  writeFileSync(join(folder, 'expansions.yaml'), expansions.join('---\n'))
  writeFileSync(join(folder, 'manifests.yaml'), text)
  const files = [...policies.map((file) => join(ROOT, file)), join(folder, 'expansions.yaml'), join(folder, 'manifests.yaml')]
  const args = ['test', '-o', 'json', ...files.flatMap((file) => ['-f', file])]
  const { stdout, stderr } = spawnSync((gator as { path: string }).path, args, { encoding: 'utf8', maxBuffer: 2 ** 28 })
  assert.match(stdout, /^\[/, stderr)
  const theirs = (JSON.parse(stdout) as readonly GatorResult[]).map(({ msg, constraint, enforcementAction, violatingObject }) => {
    const name = textAt(constraint, 'metadata', 'name')
    return `${textAt(violatingObject, 'metadata', 'name')} ${textAt(constraint, 'kind')}/${name} ${enforcementAction}: ${msg}`
  })

  const set = readPolicySet({ builtIn: await objectsIn(policies), own: [] }, { surroundings })
  const { objects } = readObjects({ file: 'manifests.yaml', text })
  const found = scan(objects, { podSecurity: { level: 'privileged', version: 'latest' }, policies: set, at: 0 })
  const ours = found.map(({ about, rule, evidence, title }) => `${/[^ /]*$/.exec(about)![0]} ${rule!.name} ${evidence.action}: ${title}`)
  assert.deepEqual(ours.toSorted(), theirs.toSorted())
  assert.ok(theirs.length > 500, `${theirs.length} violations`)
  console.log(`${theirs.length} violations of ${objects.length} objects are the same`)
})
