// What `policy diff` tells before a change is made.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RulePlane } from '../engine/rule-plane/plane.ts'
import { SlotAllocator } from '../engine/rule-plane/slots.ts'
import { Answers } from './answers.ts'
import { Control } from './control.ts'

const NOTHING = { held: new Map(), namespaces: new Map() }

/** Of an agent with two workloads, `web` and `db`. */
async function begin() {
  let id = 0n
  const group = async () => ({ path: `/g${++id}`, id, netns: null, addresses: [] })
  const plane = new RulePlane({ swap: async () => {}, amend: async () => {} })
  const groups = { start: group, adopt: group, stop: async () => {}, sweep: async () => 0 }
  const memory = { savePolicies() {}, saveWorkload() {}, dropWorkload() {} }
  const control = new Control({ plane, slots: new SlotAllocator(), groups, memory }, NOTHING, [])
  for (const name of ['web', 'db']) await control.start({ name, namespace: 'default', labels: { app: name } })
  // Neither finding nor event is asked for.
  const answers = new Answers(control, plane, undefined as never)
  return {
    apply: (policy: object) => control.apply({ text: JSON.stringify(policy), file: 'f' }, 0),
    diff: async (policy: object) => {
      const { changed, ...ids } = await answers.diff(control.merged({ text: JSON.stringify(policy), file: 'f' }, 0))
      return { ...ids, changed: changed.map(({ request, before, after }) => `${request}: ${before}, then ${after}`) }
    },
  }
}

const policyOf = (kind: string, name: string, spec: object) => ({
  apiVersion: 'thymus.dev/v1',
  kind,
  metadata: { name, ...(kind === 'NodePolicy' ? {} : { namespace: 'default' }) },
  spec: { mode: 'enforce', ...spec },
})
const forWeb = (spec: object) => policyOf('WorkloadPolicy', 'web', { selector: { matchLabels: { app: 'web' } }, ...spec })
const allow = (of: object) => ({ effect: 'allow', ...of })

test('a change of what may be loaded, executed, bound and reached is told, at each gate', async () => {
  const { diff } = await begin()
  const sha256 = 'ab'.repeat(32)
  const modules = { modules: { default: 'deny', rules: [allow({ sha256 })] } }
  assert.deepEqual(await diff(policyOf('NodePolicy', 'modules', modules)), {
    added: ['NodePolicy/modules'],
    removed: [],
    changed: ['any other module: allow, then deny'],
  })
  const rules = [allow({ path: '/bin/true' }), allow({ below: '/opt/web/' }), { effect: 'deny', path: '/opt/web/sh' }]
  assert.deepEqual((await diff(forWeb({ exec: { default: 'deny', rules } }))).changed, [
    'default/web executes /opt/web/sh: allow, then deny',
    'default/web executes any other program: allow, then deny',
    'default/web executes a program without a file: allow, then deny',
  ])
  const ports = [{ protocol: 'TCP', port: 8080, endPort: 8089 }]
  assert.deepEqual((await diff(forWeb({ bind: { rules: [{ effect: 'deny', ports }] } }))).changed, [
    'default/web binds TCP/8080: allow, then deny',
    'default/web binds TCP/8089: allow, then deny',
  ])
  const peers = [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } }]
  assert.deepEqual((await diff(forWeb({ connect: { rules: [{ effect: 'deny', peers }] } }))).changed, [
    'default/web → 10.0.0.0 any other port: allow, then deny',
    'default/web → 10.255.255.255 any other port: allow, then deny',
  ])
  const toDb = [{ workloads: { selector: { matchLabels: { app: 'db' } } } }]
  assert.deepEqual((await diff(forWeb({ connect: { rules: [{ effect: 'deny', peers: toDb }] } }))).changed, [
    'default/web → default/db any other port: allow, then deny',
  ])
  assert.deepEqual((await diff(forWeb({ accept: { default: 'deny' } }))).changed, [
    'any other address → default/web any other port: allow, then deny',
    'default/db → default/web any other port: allow, then deny',
  ])
})

test('what is in force already is no change, nor is what another policy says louder', async () => {
  const { apply, diff } = await begin()
  const exec = { exec: { default: 'deny', rules: [allow({ path: '/bin/true' })] } }
  await apply(forWeb(exec))
  assert.deepEqual(await diff(forWeb(exec)), { added: [], removed: [], changed: [] })
  const more = policyOf('WorkloadPolicy', 'all', {
    selector: {},
    exec: { rules: [allow({ path: '/bin/true' }), allow({ path: '/bin/id' })] },
  })
  assert.deepEqual((await diff(more)).changed, ['default/web executes /bin/id: deny, then allow'])
})

test('so many questions of one kind that they take long leave the others to be asked, and say so', async () => {
  const { diff } = await begin()
  const rules = Array.from({ length: 5_002 }, (_, at) => ({ effect: 'deny', sha256: at.toString(16).padStart(64, '0') }))
  let turns = 0
  const counting = setInterval(() => turns++, 1)
  const { changed } = await diff(policyOf('NodePolicy', 'modules', { modules: { rules: rules.slice(1) } }))
  clearInterval(counting)
  assert.equal(changed.at(-1), '… only the first 5000 modules were compared: , then ')
  assert.ok(turns > 1, 'nothing else was done meanwhile')
})
