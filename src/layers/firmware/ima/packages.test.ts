import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { test } from 'node:test'
import { policyFromPackages, readMd5sums } from './packages.ts'

const CONTENTS: Readonly<Record<string, string>> = { '/usr/bin/env': 'env', '/usr/bin/sh': 'evil' }
const now = (path: string) => {
  const real = path.replace(/^\/bin/, '/usr/bin')
  const content = CONTENTS[real]
  return content === undefined ? undefined : { path: real, md5: hash('md5', content), sha256: hash('sha256', content) }
}

test('a file is known by its SHA-256 where its MD5 is still that of its package, under its name without links', () => {
  const packages = [
    readMd5sums('coreutils', `${hash('md5', 'env')}  bin/env\n${hash('md5', 'gone')}  usr/bin/gone file\n`),
    readMd5sums('dash', `${hash('md5', 'sh')}  bin/sh\n`),
  ]
  const { policy, changed, missing } = policyFromPackages(packages, now)
  assert.deepEqual([...policy.files], [['/usr/bin/env', new Set([hash('sha256', 'env')])]])
  assert.deepEqual(changed, ['dash: /bin/sh'])
  assert.deepEqual(missing, ['coreutils: /usr/bin/gone file'])
})

test('a line that is none is named', () => {
  for (const line of ['x', `${'a'.repeat(31)}  bin/a`, `${'a'.repeat(32)} bin/a`])
    assert.throws(() => readMd5sums('dash', `\n${line}`), { code: 'REFERENCE', at: 'dash:1' })
})
