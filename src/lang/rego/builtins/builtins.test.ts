import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_LIMITS, guarded, Runtime } from '../codegen/runtime.ts'
import { printTerm, readTerm } from '../values/text.ts'
import { BUILTINS } from './table.ts'

function call(name: string, ...terms: readonly string[]): string | undefined {
  return asked(name, false, terms)
}

function asked(name: string, strict: boolean, terms: readonly string[]): string | undefined {
  const runtime = new Runtime(DEFAULT_LIMITS, { now: 0n, clock: () => 0, random: () => 0 }, strict)
  const value = guarded(name, BUILTINS.get(name)!)(runtime, ...terms.map(readTerm))
  return value === undefined ? undefined : printTerm(value)
}

test('builtins answer as documented', () => {
  const cases: readonly (readonly [string, readonly string[], string | undefined])[] = [
    ['plus', ['0.1', '0.2'], '0.3'],
    ['mul', ['9007199254740993', '1'], '9007199254740993'],
    ['div', ['1', '0'], undefined],
    ['rem', ['-7', '3'], '-1'],
    ['round', ['-2.5'], '-3'],
    ['ceil', ['1.1'], '2'],
    ['bits.lsh', ['1', '64'], '18446744073709551616'],
    ['minus', ['{1, 2}', '{2}'], '{1}'],
    ['count', ['"🦠a"'], '2'],
    ['substring', ['"🦠abc"', '1', '-1'], '"abc"'],
    ['object.get', ['{"a": {"b": 1}}', '["a", "c"]', '"none"'], '"none"'],
    ['object.union', ['{"a": {"b": 1}}', '{"a": {"c": 2}}'], '{"a": {"b": 1, "c": 2}}'],
    ['json.remove', ['{"a": {"b": 1, "c": 2}}', '["a/b"]'], '{"a": {"c": 2}}'],
    ['units.parse_bytes', ['"1.5KiB"'], '1536'],
    ['units.parse', ['"100m"'], '0.1'],
    ['sprintf', ['"%05d %v %s %x"', '[42, {"a"}, "b", 255]'], '"00042 {\\"a\\"} b ff"'],
    ['glob.match', ['"*.example.com"', 'null', '"a.b.example.com"'], 'true'],
    ['glob.match', ['"*.example.com"', '[]', '"a.b.example.com"'], 'false'],
    ['regex.match', ['"^a+$"', '"aaa"'], 'true'],
    ['regex.split', ['"-"', '"a-b"'], '["a", "b"]'],
    ['semver.compare', ['"1.0.0-rc.2"', '"1.0.0-rc.10"'], '-1'],
    ['base64.decode', ['"?"'], undefined],
  ]
  for (const [name, operands, answer] of cases) assert.equal(call(name, ...operands), answer, `${name}(${operands.join(', ')})`)
})

test('what a builtin does not take ends a strict evaluation by its code', () => {
  assert.throws(() => asked('count', true, ['1']), {
    opaCode: 'eval_type_error',
    message: /operand 1 must be one of \{array, object, set, string\} but got number/,
  })
  assert.throws(() => asked('div', true, ['1', '0']), { opaCode: 'eval_builtin_error', message: /divide by zero/ })
})

test('builtins that would fill the memory end by the limit', () => {
  assert.throws(() => call('numbers.range', '0', '1000000000000'), { code: 'REGO_LIMIT' })
  assert.equal(call('bits.lsh', '1', '1000000000000'), undefined)
  assert.equal(call('regex.match', '"(a*)*b"', `"${'a'.repeat(2_000)}"`), 'false')
})
