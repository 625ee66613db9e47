import assert from 'node:assert/strict'
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, type TestContext, test } from 'node:test'
import { SmallDisk } from '../../../test/kit/small-disk.ts'
import type { Reason } from '../../core/verdict.ts'
import { Database } from './database.ts'

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5)

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'thymus-test-state-'))
  t.after(() => rmSync(path, { recursive: true }))
  return path
}

function opened(t: TestContext, path: string, notices: Reason[] = []): Database {
  const database = new Database(path, { now: () => NOW, onReplaced: (notice) => notices.push(notice) })
  t.after(() => database.close())
  return database
}

const put = (database: Database, name: string, value = '1') => database.run('INSERT OR REPLACE INTO settings VALUES (?, ?)', name, value)
const names = (database: Database) => database.all('SELECT name FROM settings ORDER BY name').map(({ name }) => name)

describe('a database', () => {
  test('is there again after closing, for its owner alone to read', (t) => {
    const path = join(folder(t), 'state.db')
    const first = opened(t, path)
    put(first, 'kept')
    assert.equal(statSync(path).mode & 0o777, 0o600)
    assert.equal(statSync(`${path}-wal`).mode & 0o777, 0o600)
    first.close()
    assert.deepEqual(names(opened(t, path)), ['kept'])
  })

  test('takes all of a transaction or nothing', (t) => {
    const database = opened(t, join(folder(t), 'state.db'))
    const fails = () =>
      database.transaction(() => {
        put(database, 'half')
        throw new Error('stop')
      })
    assert.throws(fails, /stop/)
    assert.deepEqual(names(database), [])
  })

  test('keeps foreign keys', (t) => {
    const database = opened(t, join(folder(t), 'state.db'))
    assert.throws(() => database.run("INSERT INTO policies VALUES (0, 'a', 'f', 99, NULL, 0, 0, '{}')"), /FOREIGN KEY/)
  })

  test('has one owner: a second one is told, and the first goes on', (t) => {
    const path = join(folder(t), 'state.db')
    const first = opened(t, path)
    assert.throws(() => opened(t, path), { code: 'AGENT_SECOND', at: path })
    put(first, 'still mine')
    assert.deepEqual(names(first), ['still mine'])
  })

  test('of a later version is refused and left as it is', (t) => {
    const path = join(folder(t), 'state.db')
    opened(t, path).close()
    const later = new DatabaseSync(path)
    later.exec('PRAGMA user_version = 99')
    later.close()
    const before = readFileSync(path)
    assert.throws(() => opened(t, path), { code: 'STATE_NEWER', message: 'the database has version 99, this program knows 1' })
    assert.deepEqual(readFileSync(path), before)
  })
})

describe('a damaged database is set aside, an empty one begun, and nothing is lost', () => {
  const damages: Readonly<Record<string, (path: string) => void>> = {
    'text instead of a database': (path) => writeFileSync(path, 'policies: none\n'.repeat(500)),
    'one that was cut short': (path) => truncateSync(path, 4096 * 3 + 100),
    'one with a page of garbage': (path) => scribble(path, 4096 * 2),
    'a database of somebody else': (path) => {
      rmSync(path)
      const other = new DatabaseSync(path)
      other.exec('CREATE TABLE bookmarks (url TEXT)')
      other.close()
    },
  }
  for (const [what, damage] of Object.entries(damages)) {
    test(what, (t) => {
      const path = join(folder(t), 'state.db')
      const notices: Reason[] = []
      opened(t, path).close()
      damage(path)
      const held = readFileSync(path)
      const database = opened(t, path, notices)
      const aside = `${path}.corrupt-20260102T030405Z`
      assert.deepEqual(readFileSync(aside), held)
      assert.equal(notices[0]?.code, 'STATE_CORRUPT')
      assert.ok(notices[0].text.includes(aside), notices[0].text)
      put(database, 'new')
      assert.deepEqual(names(database), ['new'])
    })
  }

  test('what stood in its log is in what was set aside', (t) => {
    const path = join(folder(t), 'state.db')
    opened(t, path).close()
    const killed = opened(t, path)
    put(killed, 'in the log')
    copyFileSync(`${path}-wal`, `${path}-kept`)
    killed.close()
    copyFileSync(`${path}-kept`, `${path}-wal`)
    scribble(path, 4096 * 6) // not a page that the log replaces
    const notices: Reason[] = []
    opened(t, path, notices)
    assert.equal(notices[0]?.code, 'STATE_CORRUPT')
    const aside = ['', '-wal'].map((end) => `${path}.corrupt-20260102T030405Z${end}`).filter((file) => existsSync(file))
    assert.ok(aside.some((file) => readFileSync(file).includes('in the log')))
  })

  test('a second one in the same second does not replace the first', (t) => {
    const home = folder(t)
    const path = join(home, 'state.db')
    for (const what of ['first', 'second']) {
      writeFileSync(path, what.repeat(1000))
      opened(t, path).close()
    }
    const aside = readdirSync(home).filter((name) => name.includes('corrupt'))
    assert.deepEqual(
      aside.map((name) => readFileSync(join(home, name), 'utf8').slice(0, 5)),
      ['first', 'secon'],
    )
  })

  test('damage that shows while it is in use: the write that met it is done in the new one', (t) => {
    const path = join(folder(t), 'state.db')
    const notices: Reason[] = []
    const database = opened(t, path, notices)
    database.transaction(() => {
      for (let at = 0; at < 2_000; at++) put(database, `setting ${at}`, 'x'.repeat(4_000)) // far more than the page cache holds
    })
    database.all('PRAGMA wal_checkpoint(TRUNCATE)')
    const size = statSync(path).size
    scribble(path, 4096, size)
    database.transaction(() => put(database, 'after', 'y'))
    assert.equal(notices.length, 1)
    assert.deepEqual(names(database), ['after'])
    assert.equal(statSync(`${path}.corrupt-20260102T030405Z`).size, size)
  })
})

describe('a full disk', () => {
  test('refuses the write whole, goes on reading, and takes writes again when there is room', (t) => {
    const disk = SmallDisk.mount(t, 2 << 20)
    if (disk === undefined) return
    const database = opened(t, join(disk.folder, 'state.db'))
    put(database, 'before')
    disk.fill()
    const write = () =>
      database.transaction(() => {
        put(database, 'small')
        put(database, 'large', 'x'.repeat(1 << 20))
      })
    assert.throws(write, { code: 'STATE_FULL' })
    assert.deepEqual(names(database), ['before'])
    disk.free()
    put(database, 'after')
    assert.deepEqual(names(database), ['after', 'before'])
  })

  test('a database that a killed agent left is opened and read without one free block', (t) => {
    const disk = SmallDisk.mount(t, 2 << 20)
    if (disk === undefined) return
    const path = join(disk.folder, 'state.db')
    const first = opened(t, path)
    put(first, 'before')
    for (const end of ['', '-wal']) copyFileSync(path + end, `${path}2${end}`) // what a kill leaves: a log that was not folded in
    disk.fill()
    const database = opened(t, `${path}2`)
    assert.deepEqual(names(database), ['before'])
    assert.throws(() => database.transaction(() => put(database, 'large', 'x'.repeat(1 << 20))), { code: 'STATE_FULL' })
    disk.free()
    put(database, 'after')
    assert.deepEqual(names(database), ['after', 'before'])
  })

  test('a damaged one is set aside with the log that there was no room to fold in', (t) => {
    const disk = SmallDisk.mount(t, 2 << 20)
    if (disk === undefined) return
    const path = join(disk.folder, 'state.db')
    opened(t, path).close()
    const killed = opened(t, path)
    put(killed, 'in the log', 'x'.repeat(200_000))
    copyFileSync(`${path}-wal`, `${path}-kept`)
    killed.close()
    copyFileSync(`${path}-kept`, `${path}-wal`)
    truncateSync(path, 4096 * 12)
    scribble(path, 4096 * 6)
    disk.fill()
    assert.throws(() => opened(t, path), { code: 'STATE_FULL' })
    assert.ok(readFileSync(`${path}.corrupt-20260102T030405Z-wal`).includes('in the log'))
    disk.free()
    assert.deepEqual(names(opened(t, path)), [])
  })

  test('where there is no room to begin, that is said, and nothing is set aside', (t) => {
    const disk = SmallDisk.mount(t, 256 << 10)
    if (disk === undefined) return
    disk.fill()
    const path = join(disk.folder, 'state.db')
    assert.throws(() => opened(t, path), { code: 'STATE_FULL', at: path })
    assert.deepEqual(
      readdirSync(disk.folder).filter((name) => name.includes('corrupt')),
      [],
    )
    disk.free()
    assert.deepEqual(names(opened(t, path)), [])
    assert.ok(existsSync(path))
  })
})

function scribble(path: string, at: number, end = at + 4096): void {
  const bytes = readFileSync(path)
  bytes.fill(0xa5, at, end)
  writeFileSync(path, bytes)
}
