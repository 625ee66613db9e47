import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import fc from 'fast-check'
import { columnsOf, cut, plain, toned, wrapped } from './text.ts'

const UTF8 = { ascii: false }

describe('what others wrote cannot drive a terminal', () => {
  const hostile: Readonly<Record<string, string>> = {
    'an escape sequence that clears the screen': '\u001b[2J',
    'the same by one character of C1': '\u009b2J',
    'a title for the window': '\u001b]0;owned\u0007',
    'the start of the line again': 'evil\rgood',
    'another line': 'a\nb',
    'a reversed line': 'a\u202egnp.exe',
    'an isolate that hides the order': '\u2066a\u2069',
    'a character that is not seen': 'pa\u200bss',
    'another line, as Unicode has it': 'a\u2028b',
    'a byte that is no UTF-8': 'a\udc9bb',
    'rubbing out': 'a\u007fb',
    'tags that spell words nobody sees': '\u{e0041}',
  }
  for (const [what, text] of Object.entries(hostile)) {
    test(what, () => {
      assert.match(plain(text), /^[\x20-\x7e]*$/)
      assert.notEqual(plain(text), '')
    })
  }

  test('whatever it is: no control, format or lone surrogate is left, and nothing of the rest is changed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        assert.doesNotMatch(plain(text), /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u)
      }),
    )
    assert.equal(plain('café 日本 🦠 a\\b'), 'café 日本 🦠 a\\b')
  })

  test('a megabyte is not printed', () => {
    assert.ok(plain('x'.repeat(1 << 20)).length < 11_000)
  })
})

describe('columns', () => {
  test('are counted as a terminal does', () => {
    const cases: readonly (readonly [string, number])[] = [
      ['', 0],
      ['web', 3],
      ['日本', 4],
      ['한국', 4],
      ['ｗｅｂ', 6],
      ['e\u0301', 1],
      ['🦠', 2],
      ['✓ pass', 6],
      ['– …', 3],
    ]
    for (const [text, columns] of cases) assert.equal(columnsOf(text), columns, text)
  })

  test('a cut text is never wider than asked, keeps its beginning, and shows that it was cut', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'é', '日', '🦠', 'e\u0301') }),
        fc.integer({ min: 1, max: 12 }),
        (text, columns) => {
          const shown = cut(text, columns, UTF8)
          assert.ok(columnsOf(shown) <= columns)
          if (columnsOf(text) <= columns) assert.equal(shown, text)
          else assert.ok(shown.endsWith('…') && text.startsWith(shown.slice(0, -1)))
        },
      ),
    )
    assert.equal(cut('abcdef', 4, { ascii: true }), 'abc~')
  })

  test('wrapped lines fit, and hold all words in their order', () => {
    const words = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '日'), minLength: 1, maxLength: 15 }), { minLength: 1 })
    fc.assert(
      fc.property(words, fc.integer({ min: 2, max: 20 }), (all, columns) => {
        const lines = wrapped(all.join(' '), columns)
        for (const line of lines) assert.ok(columnsOf(line) <= columns, `${line} in ${columns}`)
        assert.equal(lines.join('').replaceAll(' ', ''), all.join(''))
      }),
    )
    assert.deepEqual(wrapped('one two three', 7), ['one two', 'three'])
    assert.deepEqual(wrapped('one two three', undefined), ['one two three'])
  })
})

test('colour is added where it is wanted, and takes nothing away', () => {
  assert.equal(toned('fail', 'bad', { colour: false }), 'fail')
  assert.notEqual(toned('fail', 'bad', { colour: true }), 'fail')
  assert.equal(stripVTControlCharacters(toned('fail', 'bad', { colour: true })), 'fail')
})
