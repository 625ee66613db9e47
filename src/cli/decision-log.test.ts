import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { DecisionLines } from './decision-log.ts'

/** A log into a pipe, which is read only when it is asked for. */
function piped(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'thymus-decisions-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const pipe = join(folder, 'pipe')
  execFileSync('mkfifo', [pipe])
  const open = () => openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK)
  let reader = open()
  t.after(() => closeSync(reader))
  const buffer = Buffer.alloc(1 << 20)
  return {
    log: new DecisionLines(pipe),
    /** What is there to read now. */
    read: () => {
      let text = ''
      try {
        for (let length = -1; length !== 0; text += buffer.toString('latin1', 0, length)) length = readSync(reader, buffer)
      } catch (error) {
        assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN')
      }
      return text
    },
    leave: () => closeSync(reader),
    comeBack: () => {
      reader = open()
    },
  }
}

const line = (at: number) => String(at).padEnd(20_000, '.')
/** The number and length of each line; what follows the last line end is the last. */
const shapeOf = (text: string) => text.split('\n').map((each) => `${each.replace(/\.+$/, '')}:${each.length}`)
const never = () => assert.fail('a line is lost')

test('a slow reader gets every line whole, also those that wait when the log is closed', async (t) => {
  const { log, read } = piped(t)
  for (let at = 0; at < 20; at++) log.write(line(at), never)
  let text = read()
  for (const until = Date.now() + 10_000; text.length < 10 * 20_001 && Date.now() < until; text += read()) await sleep(10)
  log.write(line(20), never)
  const closed = log.close(10_000)
  let open = true
  closed.then(() => {
    open = false
  })
  while (open) {
    text += read()
    await sleep(10)
  }
  text += read()
  assert.deepEqual(shapeOf(text), [...Array.from({ length: 21 }, (_, at) => `${at}:20000`), ':0'])
})

test('what has no room is refused whole; what nobody reads is told as lost in the end', async (t) => {
  const { log, read } = piped(t)
  let [taken, lost] = [0, 0]
  const write = () => log.write(line(taken), () => lost++)
  assert.throws(() => {
    for (; taken < 1_000; taken++) write()
  }, /the decision log is read too slowly/)
  assert.ok(taken > (8 << 20) / 20_001 && taken < (9 << 20) / 20_001, String(taken))
  await log.close(20)
  const whole = read().split('\n').length - 1
  assert.equal(whole + lost, taken)
})

test('a line that was written in part is ended before the next', async (t) => {
  const { log, leave, comeBack, read } = piped(t)
  const errors: Error[] = []
  for (let at = 0; at < 5; at++) log.write(line(at), (error) => errors.push(error))
  leave()
  for (const until = Date.now() + 10_000; errors.length === 0 && Date.now() < until; ) await sleep(10)
  assert.deepEqual(
    errors.map((error) => (error as NodeJS.ErrnoException).code),
    ['EPIPE', 'EPIPE'],
  )
  assert.throws(() => log.write(line(5), never), { code: 'EPIPE' })
  comeBack()
  const before = read()
  log.write(line(6), never)
  log.write(line(7), never)
  const [, , , cut, ...after] = shapeOf(before + read())
  assert.match(cut!, /^3:\d{1,4}$/)
  assert.deepEqual(after, ['6:20000', '7:20000', ':0'])
  await log.close(0)
})

test('a file that cannot be opened is told by its name', () => {
  assert.throws(() => new DecisionLines('/nowhere/log'), { code: 'USAGE', at: '/nowhere/log' })
})
