// Values and texts of values that nobody would write.
import assert from 'node:assert/strict'
import { readNumber } from '../../../src/lang/rego/values/decimal.ts'
import { fromHost, toHost } from '../../../src/lang/rego/values/host.ts'
import { keyOf } from '../../../src/lang/rego/values/key.ts'
import { compare, equal } from '../../../src/lang/rego/values/order.ts'
import { printJson, printTerm, readJson, readTerm } from '../../../src/lang/rego/values/text.ts'
import { isArray, isNumber, RegoObject, RegoSet, type Value } from '../../../src/lang/rego/values/value.ts'
import type { Random } from '../../kit/random.ts'

/** Names that lead somewhere in JS, and texts that end a literal or a line of it. */
export const NAMES = [
  '__proto__', 'constructor', 'prototype', 'toString', 'valueOf', 'hasOwnProperty', '__defineGetter__', 'process', 'globalThis', 'require',
  'arguments', 'eval', 'this', 'then', 'length', 'rt', 'L', 'K', 'l0', 'k0', 'NONE', 'undefined', 'NaN', 'input', 'data', 'await', 'yield',
] // biome-ignore format: a table

const TEXTS = [
  ...NAMES, '', 'a', 'é', '\u2028', '\u2029', '\0', '\0s', '\0a1[', '\ud800', '\udfff', '😀', '`\u0024{process}`', "'", '"', '\\', '\n', '*/', '//',
  '</script>', '-0', '1e400', '1_000', '0x10', '%s%d%v%T', '%!', '%*d', '%999999999d', '%[9]d', 'a/b', '/', '~0~1', '2006-01-02T15:04:05Z',
  '9999999h', '1Ki', '10.0.0.0/8', '::/0', '10.0.0.1', 'http://[::1]:99999/%zz', '(a+)+$', '((a{0,99}){0,99}){0,99}', '[[:alpha:]]', '(?P<x>a)|\\C',
  '{a,b}*[!c]', '**', '{{.x}}', '{{range .}}{{.}}{{end}}', '{"a":1}', '[', 'a: &a [*a]', 'a: &x [1]\nb: [*x, *x]', '<<: {}', '!!js/function x',
  'eyJhbGciOiJub25lIn0.e30.', '-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----', '{ a { b } }', 'type Query { a: Int }', '1.2.3-a+b',
  'package a\np := 1', 'RS256', 'UTC', 'Asia/Tokyo', 'd41d8cd98f00b204e9800998ecf8427e', 'YWJj', 'GET', 'A'.repeat(70), 'a'.repeat(5_000),
] // biome-ignore format: a table

const NUMBERS = [
  '0', '-0', '1', '-1', '2', '3', '64', '1.5', '1e2', '1.0', '255', '65536', '1e9', '2147483648', '9007199254740993', '-9223372036854775809',
  '18446744073709551616', '1e18', '1e308', '1e-308', '1e400', '-1e30000', '1e-30000', '0.1', '123456789012345678901234567890.5',
] // biome-ignore format: a table

export const randomText = (random: Random): string =>
  random.below(4) === 0
    ? random.of(TEXTS) + random.of(TEXTS)
    : random.below(30) === 0
      ? random.of(TEXTS).repeat(1 + random.below(200))
      : random.of(TEXTS)

export function randomValue(random: Random, depth = 3): Value {
  const inner = () => randomValue(random, depth - 1)
  const many = () => Array.from({ length: random.below(5) }, inner)
  switch (random.below(depth > 0 ? 12 : 8)) {
    case 0:
      return random.of([null, true, false])
    case 1:
    case 2:
    case 3:
      return readNumber(random.of(NUMBERS))!
    case 8:
      return many()
    case 9:
      return RegoSet.of(many())
    case 10:
      return RegoObject.of(many().map((key) => [key, inner()] as const))
    case 11:
      return RegoObject.of(Array.from({ length: random.below(5) }, () => [randomText(random), inner()] as const))
    default:
      return randomText(random)
  }
}

/** Fails where something is no value: an object of the host, or a function, has come in. */
export function mustBeValue(value: unknown, depth = 0): void {
  if (value === null || ['string', 'boolean'].includes(typeof value) || isNumber(value)) return
  if (depth > 50) return
  const inner = (each: unknown) => mustBeValue(each, depth + 1)
  if (isArray(value)) value.forEach(inner)
  else if (value instanceof RegoSet) value.members().forEach(inner)
  else if (value instanceof RegoObject) value.entries().flat().forEach(inner)
  else assert.fail(`no value: ${String(value)}`)
}

/** Texts for the two readers; what is read has to be written, and read again as the same. */
export function textCase(random: Random): string {
  const rego = random.below(2) === 0
  const value = randomValue(random, 4)
  const text = mutated(random, rego ? printTerm(value) : printJson(value))
  const found = rego ? readTerm(text) : readJson(text)
  mustBeValue(found)
  assert.ok(equal(readTerm(printTerm(found)), found), text)
  assert.ok(compare(found, found) === 0, text)
  return 'read'
}

/** Characters and parts of a text taken out, doubled, moved or replaced; at times the text as it is. */
export function mutated(random: Random, text: string, parts: readonly string[] = TEXTS): string {
  let changed = text
  for (let n = random.below(4); n > 0; n--) {
    const at = random.below(changed.length + 1)
    const to = Math.min(changed.length, at + random.below(12))
    const other = random.below(changed.length + 1)
    switch (random.below(6)) {
      case 0:
        changed = changed.slice(0, at) + changed.slice(to)
        break
      case 1:
        changed = changed.slice(0, at) + random.of(parts) + changed.slice(to)
        break
      case 2:
        changed = changed.slice(0, at) + changed.slice(at, to).repeat(1 + random.below(60)) + changed.slice(to)
        break
      case 3:
        changed = changed.slice(0, other) + changed.slice(at, to) + changed.slice(other)
        break
      case 4:
        changed = changed.slice(0, at)
        break
      default:
        changed = changed.slice(0, at) + random.of([...'()[]{}"`:=.,;|&#%\\\n\t -+*/_$0', '\u0000', '\ufeff', '\u00a0']) + changed.slice(at)
    }
  }
  return changed
}

/** Objects of the host, with getters, holes, cycles and prototypes of their own. */
export function hostCase(random: Random): string {
  const shared: object[] = []
  const host = (depth: number): unknown => {
    const inner = () => host(depth - 1)
    switch (random.below(depth > 0 ? 16 : 6)) {
      case 0:
        return random.below(4) === 0
          ? undefined
          : random.of([null, true, Number.NaN, Number.POSITIVE_INFINITY, -0, 1e308, 10n ** 400n, Symbol('s'), () => 1])
      case 1:
        return random.of([new Date(0), /x/, new Proxy({}, {}), new WeakMap(), Buffer.from('a'), Object.create(null), new String('a')])
      case 6:
        return shared.length === 0 ? 1 : random.of(shared)
      case 7:
      case 8: {
        const list: unknown[] = []
        shared.push(list)
        for (let n = random.below(4); n > 0; n--) list.push(inner())
        if (random.below(8) === 0) list.length += 3
        return list
      }
      case 9:
        return new Set([inner(), inner()])
      case 10:
        return new Map([[inner(), inner()]])
      case 11:
        return Object.create({ inherited: inner() }, { own: { value: inner(), enumerable: true }, hidden: { value: 1 } })
      case 12:
        return JSON.parse(`{"${random.of(NAMES)}": {"a": 1}}`)
      case 13:
      case 14: {
        const object: Record<string, unknown> = {}
        shared.push(object)
        object[random.of(['a', 'b', 'toJSON', 'toString'])] = inner()
        return object
      }
      default:
        return random.of([0, 1.5, 'a', '\ud800', 12n])
    }
  }
  const value = fromHost(host(5))
  mustBeValue(value)
  keyOf(value)
  toHost(value)
  return 'read'
}
