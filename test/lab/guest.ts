// The part of lab.test.ts that runs in the guest: what a test may rely on in there.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { closeSync, copyFileSync, openSync, readFileSync, readSync, writeSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import type { Link } from '../../src/adapters/linux/bpf/link.ts'
import { KernelObject } from '../../src/adapters/linux/bpf/object.ts'

const OBJECT = `${import.meta.dirname}/../../.cache/lab/deny.bpf.o`

describe('the kernel', () => {
  test('has the security modules that enforcement needs', () => {
    const modules = readFileSync('/sys/kernel/security/lsm', 'utf8').trim().split(',')
    for (const name of ['bpf', 'landlock', 'lockdown', 'yama']) assert.ok(modules.includes(name), `${name} in ${modules}`)
  })

  test('has the file systems of the kernel, and control groups of version 2 alone', () => {
    const mounts = readFileSync('/proc/mounts', 'utf8').trimEnd().split('\n')
    const types = new Map(mounts.map((line) => line.split(' ').slice(1, 3) as [string, string]))
    assert.equal(types.get('/sys/fs/cgroup'), 'cgroup2')
    assert.equal(types.get('/sys/fs/bpf'), 'bpf')
    assert.equal(types.get('/sys/kernel/security'), 'securityfs')
    assert.equal(types.get('/sys/kernel/tracing'), 'tracefs')
    assert.equal([...types.values()].includes('cgroup'), false)
  })

  test('loads a module when one is needed', () => {
    execFileSync('ip', ['link', 'add', 'lab0', 'type', 'veth', 'peer', 'name', 'lab1'])
    assert.match(readFileSync('/proc/modules', 'utf8'), /^veth /m)
  })
})

describe('BPF programs', () => {
  let object: KernelObject
  let links: Link[]

  before(() => {
    copyFileSync('/bin/true', '/lab-denied')
    copyFileSync('/bin/true', '/lab-allowed')
    object = KernelObject.open(OBJECT).load()
    links = object.programs().map((name) => object.attach(name))
  })
  after(() => {
    for (const link of links) link.close()
    object.close()
  })

  test('of the LSM kind refuse an exec with EPERM', () => {
    assert.equal((spawnSync('/lab-denied').error as NodeJS.ErrnoException | undefined)?.code, 'EPERM')
    assert.equal(spawnSync('/lab-allowed').status, 0)
  })

  test('of the fentry kind are called', () => {
    const checks = () => object.map('checks').lookup(Buffer.alloc(4))!.readBigUInt64LE()
    const before = checks()
    spawnSync('/lab-allowed')
    assert.equal(checks(), before + 1n)
  })
})

test('the TPM answers', () => {
  const getRandom = Buffer.from(`8001${'0000000c'}${'0000017b'}${'0008'}`, 'hex') // TPM 2.0 Part 3, 16.1: TPM2_GetRandom of 8 bytes
  const answer = Buffer.alloc(64)
  const tpm = openSync('/dev/tpmrm0', 'r+')
  writeSync(tpm, getRandom)
  const length = readSync(tpm, answer)
  closeSync(tpm)
  assert.equal(length, 10 + 2 + 8)
  assert.equal(answer.readUInt32BE(6), 0)
})

test('tests fail in here rather than skip', () => {
  assert.equal(process.env.REQUIRE_KERNEL, '1')
})
