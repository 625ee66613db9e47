import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { assertAnswers, call } from '../../../../test/kit/rego-builtins.ts'
import { formatDouble } from '../values/double.ts'

test('sprintf formats as Go does', () => {
  assertAnswers([
    ['sprintf', ['"%05d|%-5d|%+d|% d"', '[42, 42, 42, 42]'], '"00042|42   |+42| 42"'],
    ['sprintf', ['"%x %X %#x %o %O %b"', '[255, "hi", 255, 8, 8, 5]'], '"ff 6869 0xff 10 0o10 101"'],
    ['sprintf', ['"%s %d %v"', '["a", "a", [1, {"k"}]]'], '"a %!d(string=a) [1, {\\"k\\"}]"'],
    ['sprintf', ['"%5.1f|%e|%g|%.0f|%.0f"', '[3.14159, 1500.0, 1234567.5, 2.5, 0.5]'], '"  3.1|1.500000e+03|1.2345675e+06|2|0"'],
    ['sprintf', ['"%v %v %v"', '[1.0, 1e21, 123456789012345678901]'], '"1 1e+21 123456789012345678901"'],
    ['sprintf', ['"%[2]s %[1]s %[3]s"', '["a", "b"]'], '"b a %!s(BADINDEX)"'],
    ['sprintf', ['"%*d|%-*d|%.*f"', '[5, 42, 5, 42, 2, 3.14159]'], '"   42|42   |3.14"'],
    ['sprintf', ['"%d"', '[]'], '"%!d(MISSING)"'],
    ['sprintf', ['"a"', '[1, "b"]'], '"a%!(EXTRA int64=1, string=b)"'],
    ['sprintf', ['"%"', '[]'], '"%!(NOVERB)"'],
    ['sprintf', ['"%q %+q %#q"', '["é\\n", "é", "x"]'], '"\\"é\\\\n\\" \\"\\\\u00e9\\" `x`"'],
    ['sprintf', ['"%c %U %#U %q"', '[128169, 128169, 65, 65]'], `"💩 U+1F4A9 U+0041 'A' 'A'"`],
    ['sprintf', ['"%05s|%.2s|%t|%T"', '["é", "日本語", true, 1]'], '"0000é|日本|%!t(string=true)|int64"'],
    ['sprintf', ['"%d"', '[1.5]'], '"%!d(float64=1.5)"'],
    ['sprintf', ['"%#g %#.3x"', '[1.0, 1.5]'], '"1.00000 0x1.800p+00"'],
    ['sprintf', ['"%x"', '["é"]'], '"c3a9"'],
    ['sprintf', ['"100%!"', '[]'], '"100%!!(MISSING)"'],
  ])
})

test('doubles come back from each of their forms', () => {
  const doubles = fc.double({ noNaN: true, noDefaultInfinity: true })
  fc.assert(
    fc.property(doubles, (value) => {
      for (const form of ['e', 'f', 'g'] as const) assert.equal(Number(formatDouble(value, form, -1)), value)
      assert.equal(Number(formatDouble(value, 'e', 17)), value)
    }),
  )
})

test('a width that would fill the memory ends by the limit', () => {
  const format = JSON.stringify('%1000000d'.repeat(1_000))
  assert.throws(() => call('sprintf', [format, JSON.stringify(Array(1_000).fill(1))]), { code: 'REGO_LIMIT' })
})
