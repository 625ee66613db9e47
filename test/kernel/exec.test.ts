// What may be executed, by path and by form, on whichever rung this kernel has: EPERM from execve (LSM), else SIGKILL before the new
// image's first instruction.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { decodeExecEvent, EVENT_TYPE, type ExecEvent, OUTCOME } from '../../src/adapters/linux/bpf/layout.gen.ts'
import { GATE_NUMBER } from '../../src/engine/rule-plane/tables.ts'
import { Instance, needKernel, pathRule, subject, whyNoKernel } from '../kit/instance.ts'

const EXEC = 1 << GATE_NUMBER.exec
const SLOT = 1
const TRUE = realpathSync('/bin/true')
const ECHO = realpathSync('/bin/echo')

let it: Instance
let group: string
let folder: string
let refuses: boolean

before(() => {
  if (whyNoKernel() !== undefined) return
  it = new Instance()
  group = it.group('w', SLOT)
  folder = mkdtempSync(join(tmpdir(), 'thymus-exec-'))
  refuses = it.kernel.has('on_check')
})
after(() => {
  it?.[Symbol.dispose]()
  if (folder) rmSync(folder, { recursive: true })
})

function execs(): ExecEvent[] {
  return it.drain('alerts', (view, bytes, at) =>
    view.getUint8(at + 22) === EVENT_TYPE.EVENT_EXEC ? decodeExecEvent(view, bytes, at) : undefined,
  )
}

/** Denied on this kernel's rung: refused where the LSM hook is in, else dead before its first instruction. */
function denied(result: { status: number | null; signal: string | null; stdout: string }): boolean {
  return result.stdout === '' && (refuses ? result.status === 126 : result.signal === 'SIGKILL')
}

/** What the dynamic linker loads for an image, and the linker itself. */
function librariesOf(image: string): string[] {
  return [...execFileSync('ldd', [image], { encoding: 'utf8' }).matchAll(/(\/\S+) \(0x/g)].map((match) => match[1]!)
}

describe('an exec rule', () => {
  test('denies one file and no other', (t) => {
    if (!needKernel(t)) return
    it.swap({ subjects: [subject(SLOT, EXEC)], paths: [pathRule(SLOT, ECHO, 'deny')] })
    assert.ok(denied(it.run(group, ECHO, 'words')))
    assert.equal(it.run(group, TRUE).status, 0)
    const seen = execs().find(({ path, ruling }) => path === ECHO && ruling.effect === 2)!
    assert.equal(seen.ruling.cookie, 7)
    assert.equal(seen.ruling.outcome, 1)
    assert.equal(seen.header.slot, SLOT)
  })

  test('allows what stands below a folder and denies the rest', (t) => {
    if (!needKernel(t)) return
    copyFileSync(ECHO, join(folder, 'stranger'))
    execFileSync('chmod', ['755', join(folder, 'stranger')])
    it.swap({ subjects: [subject(SLOT, EXEC)], paths: [pathRule(SLOT, '/usr/', 'allow'), pathRule(SLOT, '', 'deny', { rank: 0 })] })
    assert.equal(it.run(group, ECHO, 'words').stdout, 'words\n')
    assert.ok(denied(it.run(group, join(folder, 'stranger'), 'words')))
  })

  test('on trial lets it run, and says whether anybody wants to hear of it', (t) => {
    if (!needKernel(t)) return
    for (const [report, outcome] of [
      [false, 0],
      [true, OUTCOME.OUTCOME_REPORT],
    ] as const) {
      execs()
      it.swap({ subjects: [subject(SLOT, 0, EXEC)], paths: [pathRule(SLOT, ECHO, 'deny', { trial: true, cookie: 9, report })] })
      assert.equal(it.run(group, ECHO, 'words').stdout, 'words\n')
      const { ruling } = execs().find(({ path }) => path === ECHO)!
      assert.deepEqual([ruling.effect, ruling.trial_effect, ruling.trial_cookie, ruling.outcome], [0, 2, 9, outcome])
    }
  })

  test('says nothing about processes outside the workload', (t) => {
    if (!needKernel(t)) return
    it.swap({ subjects: [subject(SLOT, EXEC)], paths: [pathRule(SLOT, '', 'deny', { rank: 0 })] })
    assert.equal(execFileSync(ECHO, ['words'], { encoding: 'utf8' }), 'words\n')
  })

  test('holds in a group that was made below the workload’s', (t) => {
    if (!needKernel(t)) return
    it.swap({ subjects: [subject(SLOT, EXEC)], paths: [pathRule(SLOT, ECHO, 'deny')] })
    const nested = `${group}/a/b`
    execFileSync('mkdir', ['-p', nested])
    assert.ok(denied(it.run(nested, ECHO, 'words')))
  })

  test('means the path from the root of the namespace: chroot does not change it', (t) => {
    if (!needKernel(t)) return
    it.swap({ subjects: [subject(SLOT, EXEC)], paths: [pathRule(SLOT, '/usr/', 'allow'), pathRule(SLOT, '', 'deny', { rank: 0 })] })
    const root = join(folder, 'root')
    for (const file of [TRUE, ...librariesOf(TRUE)]) {
      execFileSync('mkdir', ['-p', join(root, dirname(file))])
      copyFileSync(file, join(root, file))
    }
    const result = it.run(group, realpathSync('/usr/sbin/chroot'), root, TRUE)
    assert.ok(denied(result), JSON.stringify(result))
  })
})

describe('an exec event', () => {
  test('tells who ran what, from where and with which words', (t) => {
    if (!needKernel(t)) return
    it.swap({})
    execs()
    it.run(group, '/bin/sh', '-c', `cd ${folder} && exec ${ECHO} one "two words"`)
    const seen = execs().find(({ path }) => path === ECHO)!
    assert.equal(seen.cwd, realpathSync(folder))
    assert.deepEqual(Buffer.from(seen.argv).toString('utf8', 0, seen.argv_bytes).split('\0'), [ECHO, 'one', 'two words', ''])
    assert.equal(seen.header.slot, SLOT)
    assert.equal(seen.links, 1)
    assert.equal(seen.task.uid, 0)
    assert.ok(seen.task.parent > 0 && seen.task.started > 0)
  })

  test('of a script names the script and its interpreter', (t) => {
    if (!needKernel(t)) return
    const script = join(folder, 'script')
    writeFileSync(script, '#!/bin/sh\necho ran\n', { mode: 0o755 })
    execs()
    assert.equal(it.run(group, script).stdout, 'ran\n')
    const seen = execs().find(({ name }) => name === script)!
    assert.equal(seen.path, realpathSync('/bin/sh'))
    assert.equal(seen.interp, '/bin/sh')
  })
})
