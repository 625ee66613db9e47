// Which modules the kernel loads, by the digest of their file. Needs BPF LSM and modules to load: the lab has both.
import assert from 'node:assert/strict'
import { copyFileSync, constants as files, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, type TestContext, test } from 'node:test'
import { decodeEvent } from '../../src/adapters/linux/bpf/decode.ts'
import { selfTest } from '../../src/adapters/linux/bpf/self-test.ts'
import { makeGroup } from '../../src/adapters/linux/groups.ts'
import { moduleDigest } from '../../src/adapters/linux/modules/files.ts'
import type { ModuleEvent } from '../../src/core/event.ts'
import type { Rung } from '../../src/core/posture.ts'
import { PASS } from '../../src/core/verdict.ts'
import { DIGEST_PATH, GATE_NUMBER, IDENTITY, NODE_SLOT, type PathEntry } from '../../src/engine/rule-plane/tables.ts'
import { Instance, needKernel, whyNoKernel } from '../kit/instance.ts'
import { loadBuffer, loadFile, moduleToLoad } from '../kit/load-module.ts'

const MODULE = 1 << GATE_NUMBER.module

let it: Instance
let folder: string
let file: string | undefined

before(() => {
  if (whyNoKernel() !== undefined) return
  it = new Instance()
  folder = mkdtempSync(join(tmpdir(), 'thymus-module-'))
  file = moduleToLoad()
})
after(() => {
  it?.[Symbol.dispose]()
  if (folder) rmSync(folder, { recursive: true })
})

function need(t: TestContext): boolean {
  if (!needKernel(t)) return false
  const why = !it.kernel.has('on_module_read')
    ? 'this kernel admits no LSM program'
    : file === undefined
      ? 'this kernel has no module to load'
      : undefined
  if (why !== undefined) t.skip(why)
  return why === undefined
}

const rule = (path: string, effect: 'allow' | 'deny', more: Partial<PathEntry> = {}): PathEntry => ({
  ...{
    subject: IDENTITY.host,
    gate: 'module',
    trial: false,
    path,
    whole: path !== '',
    cookie: COOKIE.allowed,
    rank: 1,
    effect,
    report: false,
  },
  ...more,
})
const COOKIE = { allowed: 7, denied: 9 }

/** Puts in force, or on trial, that only these may be loaded. */
function allowOnly(files: readonly string[], trial = false): void {
  const gates = { enforcedGates: trial ? 0 : MODULE, trialGates: trial ? MODULE : 0, plainGates: 0 }
  const allowed = files.map((path) => rule(`${DIGEST_PATH}${moduleDigest(path)}`, 'allow', { trial }))
  it.swap({
    subjects: [{ slot: NODE_SLOT, identity: IDENTITY.host, ...gates }],
    paths: [rule('', 'deny', { trial, rank: 0, cookie: COOKIE.denied }), ...allowed],
  })
  told()
}

/** What was told of modules since the last time. */
const told = (): ModuleEvent[] =>
  it.drain('alerts', (view, bytes, at) => {
    const event = decodeEvent(view, bytes, at)
    return event?.type === 'module' ? event : undefined
  })

const { EPERM } = constants.errno

describe('a module', () => {
  test('whose digest is allowed is loaded, and no other', (t) => {
    if (!need(t)) return
    allowOnly([file!])
    assert.equal(loadFile(file!), 0)
    allowOnly([join(import.meta.dirname, 'module.test.ts')])
    assert.equal(loadFile(file!), EPERM)
  })

  test('that was changed by a byte is refused, though the kernel itself asks for no signature', (t) => {
    if (!need(t)) return
    const changed = join(folder, 'changed.ko')
    const bytes = readFileSync(file!)
    bytes[bytes.length - 1]! ^= 1 // the marker: what remains is a module without a signature
    writeFileSync(changed, bytes)
    allowOnly([file!])
    assert.equal(loadFile(changed), EPERM)
    it.swap({})
    assert.equal(loadFile(changed), 0)
  })

  test('is what its content is, wherever it lies', (t) => {
    if (!need(t)) return
    const copy = join(folder, 'copy.ko')
    copyFileSync(file!, copy)
    allowOnly([file!])
    assert.equal(loadFile(copy), 0)
  })

  test('that was allowed and is written to afterwards is refused', (t) => {
    if (!need(t)) return
    const copy = join(folder, 'written.ko')
    copyFileSync(file!, copy)
    allowOnly([copy])
    assert.equal(loadFile(copy), 0)
    const bytes = readFileSync(copy)
    bytes[bytes.length - 1]! ^= 1
    writeFileSync(copy, bytes)
    assert.equal(loadFile(copy), EPERM)
  })

  test('out of a buffer has no file, so it is refused where what is not known is', (t) => {
    if (!need(t)) return
    allowOnly([file!])
    assert.equal(loadBuffer(file!), EPERM)
    const [{ form, sha256, path, ruling } = assert.fail('nothing is told')] = told()
    assert.deepEqual([form, sha256, path, ruling.enforced, ruling.cookie], ['buffer', null, '', true, COOKIE.denied])
    it.swap({})
    assert.equal(loadBuffer(file!), 0)
  })

  test('that is refused is told of: who, which file, its digest, and by which rule; one that is loaded is not', (t) => {
    if (!need(t)) return
    const other = join(folder, 'other.ko')
    writeFileSync(other, Buffer.concat([readFileSync(file!), Buffer.of(0)]))
    allowOnly([file!])
    assert.deepEqual([loadFile(file!), loadFile(other)], [0, EPERM])
    const [event = assert.fail('nothing is told'), ...more] = told()
    assert.deepEqual(more, [])
    const { task, ruling, form, sha256, path, slot } = event
    assert.deepEqual([form, sha256, path, slot], ['file', moduleDigest(other), realpathSync(other), 0])
    assert.deepEqual([task.pid, task.uid, task.parent.pid], [process.pid, process.getuid!(), process.ppid])
    assert.deepEqual([ruling.effect, ruling.cookie, ruling.enforced, ruling.ruler], ['deny', COOKIE.denied, true, 0])
  })

  test('that would be refused is loaded, and told of with its digest: a trial is no less exact than what is in force', (t) => {
    if (!need(t)) return
    allowOnly([join(import.meta.dirname, 'module.test.ts')], true)
    assert.deepEqual([loadFile(file!), loadBuffer(file!)], [0, 0])
    const [read = assert.fail('nothing is told'), buffer = assert.fail('one is told')] = told()
    assert.deepEqual([read.form, read.sha256, buffer.form], ['file', moduleDigest(file!), 'buffer'])
    for (const { ruling } of [read, buffer])
      assert.deepEqual([ruling.effect, ruling.trialEffect, ruling.trialCookie, ruling.enforced], [null, 'deny', COOKIE.denied, false])
    allowOnly([file!], true)
    assert.equal(loadFile(file!), 0)
    assert.deepEqual(told(), [])
  })

  test('that the kernel does not hash is one that nobody knows, and it is told so', (t) => {
    if (!need(t)) return
    allowOnly([file!])
    let refused: number
    try {
      refused = loadFile(file!, files.O_RDONLY | files.O_DIRECT) // IMA hashes no file that is read past the page cache
    } catch (error) {
      t.skip(`this file cannot be opened so: ${(error as NodeJS.ErrnoException).code}`)
      return
    }
    assert.equal(refused, EPERM)
    assert.deepEqual(
      told().map(({ form, sha256, path }) => [form, sha256, path]),
      [['no-digest', null, realpathSync(file!)]],
    )
  })

  test('can be denied, and the board says so: the self-test has seen it, whatever is in force, which does not hear of it', (t) => {
    if (!need(t)) return
    for (const inForce of [() => it.swap({}), () => allowOnly([file!])]) {
      inForce()
      assert.deepEqual(tried(), { gate: 'module', rung: 'EPERM (LSM)', works: PASS })
      assert.deepEqual(told(), [])
    }
  })
})

/** What the self-test finds of modules. */
function tried(): Rung | undefined {
  const scratch = mkdtempSync(join(tmpdir(), 'thymus-self-test-'))
  const groups = join(it.groups, 'scratch')
  makeGroup(groups)
  try {
    const rungs = selfTest({ pins: join(it.pins, 'scratch'), groups, objects: it.objects, run: scratch })
    return rungs.find(({ gate }) => gate === 'module')
  } finally {
    rmSync(scratch, { recursive: true })
  }
}
