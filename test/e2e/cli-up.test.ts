// How an agent starts and what it leaves: what is in its way is told before anything is begun, and a purge leaves nothing.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { unifiedMount } from '../../src/adapters/linux/groups.ts'
import { placesOf } from '../../src/agent/places.ts'
import { lockHolder } from '../../src/cli/agent-process.ts'
import { ended, PROGRAM, thymus } from '../kit/cli.ts'
import { AS_NOBODY, NOBODY } from '../kit/confined.ts'
import { needKernel } from '../kit/need-kernel.ts'

describe('an agent that cannot start', () => {
  test('says why, and leaves no process behind', async (t) => {
    if (!needKernel(t)) return
    const { folder, env, places } = instanceOf(t, 0o755)
    mkdirSync(places.state, { recursive: true })
    const later = new DatabaseSync(join(places.state, 'thymus.db'))
    later.exec('PRAGMA user_version = 9999')
    later.close()
    for (const name of ['state', 'state/thymus.db']) chownSync(join(folder, name), places.user, places.user)
    const { status, stderr } = await thymus(['up'], { env })
    assert.equal(status, 1)
    assert.match(stderr, /^thymus: AGENT_DOWN: the mind ends as soon as it starts: STATE_NEWER: [^\n]*\n$/)
    while (lockHolder(places.lock) !== undefined) await sleep(20)
    assert.equal((await thymus(['down', '--purge'], { env })).status, 0)
    assert.deepEqual(readdirSync(folder), [], 'something is left')
  })

  test('because its folder is closed names that folder and what opens it, before anything is begun', async (t) => {
    if (!needKernel(t)) return
    const { folder, env, places } = instanceOf(t, 0o700)
    const { status, stdout, stderr } = await thymus(['up'], { env })
    assert.deepEqual([status, stdout], [1, ''])
    assert.match(stderr, new RegExp(`^thymus: AGENT_CLOSED: [^\\n]*chmod o\\+x ${folder},[^\\n]* \\(at ${folder}\\)\\n$`))
    assert.ok(!existsSync(dirname(places.pins!)) && !existsSync(places.groups!), 'something was begun')
    assert.equal((await thymus(['down', '--purge'], { env })).status, 0)
    assert.deepEqual(readdirSync(folder), [], 'something is left')
    chmodSync(folder, 0o755)
    assert.equal((await thymus(['up'], { env })).status, 0)
  })
})

test('root may be careful with what it makes (umask 077), and the agent starts all the same', async (t) => {
  if (!needKernel(t)) return
  const { folder, env } = instanceOf(t, 0o755)
  const started = await ended(
    spawn('sh', ['-c', 'umask 077; exec "$0" up', PROGRAM], { env: { ...env, THYMUS_HOME: join(folder, 'made') } }),
  )
  assert.equal(started.status, 0, started.stderr)
  assert.equal((await thymus(['down', '--purge'], { env: { ...env, THYMUS_HOME: join(folder, 'made') } })).status, 0)
})

test('down --purge removes what bin/thymus kept compiled for the user, and nobody else’s', async (t) => {
  if (!needKernel(t)) return
  const { folder, env } = instanceOf(t, 0o755)
  const own = { ...env, XDG_CACHE_HOME: join(folder, 'cache') }
  assert.equal((await thymus(['--version'], { env: own })).status, 0)
  assert.ok(existsSync(join(folder, 'cache/thymus')))
  assert.equal((await thymus(['down', '--purge'], { env: own })).status, 0)
  assert.deepEqual(readdirSync(join(folder, 'cache')), [])

  mkdirSync(join(folder, 'cache/thymus'))
  chownSync(join(folder, 'cache/thymus'), NOBODY, NOBODY)
  assert.equal((await thymus(['down', '--purge'], { env: own })).status, 0)
  assert.deepEqual(readdirSync(join(folder, 'cache')), ['thymus'])
})

test('down --purge of an ordinary user leaves no folder behind, and a thymus on the PATH that root put there', async (t) => {
  const [home, cache] = [mkdtempSync(join(tmpdir(), 'thymus-user-')), mkdtempSync(join(tmpdir(), 'thymus-cache-'))]
  for (const folder of [home, cache]) {
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    if (process.getuid!() === 0) chownSync(folder, NOBODY, NOBODY)
  }
  const [state, bin] = [join(home, 'state'), join(home, '.local/bin')]
  mkdirSync(bin, { recursive: true })
  symlinkSync(PROGRAM, join(bin, 'thymus'))
  const { THYMUS_HOME: _, ...rest } = process.env
  const env = { ...rest, HOME: home, XDG_STATE_HOME: state, XDG_CACHE_HOME: cache, LC_ALL: 'C.UTF-8' }
  const run = (...args: string[]) => {
    const [file, ...words] = [...AS_NOBODY, PROGRAM, ...args]
    return ended(spawn(file!, words, { stdio: ['ignore', 'pipe', 'pipe'], env }))
  }
  assert.equal((await run('up')).status, 0)
  assert.deepEqual(readdirSync(state), ['thymus'])
  assert.equal((await run('down', '--purge')).status, 0)
  assert.deepEqual(readdirSync(state), [])
  assert.deepEqual(readdirSync(bin), process.getuid!() === 0 ? ['thymus'] : [])
})

/** An instance of the test's own, below a folder with this mode; it is purged when the test ends. */
function instanceOf(t: TestContext, mode: number) {
  const folder = mkdtempSync(join(tmpdir(), 'thymus-cli-'))
  chmodSync(folder, mode)
  const env = { ...process.env, THYMUS_HOME: folder }
  t.after(async () => {
    await thymus(['down', '--purge'], { env })
    rmSync(folder, { recursive: true })
  })
  return { folder, env, places: placesOf({ uid: 0, env, unified: unifiedMount(), checkout: '/nonexistent', writable: () => true }) }
}
