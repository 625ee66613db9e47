import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { rpmDatabase } from './package-files.ts'
import { thisMachine } from './packages.ts'

const folder = mkdtempSync(join(tmpdir(), 'thymus-packages-here-'))
after(() => rmSync(folder, { recursive: true }))
mkdirSync(join(folder, 'usr/bin'), { recursive: true })
symlinkSync('usr/bin', join(folder, 'bin'))
writeFileSync(join(folder, 'usr/bin/env'), 'env')
symlinkSync('env', join(folder, 'usr/bin/link'))

test('links on the way to a file are followed, whether or not the file is there; where its folder is not, it has its usual names', () => {
  const { namesOf } = thisMachine()
  assert.deepEqual(namesOf(join(folder, 'bin/env')), [join(folder, 'usr/bin/env')])
  assert.deepEqual(namesOf(join(folder, 'bin/gone')), [join(folder, 'usr/bin/gone')])
  assert.deepEqual(namesOf('/lib/no such folder/x'), ['/lib/no such folder/x', '/usr/lib/no such folder/x'])
})

test('a file is hashed under its name without links; one that is not there, or is none, is undefined', () => {
  const { now } = thisMachine()
  const sha256 = hash('sha256', 'env')
  for (const algorithm of ['md5', 'sha1'] as const)
    assert.deepEqual(now!(join(folder, 'bin/link'), algorithm), {
      path: join(folder, 'usr/bin/env'),
      digest: hash(algorithm, 'env', 'buffer'),
      sha256,
    })
  for (const path of ['bin/gone', 'bin']) assert.equal(now!(join(folder, path), 'md5'), undefined)
})

test('of two databases, the one that rpm writes today is taken', () => {
  const [today, former] = [join(folder, 'sysimage'), join(folder, 'rpm')]
  for (const each of [today, former]) mkdirSync(each)
  assert.equal(rpmDatabase([today, former]), undefined)
  writeFileSync(join(former, 'Packages'), '')
  assert.equal(rpmDatabase([today, former]), join(former, 'Packages'))
  writeFileSync(join(former, 'rpmdb.sqlite'), '')
  assert.equal(rpmDatabase([today, former]), join(former, 'rpmdb.sqlite'))
  writeFileSync(join(today, 'Packages.db'), '')
  assert.equal(rpmDatabase([today, former]), join(today, 'Packages.db'))
})
