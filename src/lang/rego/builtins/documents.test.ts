import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertAnswers, call } from '../../../../test/kit/rego-builtins.ts'

test('YAML and JSON are read, written, patched and cut as in OPA', () => {
  assertAnswers([
    [
      'yaml.unmarshal',
      ['"a: &x {b: 0777, c: yes}\\nd:\\n  <<: *x\\n  b: 1.0\\n---\\n- x"'],
      '{"a": {"b": 511, "c": "yes"}, "d": {"b": 1, "c": "yes"}}',
    ],
    ['yaml.unmarshal', ['"x: &x {a: 1}\\nz:\\n  <<: [*x, {a: 2, b: 3}]"'], '{"x": {"a": 1}, "z": {"a": 1, "b": 3}}'],
    ['yaml.unmarshal', ['"a: 1\\na: 2"'], '{"a": 2}'],
    [
      'yaml.unmarshal',
      ['"[18446744073709551615, 18446744073709551616, 0x1F, 1_000, 1e400, .5, 2001-01-01]"'],
      '[18446744073709551615, 18446744073709552000, 31, 1000, "1e400", 0.5, "2001-01-01"]',
    ],
    ['yaml.unmarshal', ['"1.5: a\\ntrue: b\\n1e6: c"'], '{"1.5": "a", "1e+06": "c", "true": "b"}'],
    ['yaml.unmarshal', ['"~: a"'], undefined],
    ['yaml.unmarshal', ['"? [a]\\n: b"'], undefined],
    ['yaml.unmarshal', ['"a: |\\n  x\\n   y"'], '{"a": "x\\n y"}'],
    ['yaml.unmarshal', ['"!!int a"'], undefined],
    ['yaml.unmarshal', ['"!!binary /w=="'], '"�"'],
    ['yaml.unmarshal', ['"!!timestamp 2001-1-1"'], '"2001-01-01T00:00:00Z"'],
    ['yaml.unmarshal', ['"!!timestamp a"'], undefined],
    ['yaml.unmarshal', ['"2001-01-01: a"'], '{"2001-01-01": "a"}'],
    ['yaml.unmarshal', ['"a: .inf"'], undefined],
    ['yaml.unmarshal', ['"a: &x [*x]"'], undefined],
    ['yaml.unmarshal', ['"a: *x"'], undefined],
    ['yaml.unmarshal', ['"a: [1"'], undefined],
    ['yaml.unmarshal', ['"\\"\\\\/\\""'], undefined],
    ['yaml.unmarshal', ['"a: b\\n---\\n["'], undefined],
    ['yaml.unmarshal', ['""'], 'null'],
    ['yaml.unmarshal', ['"a: 1\\rb: 2"'], '{"a": 1, "b": 2}'],
    ['yaml.is_valid', ['"a: [1"'], 'false'],
    ['yaml.is_valid', ['1'], 'false'],
    [
      'yaml.marshal',
      [
        '{"a10": [1, {"b": [[], {}]}], "a9": "x\\ny\\n", "yes": "", "B": "1", "c": " a", "d": "2001-01-01", "e": 1e-7, "f": 12345678.5, "g": "a: b"}',
      ],
      '"B: \\"1\\"\\na9: |\\n  x\\n  y\\na10:\\n  - 1\\n  - b:\\n      - []\\n      - {}\\nc: \' a\'\\nd: \\"2001-01-01\\"\\ne: 1e-07\\nf: 1.23456785e+07\\ng: \'a: b\'\\n\\"yes\\": \\"\\"\\n"',
    ],
    [
      'yaml.marshal',
      ['["a\\n", "\\n", " x\\ny", "a\\tb", "💩", "\\u0001"]'],
      '"- |\\n  a\\n- |2+\\n\\n- |2-\\n   x\\n  y\\n- \\"a\\\\tb\\"\\n- \\"\\\\U0001F4A9\\"\\n- \\"\\\\x01\\"\\n"',
    ],
    ['yaml.marshal', ['{"k\\nk": [1]}'], '"? |-\\n  k\\n  k\\n: - 1\\n"'],
    ['yaml.marshal', ['"\\u007f"'], undefined],
    ['yaml.marshal', ['{1: {2}}'], '"\\"1\\":\\n  - 2\\n"'],
    [
      'json.patch',
      [
        '{"a": [1, {"b": 2}], "s": {1}}',
        '[{"op": "add", "path": "/a/-", "value": 3}, {"op": "remove", "path": "/a/1/b"}, {"op": "move", "from": "/a/0", "path": "/c"}, {"op": "replace", "path": ["s", 1], "value": 1}, {"op": "test", "path": "c", "value": 1.0}, {"op": "copy", "from": "/a", "path": "/a/0"}]',
      ],
      '{"a": [[{}, 3], {}, 3], "c": 1, "s": {1}}',
    ],
    ['json.patch', ['[1]', '[{"op": "add", "path": "/2", "value": 3}]'], undefined],
    ['json.patch', ['{}', '[{"op": "add", "path": "/a/b", "value": 3}]'], undefined],
    ['json.patch', ['{"a": 1}', '[{"op": "replace", "path": "/b", "value": 3}]'], undefined],
    ['json.patch', ['"x"', '[{"op": "add", "path": "", "value": 3}]'], '3'],
    ['json.patch', ['[1, 2]', '[{"op": "remove", "path": "/01"}]'], undefined],
    ['json.filter', ['{"a": {"b": 1, "c": [1, 2]}, "d": {3}}', '["a/c/1", ["d", 3]]'], '{"a": {"c": [2]}, "d": {3}}'],
    ['json.remove', ['{"a": {"b": 1, "c": [1, 2]}}', '{"/a/c/0", "a/b"}'], '{"a": {"c": [2]}}'],
    ['json.filter', ['{"a": 1}', '["a/b"]'], '{"a": 1}'],
    ['json.filter', ['{"a": {"b": 1}}', '["a", "a/b"]'], '{"a": {"b": 1}}'],
  ])
})

test('documents that would explode end by an error or the limit', () => {
  const bomb = Array.from(
    { length: 20 },
    (_, at) =>
      `a${at}: &a${at} [${
        at === 0
          ? 'x'
          : Array(9)
              .fill(`*a${at - 1}`)
              .join(', ')
      }]`,
  ).join('\n')
  assert.throws(() => call('yaml.unmarshal', [JSON.stringify(bomb)], true), { message: /excessive aliasing/ })
  assert.throws(
    () => call('json.marshal_with_options', [JSON.stringify(Array(1_000).fill([1])), JSON.stringify({ indent: 'x'.repeat(1e6) })], true),
    {
      code: 'REGO_LIMIT',
    },
  )
})
