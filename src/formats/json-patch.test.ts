import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type PatchOperation, patchBetween } from './json-patch.ts'
import { isFields } from './kubernetes/object.ts'

/** RFC 6902 §4, for what patchBetween writes. */
function apply(document: unknown, operations: readonly PatchOperation[]): unknown {
  let root = structuredClone(document)
  for (const operation of operations) {
    const steps = operation.path
      .split('/')
      .slice(1)
      .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    const last = steps.pop()
    if (last === undefined) {
      assert(operation.op === 'replace')
      root = operation.value
      continue
    }
    const parent = steps.reduce<unknown>((here, step) => (here as Record<string, unknown>)[step], root)
    if (Array.isArray(parent)) {
      const index = Number(last)
      assert(index <= parent.length - (operation.op === 'add' ? 0 : 1))
      if (operation.op === 'remove') parent.splice(index, 1)
      else parent.splice(index, operation.op === 'add' ? 0 : 1, operation.value)
    } else {
      assert(isFields(parent) && Object.hasOwn(parent, last) === (operation.op !== 'add'))
      if (operation.op === 'remove') delete (parent as Record<string, unknown>)[last]
      else Object.defineProperty(parent, last, { value: operation.value, enumerable: true, configurable: true, writable: true })
    }
  }
  return root
}

const DIFFERENCES: readonly (readonly [unknown, unknown, readonly PatchOperation[]])[] = [
  [{ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }, []],
  [
    { a: 1, b: 2 },
    { a: 1, c: 3 },
    [
      { op: 'remove', path: '/b' },
      { op: 'add', path: '/c', value: 3 },
    ],
  ],
  [{ a: { b: 1 } }, { a: { b: 2 } }, [{ op: 'replace', path: '/a/b', value: 2 }]],
  [{ a: {} }, { a: [] }, [{ op: 'replace', path: '/a', value: [] }]],
  [{ a: null }, {}, [{ op: 'remove', path: '/a' }]],
  [[1, 2, 3], [1, 9, 2, 3], [{ op: 'add', path: '/1', value: 9 }]],
  [
    [1, 2, 3, 4],
    [1, 4],
    [
      { op: 'remove', path: '/2' },
      { op: 'remove', path: '/1' },
    ],
  ],
  [[{ a: 1 }, 5], [{ a: 2 }, 5], [{ op: 'replace', path: '/0/a', value: 2 }]],
  [{}, { 'a/b~c': 1 }, [{ op: 'add', path: '/a~1b~0c', value: 1 }]],
  [1, 2, [{ op: 'replace', path: '', value: 2 }]],
]

describe('the patch between two values', () => {
  for (const [before, after, patch] of DIFFERENCES)
    test(`${JSON.stringify(before)} → ${JSON.stringify(after)}`, () => assert.deepEqual(patchBetween(before, after), patch))

  test('names __proto__ as any field', () => {
    const patch = patchBetween(JSON.parse('{"a":1}'), JSON.parse('{"a":1,"__proto__":{"b":1}}'))
    assert.deepEqual(patch, [{ op: 'add', path: '/__proto__', value: { b: 1 } }])
  })

  test('makes one of the other, and nothing of the same', () => {
    const key = fc.constantFrom('a', 'b', '/', '~1')
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom<unknown>(0, 1, 'x', null, true),
        fc.array(tie('value'), { maxLength: 5 }),
        fc.dictionary(key, tie('value'), { noNullPrototype: true }),
      ),
    }))
    fc.assert(
      fc.property(value, value, (before, after) => {
        assert.deepEqual(apply(before, patchBetween(before, after)), after)
        assert.deepEqual(patchBetween(before, structuredClone(before)), [])
      }),
      { numRuns: 2000 },
    )
  })
})
