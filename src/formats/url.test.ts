import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ThymusError } from '../core/errors.ts'
import { readUrl, showUrl } from './url.ts'

test('a URL is taken apart, and comes back', () => {
  const read = readUrl('HTTPS://u%41:p@h.example:8080/a%2Fb/%43?q=%zz#f%20g')
  assert.deepEqual(read.user, { name: 'uA', password: 'p' })
  assert.deepEqual(
    [read.scheme, read.host, read.path, read.rawPath, read.rawQuery, read.fragment],
    ['https', 'h.example:8080', '/a/b/C', '/a%2Fb/%43', 'q=%zz', 'f g'],
  )
  for (const text of [
    '',
    '*',
    'a/b',
    '/a?',
    'mailto:a@b?c',
    'http://[::1%25en0]:80/',
    '//h/p',
    'file:///a',
    'urn:x:y#z',
    'x:/p',
    './a:b',
    'http://h',
  ]) {
    assert.equal(showUrl(readUrl(text)), text)
  }
})

test('what is none is refused', () => {
  for (const text of [
    ':a',
    'a:b/c:d:'.slice(1),
    '1a:b',
    '/%',
    '/%4',
    '/%zz',
    'http://a b/',
    'http://a:b/',
    'http://[1.2.3.4]/',
    'http://[::1/',
    'http://a:1:2/',
    'http://%41/',
    'http://a/\x01',
    'http://u"@h/',
    '/#%',
  ]) {
    assert.throws(() => readUrl(text), { code: 'FORMAT' }, text)
  }
})

test('any text is read or refused by code, and what is read is stable', () => {
  const part = fc.constantFrom(
    'a',
    'http',
    ':',
    '/',
    '//',
    '?',
    '#',
    '@',
    '[',
    ']',
    '::1',
    '%41',
    '%',
    '%25',
    '%C3',
    '*',
    '.',
    ' ',
    '"',
    '1',
    '+',
    '\x7f',
  )
  fc.assert(
    fc.property(
      fc.array(part, { maxLength: 10 }).map((parts) => parts.join('')),
      (text) => {
        try {
          const shown = showUrl(readUrl(text))
          assert.equal(showUrl(readUrl(shown)), shown)
        } catch (error) {
          assert.ok(error instanceof ThymusError && error.code === 'FORMAT', String(error))
        }
      },
    ),
    { numRuns: 3_000 },
  )
})
