import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { changedFiles, colouredDiff } from './diff.ts'
import { type Edit, editsBetween } from './edits.ts'

const shown = (before: string, after: string) =>
  editsBetween(before, after)
    .map(({ kind, text }) => (kind === 'same' ? text : kind === 'added' ? `+(${text})` : `-(${text})`))
    .join('')
const side = (edits: readonly Edit[], gone: Edit['kind']) => edits.flatMap(({ kind, text }) => (kind === gone ? [] : text)).join('')

describe('edits', () => {
  test('are few, and removals stand before additions', () => {
    assert.equal(shown('x=1', 'x := 1'), 'x+( :)=+( )1')
    assert.equal(shown('abc', 'xyz'), '-(abc)+(xyz)')
    assert.equal(shown('The cat.', 'A cat.'), '-(The)+(A) cat.')
    assert.equal(shown('', 'a😀'), '+(a😀)')
    assert.equal(shown('😀', '😁'), '-(😀)+(😁)')
  })

  test('move over what is the same around them', () => {
    assert.equal(shown('ac', 'abac'), '+(ab)ac')
    assert.equal(shown('p { x }\n', 'p {\n\tx\n}\n'), 'p {-( )+(\n\t)x-( )+(\n)}\n')
  })

  const text = fc.string({ unit: fc.constantFrom('a', 'b', '\n', '😀'), maxLength: 60 })

  test('lead from one text to the other, no two of a kind in a row', () => {
    fc.assert(
      fc.property(text, text, (before, after) => {
        const edits = editsBetween(before, after)
        assert.equal(side(edits, 'added'), before)
        assert.equal(side(edits, 'removed'), after)
        assert.ok(edits.every(({ kind }, at) => kind !== edits[at + 1]?.kind))
      }),
    )
  })

  test('are one removal and one addition where the search takes too long', () => {
    const [before, after] = ['ab\n'.repeat(100), 'cd\n'.repeat(100)]
    assert.ok(editsBetween(before, after).length > 200)
    assert.deepEqual(
      editsBetween(before, after, 1_000).map(({ kind, text }) => [kind, text.length]),
      [
        ['removed', 299],
        ['added', 299],
        ['same', 1],
      ],
    )
  })
})

test('a difference is coloured line by line, and nothing is said of what stays', () => {
  assert.equal(colouredDiff('a\n', 'a\n'), '')
  assert.equal(colouredDiff('a\n', 'a\nb\n'), 'a\n\u001b[32mb\u001b[0m\n\u001b[32m\u001b[0m\n')
  assert.equal(colouredDiff('ab', 'b'), '\u001b[31ma\u001b[0mb\n')
})

test('the files that change are listed', () => {
  const files = [
    { name: 'a.rego', before: 'x', after: 'x' },
    { name: 'b.rego', before: 'x', after: 'y' },
  ]
  assert.equal(changedFiles(files), 'b.rego\n')
})
