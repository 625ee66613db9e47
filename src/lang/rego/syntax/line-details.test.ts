import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RegoRejected } from '../errors.ts'
import { LineDetails } from './line-details.ts'
import { parseModule } from './module.ts'

function linesOf(text: string): readonly string[] {
  try {
    parseModule('a.rego', text)
  } catch (error) {
    if (error instanceof RegoRejected) return error.diagnostics[0]!.details?.lines ?? []
    throw error
  }
  return assert.fail('it parses')
}

test('a parse error shows its line without the tabs before it, and a caret below its place', () => {
  assert.deepEqual(linesOf('package a\n\n\tp if q ; r\n'), ['p if q ; r', '       ^'])
  assert.deepEqual(linesOf('package a\np := {"é": ~ }'), ['p := {"é": ~ }', '            ^'])
})

test('what is wrong behind the end is shown at the last character that is no space', () => {
  const { line } = new LineDetails('x := ', 5)
  assert.deepEqual(line, { text: 'x := ', index: 3 })
  assert.deepEqual(new LineDetails('a\nbc\n\n  ', 99).line, { text: 'bc', index: 1 })
})

test('any place in any text has a line', () => {
  for (const text of ['', '\n', '\n\n', ' ', '\r\n\t', 'é\u00a0\u0085', 'a\nb']) {
    for (let offset = -1; offset < text.length + 2; offset++) {
      const { lines } = new LineDetails(text, offset)
      assert.equal(lines.length, 2)
      assert.match(lines[1]!, /^ *\^$/)
    }
  }
})
