import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { SmallDisk } from '../../../test/kit/small-disk.ts'
import type { Decision } from '../../core/decision.ts'
import type { Finding } from '../../core/finding.ts'
import { DAY, LIMITS } from '../../core/limits.ts'
import type { Policy } from '../../core/policy.ts'
import type { Workload } from '../../core/workload.ts'
import type { Batch, FlowChange, SeenDecision } from './batch.ts'
import { RETAIN_AFTER } from './retention.ts'
import type { HeldPolicy, PolicySet, StoreOptions } from './store.ts'
import { Store } from './store.ts'

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5)
const NOTHING: Batch = { findings: [], decisions: [], flows: [], rings: [], received: [] }

function newFile(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'thymus-test-state-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return join(folder, 'state.db')
}

function opened(t: TestContext, path: string, options: Partial<StoreOptions> = {}): Store {
  const store = new Store(path, { now: () => NOW, boot: 'boot 1', ...options })
  t.after(() => store.close())
  return store
}

/** The same store after its process has ended and another has begun. */
function again(t: TestContext, store: Store, path: string, options: Partial<StoreOptions> = {}): Store {
  store.close()
  return opened(t, path, options)
}

const policy = (id: string, file: string): Policy => ({
  id,
  kind: 'NetworkPolicy',
  namespace: 'default',
  source: { file, line: 1, column: 1 },
  applies: { namespace: 'default', workloads: [{ key: 'app', operator: 'In', values: ['web'] }] },
  isolates: ['accept'],
  mode: 'shadow',
  rules: [],
})
const held = (id: string, file: string, text: string): [string, HeldPolicy] => [
  id,
  { policy: policy(id, file), text, mode: 'enforce', by: 1000, at: NOW },
]
const workload = (slot: number, name: string): Workload => ({
  name,
  namespace: 'default',
  labels: { app: name },
  slot,
  mode: 'enforce',
  anchor: { is: 'cgroup', path: `/thymus/${name}`, id: 2n ** 63n + 1n, owned: true, netns: name },
  image: 'registry/app:1',
  addresses: ['10.0.0.1', 'fd00::1'],
})
const finding = (id: string, at = NOW, severity: Finding['severity'] = 'high'): Finding =>
  ({
    id,
    code: 'RT_FILELESS',
    layer: 'runtime',
    severity,
    at,
    about: 'default/web',
    title: 'fileless',
    because: [],
    remedy: 'look',
  }) as never
const decision = (address: string, port = 80): Decision => ({
  request: { gate: 'connect', subject: 'default/web', peer: { address }, protocol: 'TCP', port },
  effect: 'deny',
  enforced: true,
  because: { implicit: ['NetworkPolicy/default/web'] },
  generation: 3,
})
const seen = (address: string, at = NOW, port?: number): SeenDecision => ({ at, decision: decision(address, port), process: { pid: 7 } })
const flow = (what: FlowChange['what'], to = '10.0.0.9', bytesIn = 0): FlowChange => ({
  at: NOW,
  from: 'default/web',
  to,
  protocol: 'TCP',
  port: 443,
  what,
  bytesIn,
  bytesOut: 1,
  because: 'no policy speaks of it',
})

describe('what people asked for is there after a restart', () => {
  const set: PolicySet = {
    held: new Map([held('a', 'two.yaml', 'one text'), held('b', 'two.yaml', 'one text'), held('c', 'c.yaml', 'another')]),
    namespaces: new Map([['prod', { tier: 'gold' }]]),
  }
  const former: PolicySet = { held: new Map([held('a', 'old.yaml', 'old text')]), namespaces: new Map() }

  test('policies with their text, who applied them and when; and what comes back if nobody confirms', (t) => {
    const path = newFile(t)
    const store = opened(t, path)
    assert.deepEqual(store.policies(), { now: { held: new Map(), namespaces: new Map() }, unconfirmed: null })
    store.savePolicies(set, { until: NOW + 60_000, former })
    assert.deepEqual(again(t, store, path).policies(), { now: set, unconfirmed: { until: NOW + 60_000, former } })
  })

  test('a set replaces the former one whole', (t) => {
    const store = opened(t, newFile(t))
    store.savePolicies(set, { until: NOW, former })
    store.savePolicies(former, null)
    assert.deepEqual(store.policies(), { now: former, unconfirmed: null })
  })

  test('workloads with their slot and the 64 bits of their group', (t) => {
    const path = newFile(t)
    const store = opened(t, path)
    const process: Workload = { ...workload(2, 'job'), anchor: { is: 'process', pid: 7 } }
    for (const each of [workload(1, 'web'), process]) store.saveWorkload(each)
    assert.deepEqual(again(t, store, path).workloads(), [workload(1, 'web'), process])
  })

  test('a workload that is saved again takes its place, by name or by slot; one that was dropped has gone', (t) => {
    const store = opened(t, newFile(t))
    store.saveWorkload(workload(1, 'web'))
    store.saveWorkload(workload(2, 'web'))
    store.saveWorkload(workload(2, 'db'))
    assert.deepEqual(
      store.workloads().map(({ slot, name }) => [slot, name]),
      [[2, 'db']],
    )
    store.dropWorkload({ namespace: 'default', name: 'db' })
    assert.deepEqual(store.workloads(), [])
  })

  test('generations, each with the time at which it came into force first', (t) => {
    const path = newFile(t)
    const store = opened(t, path)
    store.saveGeneration(1)
    store.saveGeneration(2)
    const next = again(t, store, path, { now: () => NOW + 5 })
    next.saveGeneration(2)
    next.saveGeneration(3)
    assert.deepEqual(next.generations(2), [
      { number: 3, at: NOW + 5 },
      { number: 2, at: NOW },
    ])
  })
})

describe('what the world did', () => {
  test('a decision is counted per subject, rule, target and whether it was enforced', (t) => {
    const store = opened(t, newFile(t))
    const minute = Math.floor(NOW / 60_000) * 60_000
    store.write({ ...NOTHING, decisions: [seen('10.0.0.1', minute), seen('10.0.0.1', minute + 59_999), seen('10.0.0.2', minute)] })
    const enforced = { ...seen('10.0.0.1', minute + 2), decision: { ...decision('10.0.0.1'), enforced: !decision('').enforced } }
    store.write({ ...NOTHING, decisions: [seen('10.0.0.1', minute + 1), seen('10.0.0.1', minute + 60_000), enforced] })
    assert.deepEqual(
      store.decisions(9).map(({ count, first, last }) => [count, first - minute, last - minute]),
      [
        [4, 0, 60_000],
        [1, 2, 2],
        [1, 0, 0],
      ],
    )
    assert.deepEqual(store.decisions(9)[0], {
      count: 4,
      first: minute,
      last: minute + 60_000,
      decision: decision('10.0.0.1'),
      process: { pid: 7 },
      folded: false,
    })
  })

  test('a scan of thousands of ports is a few rows, and no denial of it goes uncounted', (t) => {
    const store = opened(t, newFile(t))
    const scan = Array.from({ length: 10_000 }, (_, port) => seen('10.0.0.1', NOW, port))
    store.write({ ...NOTHING, decisions: scan })
    const rows = store.decisions(100_000)
    assert.equal(rows.length, LIMITS.targetsPerRule + 1)
    assert.equal(
      rows.reduce((sum, { count }) => sum + count, 0),
      scan.length,
    )
    assert.deepEqual(
      rows.filter(({ folded }) => folded).map(({ count }) => count),
      [scan.length - LIMITS.targetsPerRule],
    )
  })

  test('flows sum up what came and went between two ends', (t) => {
    const path = newFile(t)
    const store = opened(t, path)
    store.write({ ...NOTHING, flows: [flow('opened'), flow('opened'), flow('closed', '10.0.0.9', 100), flow('denied', 'default/db')] })
    store.write({ ...NOTHING, flows: [flow('opened'), flow('would deny', 'default/db'), flow('closed', '10.0.0.8')] })
    const rows = new Map(
      again(t, store, path)
        .flows(9)
        .map((row) => [row.to, row]),
    )
    assert.deepEqual(rows.get('10.0.0.9'), {
      from: 'default/web',
      to: '10.0.0.9',
      protocol: 'TCP',
      port: 443,
      open: 2,
      closed: 1,
      denied: 0,
      wouldDeny: 0,
      bytesIn: 100,
      bytesOut: 4,
      first: NOW,
      last: NOW,
      because: 'no policy speaks of it',
    })
    assert.deepEqual([rows.get('default/db')!.denied, rows.get('default/db')!.wouldDeny], [1, 1])
    assert.equal(rows.get('10.0.0.8')!.open, 0, 'a connection from before the agent is seen to close only')
  })

  test('bytes that are more than a number holds are as many as it holds', (t) => {
    const store = opened(t, newFile(t))
    for (const bytes of [2 ** 55, 2 ** 60, 1]) store.write({ ...NOTHING, flows: [flow('closed', '10.0.0.9', bytes)] })
    for (let n = 0; n < 2; n++) store.write({ ...NOTHING, flows: [flow('closed', '10.0.0.8', 2 ** 52 + 2 ** 51)] })
    assert.deepEqual(
      store.flows(9).map(({ bytesIn }) => bytesIn),
      [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
    )
  })

  test('why a flow was let through or denied is not forgotten when it ends', (t) => {
    const path = newFile(t)
    const store = opened(t, path)
    const closed = (to: string) => ({ ...flow('closed', to), because: null })
    store.write({
      ...NOTHING,
      flows: [{ ...flow('would deny', 'a'), because: 'a rule' }, closed('a'), { ...flow('opened', 'b'), because: 'b' }],
    })
    store.write({ ...NOTHING, flows: [closed('b'), closed('c')] })
    const told = again(t, store, path)
      .flows(9)
      .map(({ to, because }) => `${to}: ${because}`)
    assert.deepEqual(told.sort(), ['a: a rule', 'b: b', 'c: it began unseen'])
  })

  test('whatever the batches, the sums are those of all changes together', (t) => {
    const changes = fc.array(
      fc.record({ what: fc.constantFrom('opened', 'closed', 'denied'), to: fc.constantFrom('a', 'b'), bytesIn: fc.nat(9) }),
    )
    fc.assert(
      fc.property(fc.array(changes, { maxLength: 4 }), (batches) => {
        const store = opened(t, newFile(t))
        for (const batch of batches) {
          store.write({ ...NOTHING, flows: batch.map(({ what, to, bytesIn }) => flow(what as FlowChange['what'], to, bytesIn)) })
        }
        const all = batches.flat()
        const rows = store.flows(9)
        assert.equal(rows.length, new Set(all.map(({ to }) => to)).size)
        for (const row of rows) {
          const mine = all.filter(({ to }) => to === row.to)
          const count = (wanted: string) => mine.filter(({ what }) => what === wanted).length
          assert.deepEqual(
            [row.open, row.closed, row.denied, row.bytesIn],
            [
              Math.max(0, count('opened') - count('closed')),
              count('closed'),
              count('denied'),
              mine.reduce((sum, { bytesIn }) => sum + bytesIn, 0),
            ],
          )
        }
        store.close()
      }),
      { numRuns: 20 },
    )
  })

  test('findings are found by severity, by whom they are about and by time; the same one is stored once', (t) => {
    const store = opened(t, newFile(t))
    const [one, low, old] = [finding('one'), finding('low', NOW - 1, 'low'), finding('old', NOW - DAY, 'critical')]
    store.write({ ...NOTHING, findings: [one, low, old, one] })
    assert.deepEqual(store.findings({ limit: 9 }), [one, low, old])
    assert.deepEqual(store.findings({ severity: 'high', limit: 9 }), [one, old])
    assert.deepEqual(store.findings({ severity: 'high', since: NOW - 10, about: 'default/web', limit: 9 }), [one])
    assert.deepEqual(store.findings({ about: 'default/db', limit: 9 }), [])
    assert.deepEqual([store.finding('low'), store.finding('none')], [low, undefined])
  })

  test('names that are no UTF-8 and numbers of 64 bits come back as they were', (t) => {
    const store = opened(t, newFile(t))
    const request = { gate: 'exec', subject: 'default/web', path: '/tmp/\udc80\n\u001b[2J', fileless: true } as const
    const given: SeenDecision = { at: NOW, decision: { ...decision(''), request }, process: { inode: 2n ** 64n - 1n } }
    store.write({ ...NOTHING, decisions: [given] })
    const [back] = store.decisions(1)
    assert.deepEqual(back!.decision.request, request)
    assert.deepEqual(back!.process, { inode: '18446744073709551615' })
    store.write({
      ...NOTHING,
      decisions: [{ ...given, decision: { ...given.decision, request: { ...request, path: request.path.replace('\udc80', '\udc81') } } }],
    })
    assert.equal(store.decisions(9).length, 2, 'one for each path')
  })
})

describe('retention', () => {
  test('what is too old goes', (t) => {
    const path = newFile(t)
    const store = opened(t, path)
    const old = NOW - LIMITS.findingsFor - 60_000
    store.write({ ...NOTHING, findings: [finding('old', old), finding('new')], decisions: [seen('10.0.0.1', old), seen('10.0.0.2')] })
    const next = again(t, store, path)
    next.write(NOTHING)
    assert.deepEqual([next.findings({ limit: 9 }).length, next.decisions(9).length], [1, 1])
  })

  test('of what is too much, the oldest goes', (t) => {
    const store = opened(t, newFile(t))
    const flood = LIMITS.flows + 3 * RETAIN_AFTER
    for (let at = 0; at < flood; at += RETAIN_AFTER) {
      store.write({
        ...NOTHING,
        flows: Array.from({ length: RETAIN_AFTER }, (_, more) => ({ ...flow('opened', `peer ${at + more}`), at: NOW + at + more })),
      })
    }
    const rows = store.flows(1_000_000)
    assert.ok(rows.length >= LIMITS.flows && rows.length <= LIMITS.flows + RETAIN_AFTER, `${rows.length} rows`)
    assert.equal(rows[0]!.to, `peer ${flood - 1}`)
  })
})

describe('no event is stored twice', () => {
  test('the position of a ring and what is received belong to their batch and to the boot', (t) => {
    const path = newFile(t)
    const store = opened(t, path)
    assert.equal(store.position('events'), 0)
    store.write({
      ...NOTHING,
      flows: [flow('opened')],
      rings: [{ ring: 'events', position: 4096 }],
      received: [{ program: 4, cpu: 1, count: 3 }],
    })
    store.write({ ...NOTHING, rings: [{ ring: 'events', position: 8192 }], received: [{ program: 4, cpu: 1, count: 2 }] })
    const next = again(t, store, path)
    assert.equal(next.position('events'), 8192)
    assert.deepEqual(next.received(), [{ program: 4, cpu: 1, count: 5 }])
    assert.equal(next.flows(1)[0]!.open, 1)
    const rebooted = again(t, next, path, { boot: 'boot 2' })
    assert.deepEqual([rebooted.position('events'), rebooted.received()], [0, []])
    assert.equal(rebooted.flows(1)[0]!.open, 0, 'no connection outlives a boot')
  })

  test('after kill -9 at any moment, what is stored is what stands before the stored position', async (t) => {
    const path = newFile(t)
    const writer = `
      import { Store } from ${JSON.stringify(new URL('./store.ts', import.meta.url).href)}
      const store = new Store(${JSON.stringify(path)}, { now: Date.now, boot: 'boot 1' })
      const flow = () => ({ at: Date.now(), from: 'a', to: 'b', protocol: 'TCP', port: 1, what: 'opened', bytesIn: 1, bytesOut: 0, because: '' })
      for (let position = store.position('events'); ; position += 50) {
        store.write({ findings: [], decisions: [], received: [], flows: Array.from({ length: 50 }, flow), rings: [{ ring: 'events', position: position + 50 }] })
        if (position % 1000 === 0) process.stdout.write('.')
      }`
    let former = 0
    for (let round = 0; round < 3; round++) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', writer], { stdio: ['ignore', 'pipe', 'inherit'] })
      await once(child.stdout, 'data')
      await new Promise((resolve) => setTimeout(resolve, 20 * round))
      child.kill('SIGKILL')
      await once(child, 'exit')
      const store = opened(t, path)
      const position = store.position('events')
      assert.ok(position > former)
      assert.equal(store.flows(1)[0]!.bytesIn, position)
      store.close()
      former = position
    }
  })
})

describe('a store in trouble', () => {
  test('on a full disk a batch is counted as lost, policies are refused, reads go on; with room all is well again', (t) => {
    const disk = SmallDisk.mount(t, 2 << 20)
    if (disk === undefined) return
    const path = join(disk.folder, 'state.db')
    const store = opened(t, path)
    store.saveWorkload(workload(1, 'web'))
    store.write({ ...NOTHING, findings: [finding('before')] })
    disk.fill()
    const large = { ...finding('lost'), title: 'x'.repeat(1 << 20) }
    assert.equal(store.write({ ...NOTHING, findings: [large], rings: [{ ring: 'events', position: 10 }] }), false)
    assert.equal(store.write({ ...NOTHING, findings: [large], decisions: [seen('10.0.0.1')] }), false)
    assert.throws(() => store.savePolicies({ held: new Map([held('a', 'a.yaml', 'x'.repeat(1 << 20))]), namespaces: new Map() }, null), {
      code: 'STATE_FULL',
    })
    assert.equal(store.notices.length, 1)
    assert.match(store.notices[0]!.text, /full.*counted as lost, verdicts stay in force/)
    assert.deepEqual(store.findings({ limit: 9 }), [finding('before')])
    assert.deepEqual([store.workloads(), store.position('events'), store.policies().now.held.size], [[workload(1, 'web')], 0, 0])

    disk.free()
    assert.equal(store.write({ ...NOTHING, findings: [finding('after')] }), true)
    assert.deepEqual(store.notices, [])
    const lost = { batches: 2, findings: 2, decisions: 1, flows: 0 }
    assert.deepEqual(store.lost, lost)
    assert.deepEqual(again(t, store, path).lost, lost)
  })

  test('a damaged file is told, and what is still in memory can be saved again', (t) => {
    const path = newFile(t)
    writeFileSync(path, 'no database at all '.repeat(300))
    let replaced = 0
    const store = opened(t, path, { onReplaced: () => replaced++ })
    assert.deepEqual(
      store.notices.map(({ code }) => code),
      ['STATE_CORRUPT'],
    )
    assert.equal(replaced, 0, 'on opening there is nothing in memory yet')
    assert.deepEqual(store.workloads(), [])
  })

  test('damage met while it is in use costs what is only on the disk: the agent saves again what it holds', (t) => {
    const path = newFile(t)
    const store = opened(t, path, { onReplaced: () => store.saveWorkload(workload(1, 'web')) })
    store.saveWorkload(workload(1, 'web'))
    const many = Array.from({ length: 9_999 }, (_, at) => finding(`${at}`))
    store.write({ ...NOTHING, findings: many, rings: [{ ring: 'events', position: 64 }] })
    again(t, store, path).close() // folds the log into the file
    const inUse = opened(t, path, { onReplaced: () => inUse.saveWorkload(workload(1, 'web')) })
    const bytes = readFileSync(path)
    writeFileSync(path, bytes.fill(0xa5, 4096))
    assert.deepEqual(inUse.findings({ limit: 9_999 }), [])
    assert.equal(inUse.write({ ...NOTHING, findings: [finding('next')], rings: [{ ring: 'events', position: 128 }] }), true)
    assert.deepEqual(inUse.workloads(), [workload(1, 'web')])
    const next = again(t, inUse, path)
    assert.deepEqual([next.findings({ limit: 9 }), next.position('events')], [[finding('next')], 128])
  })
})
