import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { SmallDisk } from '../../../test/kit/small-disk.ts'
import { DAY, LIMITS, MIB } from '../../core/limits.ts'
import { HEADER_BYTES, recordSize } from './segment-file.ts'
import type { Position, SegmentOptions } from './segments.ts'
import { Segments } from './segments.ts'

const NOW = Date.UTC(2026, 0, 2)
const LAYOUT = createHash('sha256').update('layout one').digest()
const OTHER_LAYOUT = createHash('sha256').update('layout two').digest()
const SMALL = { segment: 1024, segments: 64 * MIB, segmentsFor: 7 * DAY } as unknown as NonNullable<SegmentOptions['limits']>

function newFolder(t: TestContext): string {
  const home = mkdtempSync(join(tmpdir(), 'thymus-test-segments-'))
  t.after(() => rmSync(home, { recursive: true }))
  return join(home, 'events')
}

function opened(t: TestContext, folder: string, options: Partial<SegmentOptions> = {}): Segments {
  const segments = new Segments(folder, { layout: LAYOUT, now: () => NOW, ...options })
  t.after(() => segments.close())
  return segments
}

const event = (number: number, size = 20 + (number % 50)) => Buffer.alloc(size, `event ${number} `)
const events = (count: number, from = 0) => Array.from({ length: count }, (_, at) => event(from + at))
const fileOf = (folder: string, number = 1) => join(folder, `${String(number).padStart(12, '0')}.events`)

function contents(segments: Segments, from?: Position): string[] {
  return [...segments.read(from)].map((each) =>
    each.is === 'record' ? each.bytes.toString() : `damaged at ${each.at.segment}:${each.at.offset}`,
  )
}
const texts = (records: readonly Buffer[]) => records.map((record) => record.toString())

describe('raw events', () => {
  test('come back as they were, in their order, however they were batched and however often the folder was opened', (t) => {
    const batches = fc.array(fc.array(fc.uint8Array({ minLength: 1, maxLength: 2_000 }), { maxLength: 8 }), { maxLength: 6 })
    fc.assert(
      fc.property(batches, (all) => {
        const folder = newFolder(t)
        for (const batch of all) {
          const segments = opened(t, folder, { limits: SMALL })
          assert.equal(segments.append(batch), true)
          segments.close()
        }
        const read = [...opened(t, folder, { limits: SMALL }).read()].map((each) => (each.is === 'record' ? Buffer.from(each.bytes) : each))
        assert.deepEqual(
          read,
          all.flat().map((bytes) => Buffer.from(bytes)),
        )
      }),
      { numRuns: 50 },
    )
  })

  test('are read from a position on, and past the size of one read', (t) => {
    const segments = opened(t, newFolder(t))
    const many = Array.from({ length: 3_000 }, (_, at) => event(at, 1_600))
    segments.append(many.slice(0, 1_000))
    const middle = segments.end
    segments.append(many.slice(1_000))
    assert.deepEqual(contents(segments), texts(many))
    assert.deepEqual(contents(segments, middle), texts(many.slice(1_000)))
    const [first] = [...segments.read(middle)]
    assert.deepEqual(first?.is === 'record' && [...segments.read(first.next)].length, 1_999)
  })

  test('are for their owner alone, and say by which layout they are to be decoded', (t) => {
    const folder = newFolder(t)
    const first = opened(t, folder)
    first.append([event(1)])
    first.close()
    const second = opened(t, folder, { layout: OTHER_LAYOUT })
    second.append([event(2)])
    assert.deepEqual([statSync(folder).mode & 0o777, statSync(fileOf(folder)).mode & 0o777], [0o700, 0o600])
    assert.deepEqual(
      [...second.read()].map((each) => each.is === 'record' && [each.at.segment, each.layout]),
      [
        [1, LAYOUT],
        [2, OTHER_LAYOUT],
      ],
    )
  })

  test('of a size that no event has are refused', (t) => {
    const segments = opened(t, newFolder(t))
    for (const size of [0, LIMITS.record + 1]) assert.throws(() => segments.append([Buffer.alloc(size)]), { code: 'INTERNAL' })
    assert.equal(segments.append([Buffer.alloc(LIMITS.record, 1)]), true)
  })
})

describe('retention', () => {
  test('the oldest segments go when all together are too much; what is left is read without a gap', (t) => {
    const folder = newFolder(t)
    const segments = opened(t, folder, { limits: { ...SMALL, segments: 5 * 1024 } as never })
    for (let at = 0; at < 400; at++) segments.append([event(at)])
    const total = readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
    assert.ok(total <= 5 * 1024 + 2 * 1024, `${total} bytes`)
    const left = contents(segments)
    assert.ok(left.length > 50)
    assert.deepEqual(left, texts(events(400)).slice(-left.length))
    assert.deepEqual(contents(segments, { segment: 1, offset: 64 }), left, 'a reader whose place has gone begins with the oldest')
  })

  test('a segment goes when all of it is too old, the newest never', (t) => {
    const folder = newFolder(t)
    let now = NOW
    const segments = opened(t, folder, { now: () => now, limits: SMALL })
    segments.append(events(40))
    now += DAY
    segments.append(events(40, 40))
    now += 7 * DAY - 1
    segments.retain()
    assert.equal(readdirSync(folder).length, 2)
    now += 2
    segments.retain()
    assert.deepEqual(contents(segments), texts(events(40, 40)))
    now += 100 * DAY
    segments.retain()
    assert.equal(readdirSync(folder).length, 1)
  })

  test('a reader that is under way while its segment goes is not disturbed', (t) => {
    const folder = newFolder(t)
    const segments = opened(t, folder, { limits: SMALL })
    for (let at = 0; at < 4; at++) segments.append(events(40, 40 * at))
    const reader = segments.read()
    reader.next()
    rmSync(fileOf(folder, 1))
    rmSync(fileOf(folder, 2))
    assert.deepEqual([...reader].length, 39 + 80)
  })
})

describe('a killed writer', () => {
  test('cut at every byte, the file holds every whole record before the cut, and goes on from there', (t) => {
    const folder = newFolder(t)
    const first = opened(t, folder)
    const records = events(12)
    first.append(records)
    first.close()
    const whole = readFileSync(fileOf(folder))
    const ends = [HEADER_BYTES]
    for (const record of records) ends.push(ends.at(-1)! + recordSize(record))
    assert.equal(whole.length, ends.at(-1))
    for (let cut = 0; cut <= whole.length; cut++) {
      const copy = `${folder}-${cut}`
      mkdirSync(copy)
      writeFileSync(fileOf(copy), whole.subarray(0, cut))
      const segments = new Segments(copy, { layout: LAYOUT, now: () => NOW })
      const kept = Math.max(0, ends.filter((end) => end <= cut).length - 1)
      assert.deepEqual(segments.notices, [])
      segments.append([event(99)])
      assert.deepEqual(contents(segments), texts([...records.slice(0, kept), event(99)]), `cut at ${cut}`)
      segments.close()
      rmSync(copy, { recursive: true })
    }
  })

  test('what stands behind the stored position is cut off, since the ring gives it again', (t) => {
    const folder = newFolder(t)
    const first = opened(t, folder, { limits: SMALL })
    first.append(events(10))
    const stored = first.end
    for (let at = 0; at < 5; at++) first.append(events(30, 100 + 30 * at))
    assert.ok(first.end.segment > stored.segment)
    first.close()
    const next = opened(t, folder, { limits: SMALL, end: stored })
    assert.deepEqual([next.end, next.notices], [stored, []])
    next.append(events(1, 10))
    assert.deepEqual(contents(next), texts(events(11)))
    next.close()
    assert.deepEqual(contents(opened(t, folder)), texts(events(11)), 'nothing of it is left in the file')
  })

  test('after kill -9 at any moment there are whole records from the first on, none twice and none missing', async (t) => {
    const folder = newFolder(t)
    const writer = `
      import { Segments } from ${JSON.stringify(new URL('./segments.ts', import.meta.url).href)}
      const segments = new Segments(${JSON.stringify(folder)}, { layout: Buffer.alloc(32), now: Date.now, limits: { segment: 200_000, segments: 1e12, segmentsFor: 1e12 } })
      let at = [...segments.read()].length
      for (;;) {
        segments.append(Array.from({ length: 100 }, () => Buffer.from('event ' + at++)))
        if (at % 2000 === 0) process.stdout.write('.')
      }`
    let former = 0
    for (let round = 0; round < 3; round++) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', writer], { stdio: ['ignore', 'pipe', 'inherit'] })
      await once(child.stdout, 'data')
      await new Promise((resolve) => setTimeout(resolve, 15 * round))
      child.kill('SIGKILL')
      await once(child, 'exit')
      const segments = opened(t, folder, { layout: Buffer.alloc(32) })
      const found = contents(segments)
      assert.ok(found.length > former)
      assert.deepEqual(
        found,
        Array.from(found, (_, at) => `event ${at}`),
      )
      segments.close()
      former = found.length
    }
  })
})

describe('damage is told, never read as an event, and never made worse', () => {
  test('a flipped byte anywhere is found; what stands before it is read, and the file is kept', (t) => {
    const folder = newFolder(t)
    const first = opened(t, folder)
    first.append(events(12))
    first.close()
    const whole = readFileSync(fileOf(folder))
    let found = 0
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, bits) => {
        const copy = `${folder}-copy`
        rmSync(copy, { recursive: true, force: true })
        cpSync(folder, copy, { recursive: true })
        const bytes = Buffer.from(whole)
        bytes[at]! ^= bits
        writeFileSync(fileOf(copy), bytes)
        const segments = new Segments(copy, { layout: LAYOUT, now: () => NOW })
        segments.append([event(99)])
        const read = contents(segments)
        const good = read.filter((text) => !text.startsWith('damaged'))
        assert.deepEqual(good, texts([...events(good.length - 1), event(99)]))
        assert.ok(good.length <= 12)
        // A length that is too large by little looks like a record that was cut short; any other damage is told.
        if (segments.notices.length > 0) {
          found++
          assert.equal(segments.notices[0]!.code, 'STATE_EVENTS')
          assert.deepEqual(readFileSync(fileOf(copy)), bytes)
          assert.equal(read.length, good.length + 1)
        }
        segments.close()
      }),
      { numRuns: 300 },
    )
    assert.ok(found > 200, `${found} of 300`)
  })

  test('zeros at the end, as a loss of power leaves them, are no records', (t) => {
    const folder = newFolder(t)
    const first = opened(t, folder)
    first.append(events(3))
    first.close()
    truncateSync(fileOf(folder), statSync(fileOf(folder)).size + 4096)
    const segments = opened(t, folder)
    segments.append([event(3)])
    assert.deepEqual(
      contents(segments).filter((text) => !text.startsWith('damaged')),
      texts(events(4)),
    )
  })

  test('events that are accounted for but gone are told, and no position is given out twice', (t) => {
    const folder = newFolder(t)
    const first = opened(t, folder)
    first.append(events(10))
    const stored = first.end
    first.close()
    truncateSync(fileOf(folder), 200)
    const segments = opened(t, folder, { end: stored })
    assert.match(segments.notices[0]!.text, /are gone: they ended at byte \d+ of segment 1, and end at byte \d+ of segment 1$/)
    segments.append([event(50)])
    assert.deepEqual(contents(segments, stored), texts([event(50)]))
  })
})

describe('a full disk', () => {
  test('costs the batch, which is counted; the file stays whole, is read, and grows again when there is room', (t) => {
    const disk = SmallDisk.mount(t, MIB)
    if (disk === undefined) return
    const folder = join(disk.folder, 'events')
    const segments = opened(t, folder)
    segments.append(events(5))
    const before = segments.end
    disk.fill()
    assert.equal(segments.append([event(7, 60_000), event(8, 60_000)]), false)
    assert.deepEqual([segments.lost, segments.end, statSync(fileOf(folder)).size], [2, before, before.offset])
    assert.deepEqual(contents(segments), texts(events(5)))
    disk.free()
    assert.equal(segments.append(events(5, 5)), true)
    assert.deepEqual(contents(segments), texts(events(10)))
  })

  test('a segment that cannot be begun is not there', (t) => {
    const disk = SmallDisk.mount(t, MIB)
    if (disk === undefined) return
    const folder = join(disk.folder, 'events')
    const segments = opened(t, folder)
    disk.fill()
    assert.equal(segments.append(events(3)), false)
    assert.deepEqual([readdirSync(folder), segments.lost], [[], 3])
    disk.free()
    segments.append(events(3))
    assert.deepEqual(contents(segments), texts(events(3)))
  })
})
