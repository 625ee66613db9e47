import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { needReach } from './reach.ts'

const NOBODY = 65_534

test('the first folder on the way that a user may not enter is named, with what opens it', (t) => {
  if (process.getuid!() !== 0) return t.skip('only root can be another user')
  const folder = mkdtempSync(join(tmpdir(), 'thymus-reach-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const [middle, inner] = [join(folder, "a b'$(c)"), join(folder, "a b'$(c)", 'inner')]
  mkdirSync(inner, { recursive: true })
  const closed = (at: string) => ({ code: 'AGENT_CLOSED', at, message: new RegExp(`may not enter .*chmod o\\+x ${RegExp.escape(at)}`) })
  for (const each of [folder, middle, inner]) {
    for (const open of [folder, middle, inner]) chmodSync(open, 0o755)
    needReach(inner, NOBODY)
    chmodSync(each, 0o700)
    assert.throws(() => needReach(inner, NOBODY), closed(each))
    needReach(inner, 0)
  }
})
