import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ThymusError } from '../../src/core/errors.ts'
import { Random } from '../kit/random.ts'
import { type ByteTarget, Corpus } from './bytes.ts'

const SECRET = [0x7f, 0x45, 0x4c]

/** A parser that says how far it came, and fails behind three checks of a byte each. */
const guarded: ByteTarget = {
  seeds: () => [Buffer.alloc(4)],
  read(bytes) {
    for (const [at, byte] of SECRET.entries()) if (bytes[at] !== byte) throw new ThymusError('FORMAT', `no ${'abc'[at]} there`)
    throw new TypeError('reached')
  },
}

/** The number of the case that came through, of at most so many. */
function reached(cases: number, learns: boolean): number | undefined {
  const corpus = new Corpus(guarded)
  for (let at = 0; at < cases; at++) {
    const bytes = corpus.next(new Random(at * 7919))
    try {
      guarded.read(bytes)
    } catch (error) {
      if (!(error instanceof ThymusError)) return at
      if (learns) corpus.ended(bytes, error)
    }
  }
  return undefined
}

test('what is behind three checks is reached, since each that was passed is built upon', () => {
  assert.ok(reached(100_000, true) !== undefined)
  assert.equal(reached(100_000, false), undefined)
})

test('what one run has kept, another begins with', () => {
  const kept: Buffer[] = []
  const first = new Corpus(guarded, [], (bytes) => void kept.push(Buffer.from(bytes)))
  first.ended(Buffer.of(1), new ThymusError('FORMAT', 'a first answer'))
  first.ended(Buffer.of(2), new ThymusError('FORMAT', 'a first answer'))
  assert.deepEqual(kept, [Buffer.of(1)])
  const second = new Corpus(guarded, kept)
  assert.deepEqual(second.next(new Random(1)), Buffer.of(1))
  assert.equal(second.size, 1)
})

test('an answer that differs in numbers and digests alone is no new one', () => {
  const corpus = new Corpus(guarded)
  const ends = (message: string) => corpus.ended(Buffer.alloc(1), new ThymusError('FORMAT', message))
  for (const message of ['12 bytes at 0x1f', '13 bytes at 0xab12', 'field "x" of 2', 'field "yy" of 3']) ends(message)
  assert.equal(corpus.size, 1 + 2)
})
