// Which modules the kernel loads, by the digest of their file. Needs BPF LSM and modules to load: the lab has both.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { closeSync, copyFileSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { constants, release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, type TestContext, test } from 'node:test'
import koffi from 'koffi'
import { modulesBelow } from '../../src/adapters/linux/modules/files.ts'
import { DIGEST_PATH, GATE_NUMBER, IDENTITY, NODE_SLOT, type PathEntry } from '../../src/engine/rule-plane/tables.ts'
import { Instance, needKernel, whyNoKernel } from '../kit/instance.ts'

/** Small, needs no other module and no hardware. */
const NAME = 'dummy'
const MODULE = 1 << GATE_NUMBER.module

let it: Instance
let folder: string
let file: string | undefined

before(() => {
  if (whyNoKernel() !== undefined) return
  it = new Instance()
  folder = mkdtempSync(join(tmpdir(), 'thymus-module-'))
  try {
    file = modulesBelow(`/lib/modules/${release()}`).find((path) => path.endsWith(`/${NAME}.ko`))
  } catch {
    file = undefined
  }
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
      ? `there is no module ${NAME}`
      : undefined
  if (why !== undefined) t.skip(why)
  return why === undefined
}

const digestOf = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex')
const node = { slot: NODE_SLOT, identity: IDENTITY.host, enforcedGates: MODULE, trialGates: 0, plainGates: 0 }
const rule = (path: string, effect: 'allow' | 'deny', rank = 1): PathEntry => ({
  ...{ subject: IDENTITY.host, gate: 'module', trial: false, path, whole: path !== '', cookie: 7, rank, effect, report: false },
})

/** Puts in force that only these may be loaded. */
const allowOnly = (...files: readonly string[]) =>
  it.swap({ subjects: [node], paths: [rule('', 'deny', 0), ...files.map((path) => rule(`${DIGEST_PATH}${digestOf(path)}`, 'allow'))] })

const libc = koffi.load('libc.so.6')
const finitModule = libc.func('syscall', 'long', ['long', 'int', 'str', 'int'])
const initModule = libc.func('syscall', 'long', ['long', 'const void *', 'size_t', 'str'])
const deleteModule = libc.func('syscall', 'long', ['long', 'str', 'uint'])
const CALL = { init: 175, remove: 176, finit: 313 }
const { EPERM } = constants.errno

/** Loads a module and takes it out again; the error of the call, or 0. */
function ended(result: number): number {
  if (result !== 0) return koffi.errno()
  assert.equal(deleteModule(CALL.remove, NAME, 0), 0)
  return 0
}

function load(path: string): number {
  const fd = openSync(path, 'r')
  try {
    return ended(finitModule(CALL.finit, fd, '', 0))
  } finally {
    closeSync(fd)
  }
}

function loadBuffer(path: string): number {
  const bytes = readFileSync(path)
  return ended(initModule(CALL.init, bytes, bytes.length, ''))
}

describe('a module', () => {
  test('whose digest is allowed is loaded, and no other', (t) => {
    if (!need(t)) return
    allowOnly(file!)
    assert.equal(load(file!), 0)
    allowOnly(join(import.meta.dirname, 'module.test.ts'))
    assert.equal(load(file!), EPERM)
  })

  test('that was changed by a byte is refused, though the kernel itself asks for no signature', (t) => {
    if (!need(t)) return
    const changed = join(folder, 'changed.ko')
    const bytes = readFileSync(file!)
    bytes[bytes.length - 1]! ^= 1 // the marker: what remains is a module without a signature
    writeFileSync(changed, bytes)
    allowOnly(file!)
    assert.equal(load(changed), EPERM)
    it.swap({})
    assert.equal(load(changed), 0)
  })

  test('is what its content is, wherever it lies', (t) => {
    if (!need(t)) return
    const copy = join(folder, 'copy.ko')
    copyFileSync(file!, copy)
    allowOnly(file!)
    assert.equal(load(copy), 0)
  })

  test('that was allowed and is written to afterwards is refused', (t) => {
    if (!need(t)) return
    const copy = join(folder, 'written.ko')
    copyFileSync(file!, copy)
    allowOnly(copy)
    assert.equal(load(copy), 0)
    const bytes = readFileSync(copy)
    bytes[bytes.length - 1]! ^= 1
    writeFileSync(copy, bytes)
    assert.equal(load(copy), EPERM)
  })

  test('out of a buffer has no file, so it is refused where what is not known is', (t) => {
    if (!need(t)) return
    allowOnly(file!)
    assert.equal(loadBuffer(file!), EPERM)
    it.swap({})
    assert.equal(loadBuffer(file!), 0)
  })
})
