import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Together } from './together.ts'

/** Three pieces of work that take so long each, and what was done in which order. */
async function doneBy(milliseconds: number): Promise<readonly string[]> {
  let now = 0
  const done: string[] = []
  const together = new Together(() => now)
  const work = async (name: string) => {
    const told = await together.run(() => {
      now += milliseconds
      done.push(`judges ${name}`)
      return name
    })
    done.push(`tells ${told}`)
  }
  const all = Promise.all(['a', 'b', 'c'].map(work))
  done.push('reads')
  await all
  return done
}

test('what was read together is judged together, and then told', async () => {
  assert.deepEqual(await doneBy(0.1), ['reads', 'judges a', 'judges b', 'judges c', 'tells a', 'tells b', 'tells c'])
})

test('who takes long makes nobody wait for an answer that is there', async () => {
  assert.deepEqual(await doneBy(0.6), ['reads', 'judges a', 'judges b', 'tells a', 'tells b', 'judges c', 'tells c'])
  assert.deepEqual(await doneBy(5), ['reads', 'judges a', 'tells a', 'judges b', 'tells b', 'judges c', 'tells c'])
})

test('work that comes while other work is done has its turn, and one that throws keeps nobody from theirs', async () => {
  const together = new Together()
  const later: Promise<string>[] = []
  const first = together.run(() => {
    later.push(together.run(() => 'later'))
    throw new Error('no')
  })
  const second = together.run(async () => 'second')
  await assert.rejects(first, /no/)
  assert.deepEqual([await second, await later[0]!], ['second', 'later'])
})
