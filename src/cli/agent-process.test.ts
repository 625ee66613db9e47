import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { lockHolder } from './agent-process.ts'

test('who holds a lock is found by the kernel’s list, and nobody where it is free or not there', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'thymus-cli-lock-'))
  const file = join(folder, 'lock')
  t.after(() => rmSync(folder, { recursive: true }))
  assert.equal(lockHolder(file), undefined)
  writeFileSync(file, '')
  assert.equal(lockHolder(file), undefined)
  const holder = spawn('flock', ['--no-fork', file, 'sh', '-c', 'echo held; cat'], { stdio: ['pipe', 'pipe', 'inherit'] })
  holder.on('error', () => {})
  if (holder.pid === undefined) return t.skip('flock(1) is not installed')
  await new Promise((resolve) => holder.stdout.once('data', resolve))
  assert.equal(lockHolder(file), holder.pid)
  const { dev, ino } = statSync(file)
  const place = [dev >> 8, dev & 0xff].map((part) => part.toString(16)).join(':')
  assert.equal(lockHolder(file, `1: FLOCK ADVISORY WRITE 7 ${place}:${ino} 0 EOF`), dev < 0x10000 ? 7 : undefined)
  for (const pid of [0, -1]) assert.equal(lockHolder(file, `1: FLOCK ADVISORY WRITE ${pid} ${place}:${ino} 0 EOF`), undefined)
  assert.equal(lockHolder(file, '1: FLOCK  ADVISORY  WRITE 7 ff:ff:1 0 EOF\nnonsense\n'), undefined)
  const ended = new Promise((resolve) => holder.once('exit', resolve))
  holder.stdin.end()
  await ended
  assert.equal(lockHolder(file), undefined)
})
