import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertAnswers, call } from '../../../../test/kit/rego-builtins.ts'
import { DEFAULT_LIMITS, guarded, Runtime } from '../codegen/runtime.ts'
import { RegoObject, type Value } from '../values/value.ts'
import { BUILTINS } from './table.ts'

test('builtins answer as documented', () => {
  assertAnswers([
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
    ['units.parse', ['"100m"'], '0.1000000000'],
    ['sprintf', ['"%05d %v %s %x"', '[42, {"a"}, "b", 255]'], '"00042 {\\"a\\"} b ff"'],
    ['glob.match', ['"*.example.com"', 'null', '"a.b.example.com"'], 'true'],
    ['glob.match', ['"*.example.com"', '[]', '"a.b.example.com"'], 'false'],
    ['regex.match', ['"^a+$"', '"aaa"'], 'true'],
    ['regex.split', ['"-"', '"a-b"'], '["a", "b"]'],
    ['semver.compare', ['"1.0.0-rc.2"', '"1.0.0-rc.10"'], '-1'],
    ['base64.decode', ['"?"'], undefined],
  ])
})

test('what a builtin does not take ends a strict evaluation by its code', () => {
  assert.throws(() => call('count', ['1'], true), {
    opaCode: 'eval_type_error',
    message: /operand 1 must be one of \{array, object, set, string\} but got number/,
  })
  assert.throws(() => call('div', ['1', '0'], true), { opaCode: 'eval_builtin_error', message: /divide by zero/ })
})

test('builtins that would fill the memory end by the limit', () => {
  const run = (name: string, ...operands: Value[]) => {
    const runtime = new Runtime({ ...DEFAULT_LIMITS, memory: 64 * 2 ** 20 }, { now: 0n, clock: () => 0, random: () => 0 }, true)
    return guarded(name, BUILTINS.get(name)!)(runtime, ...operands)
  }
  // Forty doublings: little in memory, since the parts are shared.
  let doubled: Value = ['x']
  for (let count = 0; count < 40; count++) doubled = [doubled, doubled]
  const long = 'x'.repeat(1_000_000)
  const many = Array<Value>(1_000).fill(long)
  for (const [name, ...operands] of [
    ['json.marshal', doubled],
    ['yaml.marshal', doubled],
    ['sprintf', '%v', [doubled]],
    ['walk', doubled],
    ['concat', '', many],
    ['replace', long, 'x', long],
    ['strings.replace_n', RegoObject.of([['x', long]]), long],
    ['regex.replace', 'x'.repeat(1_000), 'x', long],
    ['sprintf', '%[1]s'.repeat(1_000), [long]],
    ['array.flatten', Array<Value>(1_000).fill(Array<Value>(100_000).fill(1))],
    ['numbers.range', 1, 1e12],
    ['bits.lsh', 1, 1e9],
  ] as const) {
    assert.throws(() => run(name, ...(operands as Value[])), { code: 'REGO_LIMIT' }, name)
  }
  assert.throws(() => call('numbers.range', ['0', '1000000000000']), { code: 'REGO_LIMIT' })
  assert.throws(() => call('bits.lsh', ['1', '1000000000000']), { code: 'REGO_LIMIT' })
  assert.equal(call('regex.match', ['"(a*)*b"', `"${'a'.repeat(2_000)}"`]), 'false')
})
