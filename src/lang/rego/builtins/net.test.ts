import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { isIPv4 } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { assertAnswers, call } from '../../../../test/kit/rego-builtins.ts'
import { DEFAULT_LIMITS, Runtime } from '../codegen/runtime.ts'
import type { Value } from '../values/value.ts'
import { fromBytes, toBytes } from './bytes.ts'
import { parseAddress, showAddress } from './ip.ts'
import { BUILTINS } from './table.ts'

test('networks, URIs and identifiers are read as Go reads them', () => {
  assertAnswers([
    ['net.cidr_contains', ['"10.0.0.0/8"', '"10.1.2.3"'], 'true'],
    ['net.cidr_contains', ['"10.0.0.0/8"', '"10.255.0.0/16"'], 'true'],
    ['net.cidr_contains', ['"10.0.0.0/16"', '"10.0.0.0/8"'], 'false'],
    ['net.cidr_contains', ['"::/80"', '"::/80"'], 'true'],
    ['net.cidr_contains', ['"::ffff:10.0.0.0/104"', '"10.1.1.1"'], 'true'],
    ['net.cidr_contains', ['"0.0.0.0/0"', '"::1"'], 'false'],
    ['net.cidr_contains', ['"10.0.0.0/8"', '"nonsense"'], undefined],
    ['net.cidr_contains', ['"10.0.0.0/33"', '"10.0.0.1"'], undefined],
    ['net.cidr_contains', ['"fe80::/10"', '"fe80::1%eth0"'], undefined],
    ['net.cidr_intersects', ['"192.168.1.0/25"', '"192.168.1.64/25"'], 'true'],
    ['net.cidr_expand', ['"192.168.0.0/30"'], '{"192.168.0.0", "192.168.0.1", "192.168.0.2", "192.168.0.3"}'],
    ['net.cidr_expand', ['"::ffff:ffff:fffe/127"'], '{"255.255.255.254", "255.255.255.255"}'],
    ['net.cidr_is_valid', ['"10.0.0.0/08"'], 'true'],
    ['net.cidr_is_valid', ['"01.0.0.0/8"'], 'false'],
    ['net.cidr_is_valid', ['"1::2::3/64"'], 'false'],
    [
      'net.cidr_merge',
      ['["192.0.128.0/24", "192.0.129.0/24", "2001:db8::/64", "10.1.2.3"]'],
      '{"10.1.2.3/8", "192.0.128.0/23", "2001:db8::/64"}',
    ],
    ['net.cidr_merge', ['["10.0.0.1/32","10.0.0.2/32","10.0.0.3/32"]'], '{"10.0.0.1/32", "10.0.0.2/31"}'],
    ['net.cidr_merge', ['["::1"]'], undefined],
    [
      'net.cidr_contains_matches',
      ['{"a":"10.0.0.0/8","b":["10.0.0.0/16",1]}', '["10.0.0.1",["10.0.1.1",2],"11.1.1.1"]'],
      '{["a", 0], ["a", 1], ["b", 0], ["b", 1]}',
    ],
    [
      'uuid.parse',
      ['"6ba7b810-9dad-11d1-80b4-00c04fd430c8"'],
      '{"clocksequence": 180, "macvariables": "global:unicast", "nodeid": "00-c0-4f-d4-30-c8", "time": 886630433151182400, "variant": "RFC4122", "version": 1}',
    ],
    [
      'uuid.parse',
      ['"{000003e8-48b9-21ee-b200-325096b39f47}"'],
      '{"clocksequence": 12800, "domain": "Person", "id": 1000, "macvariables": "local:unicast", "nodeid": "32-50-96-b3-9f-47", "time": 1693566990121469600, "variant": "RFC4122", "version": 2}',
    ],
    ['uuid.parse', ['"nonsense"'], undefined],
    [
      'uri.parse',
      ['"HTTP://us%40er:p@[::1%25en0]:80/a%2Fb c?x=y#f%20"'],
      '{"fragment": "f ", "hostname": "::1%en0", "path": "/a/b c", "port": "80", "raw_path": "/a%2Fb c", "raw_query": "x=y", "scheme": "http"}',
    ],
    ['uri.parse', ['"mailto:a@b"'], '{"scheme": "mailto"}'],
    ['uri.parse', ['"//host"'], '{"hostname": "host"}'],
    ['uri.parse', ['"http://h:x/"'], undefined],
    ['uri.parse', ['"http://a b/"'], undefined],
    ['uri.parse', ['"http://[1.2.3.4]/"'], undefined],
    ['uri.parse', ['"1a:b"'], undefined],
    ['uri.parse', ['"*"'], '{"path": "*", "raw_path": "*"}'],
    ['uri.parse', ['"?q"'], '{"raw_query": "q"}'],
    ['uri.parse', ['""'], '{}'],
    ['uri.is_valid', ['""'], 'false'],
    ['urlquery.encode', ['"a b&é/~*"'], '"a+b%26%C3%A9%2F~%2A"'],
    ['urlquery.decode', ['"a+b%20%zz"'], undefined],
    ['urlquery.decode_object', ['"a=1&b&a=2"'], '{"a": ["1", "2"], "b": [""]}'],
    ['urlquery.encode_object', ['{"b": {"x", "é"}, "a": "1", 1: []}'], '"a=1&b=x&b=%C3%A9"'],
    ['base64.decode', ['"//79"'], '"\\xff\\xfe\\xfd"'],
    ['hex.decode', ['"e28261"'], '"\\xe2\\x82a"'],
    ['base64url.decode', ['"YQ"'], '"a"'],
    ['base64url.decode', ['"YQ\\n"'], undefined],
    [
      'json.marshal_with_options',
      ['{"b": [1, {}], 10: "<", 9: []}', '{"indent": "  ", "prefix": ">"}'],
      '">{\\n>  \\"10\\": \\"\\\\u003c\\",\\n>  \\"9\\": [],\\n>  \\"b\\": [\\n>    1,\\n>    {}\\n>  ]\\n>}"',
    ],
    ['json.marshal', ['{1: "a", "1": "b", 10: 0, 9: 0}'], '"{\\"1\\":\\"b\\",\\"10\\":0,\\"9\\":0}"'],
  ])
})

test('bytes that are no text come back', () => {
  const bytes = fc.uint8Array({ maxLength: 12 })
  fc.assert(fc.property(bytes, (raw) => assert.deepEqual([...toBytes(fromBytes(raw))], [...raw])))
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => assert.equal(fromBytes(Buffer.from(text)), text.toWellFormed())))
})

test('what is decoded is hashed as the bytes that it was', () => {
  const runtime = new Runtime(DEFAULT_LIMITS, { now: 0n, clock: () => 0, random: () => 0 }, true)
  const run = (name: string, operand: Value) => BUILTINS.get(name)!(runtime, operand)!
  assert.equal(run('crypto.sha256', run('hex.decode', 'ff')), createHash('sha256').update(Uint8Array.of(255)).digest('hex'))
  assert.equal(run('hex.encode', run('base64.decode', '/wD+')), 'ff00fe')
})

test('addresses come back', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }), (value) => assert.equal(parseAddress(showAddress(value))?.value, value)),
  )
  fc.assert(fc.property(fc.ipV6(), (text) => assert.notEqual(parseAddress(text), undefined)))
  const almost = fc.array(fc.oneof(fc.integer({ min: 0, max: 300 }).map(String), fc.constantFrom('', '00', '01', 'a', '-1')), {
    maxLength: 5,
  })
  fc.assert(
    fc.property(
      almost.map((parts) => parts.join('.')),
      (text) => assert.equal(parseAddress(text) !== undefined && text.includes('.'), isIPv4(text)),
    ),
  )
})

test('a network of all addresses ends by the limit, and names are not looked up unasked', () => {
  assert.throws(() => call('net.cidr_expand', ['"::/0"']), { code: 'REGO_LIMIT' })
  assert.throws(() => call('net.lookup_ip_addr', ['"example.org"']), { code: 'REGO_BUILTIN' })
  assert.equal(call('net.lookup_ip_addr', ['"::1"']), '{"::1"}')
})
