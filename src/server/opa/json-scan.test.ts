import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { scanJson } from './json-scan.ts'

test('a value ends where JSON ends it, whatever follows', () => {
  fc.assert(
    fc.property(
      fc.jsonValue(),
      fc.constantFrom('', ' ', '\n\t'),
      fc.constantFrom('', ' x', ',', ' 1', '}', '"'),
      (value, before, after) => {
        const text = before + JSON.stringify(value)
        // digits would go on
        const tail = typeof value === 'number' && /^[\d.eE+-]/.test(after) ? '' : after
        assert.deepEqual(scanJson(text + tail), { end: text.length })
      },
    ),
  )
})

test('what JSON.parse refuses is refused, and the other way round', () => {
  const letters = fc.constantFrom(...'{}[],:"\\ \n01-+.eEtrufalsn\u0001é'.split(''))
  fc.assert(
    fc.property(fc.string({ unit: letters, maxLength: 12 }), (text) => {
      const found = scanJson(text)
      const isWhole = found !== 'empty' && 'end' in found && text.slice(found.end).trim() === ''
      let parses = true
      try {
        JSON.parse(text)
      } catch {
        parses = false
      }
      assert.equal(isWhole, parses)
    }),
    { numRuns: 5_000 },
  )
})

test('depth costs no stack', () => {
  assert.deepEqual(scanJson('['.repeat(1_000_000)), { fault: 'exceeded max depth' })
  assert.deepEqual(scanJson('{"a":'.repeat(9_000)), { fault: 'unexpected EOF' })
  assert.deepEqual(scanJson(`${'['.repeat(9_000)}${']'.repeat(9_000)}`), { end: 18_000 })
})

test('faults are in the words of Go', () => {
  for (const [text, fault] of [
    ['{"a" 1}', "invalid character '1' after object key"],
    ['[1 2]', "invalid character '2' after array element"],
    ['é', "invalid character 'Ã' looking for beginning of value"],
    ["'", "invalid character '\\'' looking for beginning of value"],
    ['"\n"', "invalid character '\\n' in string literal"],
    ['\u007f', "invalid character '\\x7f' looking for beginning of value"],
    ['tru', 'unexpected EOF'],
    ['trux', "invalid character 'x' in literal true (expecting 'e')"],
  ] as const)
    assert.deepEqual(scanJson(text), { fault })
})
