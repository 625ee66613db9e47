import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { viewFor } from './mind-view.ts'

let folder: string
let checkout: string
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'thymus-view-'))
  checkout = join(folder, 'thymus')
  mkdirSync(join(checkout, 'src/agent'), { recursive: true })
  writeFileSync(join(checkout, 'src/agent/mind.ts'), '', { mode: 0o644 })
})
after(() => rmSync(folder, { recursive: true }))

const command = () => ['/usr/bin/node', `${checkout}/src/agent/mind.ts`, `{"readable":["${checkout}/"]}`]

test('where every folder is open, the mind starts where the program is', () => {
  chmodSync(folder, 0o755)
  assert.deepEqual(viewFor(65_530, command(), '/run/x', checkout), { command: command(), user: 65_530 })
})

test('below a closed folder it gets a view of its own, and every path in its command is of that view', () => {
  chmodSync(folder, 0o700)
  const { command: words, user } = viewFor(65_530, command(), '/run/x', checkout)
  assert.equal(user, undefined)
  assert.equal(words[0], 'unshare')
  assert.deepEqual(words.slice(-3), ['/usr/bin/node', '/run/x/src/agent/mind.ts', '{"readable":["/run/x/"]}'])
})

test('files that others may not read are named, and what to do', () => {
  chmodSync(folder, 0o755)
  chmodSync(join(checkout, 'src/agent/mind.ts'), 0o600)
  assert.throws(() => viewFor(65_530, command(), '/run/x', checkout), { code: 'PRIVILEGE', at: checkout })
})
