import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { SlotAllocator } from './slots.ts'

const MOST = 16_383

describe('slots', () => {
  test('are given from 1 upwards, and a freed one waits until all others were given', () => {
    const slots = new SlotAllocator()
    assert.deepEqual([slots.take(), slots.take(), slots.take()], [1, 2, 3])
    slots.free(3)
    slots.free(1)
    for (let expected = 4; expected <= MOST; expected++) assert.equal(slots.take(), expected)
    assert.deepEqual([slots.take(), slots.take()], [3, 1])
  })

  test('when all are taken, that is said; one that is freed can be had again', () => {
    const slots = new SlotAllocator()
    for (let count = 0; count < MOST; count++) slots.take()
    assert.throws(() => slots.take(), { name: 'ThymusError', code: 'WORKLOAD_LIMIT', message: /16383/ })
    slots.free(77)
    assert.equal(slots.take(), 77)
    assert.throws(() => slots.take(), { code: 'WORKLOAD_LIMIT' })
  })

  test('after a restart, what is in use stays so, and what was freed before it comes last', () => {
    const slots = new SlotAllocator([2, 4], [4, 3, 1])
    assert.equal(slots.take(), 5)
    for (let count = 6; count <= MOST; count++) slots.take()
    assert.deepEqual([slots.take(), slots.take()], [3, 1])
  })

  test('none is freed twice', () => {
    const slots = new SlotAllocator([2])
    slots.free(2)
    assert.throws(() => slots.free(2), { code: 'INTERNAL' })
    assert.throws(() => slots.free(0), { code: 'INTERNAL' })
  })
})
