// A new agent finds what an earlier one left: the same build as it stands, another build in its place, another ABI untouched.
import assert from 'node:assert/strict'
import { cpSync, readdirSync, readFileSync, realpathSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Kernel } from '../../src/adapters/linux/bpf/kernel.ts'
import { ABI, encodeControl, SIZE } from '../../src/adapters/linux/bpf/layout.gen.ts'
import { u32Key } from '../../src/adapters/linux/bpf/map.ts'
import { groupId, makeGroup } from '../../src/adapters/linux/groups.ts'
import { GATE_NUMBER } from '../../src/engine/rule-plane/tables.ts'
import { Instance, needKernel, pathRule, subject, trafficRule } from '../kit/instance.ts'

const SLOT = 1
const ECHO = realpathSync('/bin/echo')
const GATES = (1 << GATE_NUMBER.exec) | (1 << GATE_NUMBER.connect)

/** Whether both kinds of program, those that are replaced in place and those that are not, deny what the policy denies. */
function inForce(it: Instance, group: string): boolean {
  const echo = it.run(group, ECHO, 'words')
  const connect = it.run(group, '/bin/bash', '-c', ': </dev/tcp/127.0.0.1/9')
  return echo.stdout === '' && (echo.signal === 'SIGKILL' || echo.status === 126) && connect.stderr.includes('not permitted')
}

function started() {
  const it = new Instance()
  const group = it.group('w', SLOT)
  it.swap({ subjects: [subject(SLOT, GATES)], paths: [pathRule(SLOT, ECHO, 'deny')], traffic: [trafficRule(SLOT, 'connect', 'deny')] })
  return { it, group, places: { pins: it.pins, objects: it.objects, manifest: join(it.home, 'kernel.json') } }
}

function pretendAnotherBuild(manifest: string): void {
  writeFileSync(manifest, JSON.stringify({ ...JSON.parse(readFileSync(manifest, 'utf8')), hash: 'of another build' }))
}

const linksOf = (pins: string) =>
  readdirSync(join(pins, 'links'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name)
    .sort()

test('the same build is taken over as it stands', (t) => {
  if (!needKernel(t)) return
  const { it, group, places } = started()
  using _ = it
  const before = linksOf(it.pins)
  const next = Kernel.up(places)
  assert.deepEqual([next.epoch, next.tables.generation], [it.kernel.epoch, 1])
  assert.deepEqual(linksOf(it.pins), before)
  assert.ok(inForce(it, group))
  next.close()
})

test('another build takes the place of the former, program by program, and no verdict falls', (t) => {
  if (!needKernel(t)) return
  const { it, group, places } = started()
  using _ = it
  const before = linksOf(it.pins)
  pretendAnotherBuild(places.manifest)
  const next = Kernel.up(places)
  assert.equal(next.epoch, it.kernel.epoch + 1)
  assert.deepEqual(linksOf(it.pins), before, 'something is attached twice, or not at all')
  assert.ok(inForce(it, group))
  next.close()
})

test('a group that has ended while it was adopted is left behind by another build', (t) => {
  if (!needKernel(t)) return
  const { it, group, places } = started()
  using _ = it
  const before = linksOf(it.pins)
  const ended = join(it.groups, 'ended')
  makeGroup(ended)
  const former = groupId(ended)
  it.kernel.attachGroup(former, ended)
  rmdirSync(ended)
  makeGroup(ended) // the name is another group's now
  pretendAnotherBuild(places.manifest)
  const next = Kernel.up(places)
  assert.deepEqual(linksOf(it.pins), before, 'its pins are still there')
  assert.deepEqual(Object.keys(JSON.parse(readFileSync(places.manifest, 'utf8')).groups), [String(groupId(it.groups))])
  assert.ok(inForce(it, group))
  next.close()
})

test('whoever was killed before it remembered what it attached is taken over, and nothing falls meanwhile', (t) => {
  if (!needKernel(t)) return
  const { it, group, places } = started()
  using _ = it
  const before = linksOf(it.pins)
  const manifest = JSON.parse(readFileSync(places.manifest, 'utf8'))
  writeFileSync(places.manifest, JSON.stringify({ ...manifest, groups: {} }))
  const next = Kernel.up(places)
  rmSync(join(it.pins, 'links', String(groupId(it.groups)), 'on_egress')) // killed in the midst of them
  next.attachGroup(groupId(it.groups), it.groups)
  assert.deepEqual(linksOf(it.pins), before)
  assert.ok(inForce(it, group))
  next.close()
})

test('an attachment that fails leaves what was in force', (t) => {
  if (!needKernel(t)) return
  const { it, group, places } = started()
  using _ = it
  const manifest = JSON.parse(readFileSync(places.manifest, 'utf8'))
  writeFileSync(places.manifest, JSON.stringify({ ...manifest, groups: {} }))
  rmSync(join(it.pins, 'links', String(groupId(it.groups)), 'on_egress'))
  const before = linksOf(it.pins)
  const next = Kernel.up(places)
  assert.throws(() => next.attachGroup(groupId(it.groups), it.home), { code: 'KERNEL_REFUSED' })
  assert.deepEqual(linksOf(it.pins), before)
  assert.ok(inForce(it, group))
  next.close()
})

for (const damaged of ['', '{"hash":']) {
  test(`a manifest that is damaged (${JSON.stringify(damaged)}) stops no start, and no verdict falls`, (t) => {
    if (!needKernel(t)) return
    const { it, group, places } = started()
    using _ = it
    const before = linksOf(it.pins)
    writeFileSync(places.manifest, damaged)
    const next = Kernel.up(places)
    assert.equal(next.epoch, it.kernel.epoch + 1)
    assert.ok(inForce(it, group))
    next.attachGroup(groupId(it.groups), it.groups)
    assert.deepEqual(linksOf(it.pins), before)
    assert.ok(inForce(it, group))
    next.close()
  })
}

test('a load that fails half-way leaves what was before: a former build alone in force, or nothing', (t) => {
  if (!needKernel(t)) return
  const { it, group, places } = started()
  using _ = it
  const objects = join(it.home, 'objects')
  cpSync(places.objects, objects, { recursive: true })
  writeFileSync(join(objects, 'packets.bpf.o'), 'no object') // four others come before it
  const before = linksOf(it.pins)
  for (const attempt of ['once', 'and once more']) {
    assert.throws(() => Kernel.up({ ...places, objects }), { code: 'KERNEL_OBJECT' })
    assert.deepEqual(linksOf(it.pins), before, attempt)
    assert.ok(inForce(it, group), attempt)
  }
  const next = Kernel.up(places)
  assert.ok(inForce(it, group))
  next.close()

  const fresh = { pins: join(it.home, 'bpf/fresh'), objects, manifest: join(it.home, 'fresh.json') }
  assert.throws(() => Kernel.up(fresh), { code: 'KERNEL_OBJECT' })
  assert.deepEqual(readdirSync(fresh.pins), [])
})

test('maps of another ABI stay in force, and the newcomer says what to do', (t) => {
  if (!needKernel(t)) return
  const { it, group, places } = started()
  using _ = it
  const control = Buffer.alloc(SIZE.control)
  encodeControl(control, 0, { generation: 1, epoch: it.kernel.epoch, abi: ABI.ABI_VERSION + 1, failsafe: [] })
  it.kernel.map('control').update(u32Key(0), control)
  assert.throws(
    () => Kernel.up(places),
    (error: { code: string; message: string }) => {
      assert.equal(error.code, 'KERNEL_ABI')
      assert.match(error.message, /thymus down --purge/)
      return true
    },
  )
  assert.ok(inForce(it, group))
})

test('what the kernel left out for recursion is told for every program', (t) => {
  if (!needKernel(t)) return
  const { it } = started()
  using _ = it
  const missed = it.kernel.missed()
  assert.deepEqual([...missed.keys()].sort().slice(0, 4), ['bind', 'connect', 'egress', 'exec'])
  for (const [program, count] of missed) assert.ok(Number.isSafeInteger(count) && count >= 0 && count < 1e6, `${program}: ${count}`)
})
