import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TypeReader } from '../compile/types/notation.ts'
import { AWS } from './aws.ts'
import { CRYPTO } from './crypto.ts'
import { GRAPHQL } from './graphql/graphql.ts'
import { HTTP } from './http/http.ts'
import { JWT } from './jwt/jwt.ts'
import { SCHEMA } from './schema/schema.ts'
import { signatureNames, signatureOf } from './signatures.ts'
import { BUILTINS } from './table.ts'
import { TEMPLATE } from './template/template.ts'
import { X509 } from './x509/x509.ts'
import { YAML } from './yaml/yaml.ts'

test('a builtin is found by its name, with its types and what is special of it', () => {
  const { type, ...walk } = signatureOf('walk')!
  assert.deepEqual(walk, { name: 'walk', infix: undefined, relation: true, nondeterministic: false, deprecated: false })
  assert.deepEqual(type, new TypeReader('(x: any) => output: array<array[any], any>').declaration())
  assert.equal(signatureOf('div')!.infix, '/')
  assert.ok(signatureOf('http.send')!.nondeterministic)
  assert.ok(signatureOf('re_match')!.deprecated)
  assert.equal(signatureOf('print')!.type.result, undefined)
  assert.equal(signatureOf('print')!.type.variadic?.type?.kind, 'any')
  assert.equal(signatureOf('time.format')!.type.result!.name, 'formatted timestamp')
})

test('what OPA does not know is not found, whatever it is called', () => {
  for (const name of ['', 'nothing', 'constructor', '__proto__', 'abs(x']) assert.equal(signatureOf(name), undefined)
})

test('every declaration can be read, and every builtin here is declared', () => {
  assert.equal(signatureNames().length, 206)
  for (const name of signatureNames()) assert.equal(signatureOf(name)!.name, name)
  for (const name of BUILTINS.names) assert.ok(signatureOf(name), name)
})

test('a builtin that is loaded later is there when it is asked for, and no other is', () => {
  for (const name of BUILTINS.names) assert.equal(typeof BUILTINS.get(name), 'function', name)
  const later = { ...AWS, ...CRYPTO, ...GRAPHQL, ...HTTP, ...JWT, ...SCHEMA, ...TEMPLATE, ...X509, ...YAML }
  for (const name of Object.keys(later)) assert.equal(BUILTINS.get(name), later[name], name)
  for (const name of ['', 'constructor', 'graphql', 'http.get']) assert.ok(!BUILTINS.has(name) && BUILTINS.get(name) === undefined, name)
})

test('what is not of the notation is refused', () => {
  for (const text of [
    '',
    '(',
    '(nothing)',
    '(any',
    '(any) =>',
    '(any<) => any',
    '(array[any) => any',
    '(any) any',
    '(x: )',
    '(object[any])',
  ]) {
    assert.throws(() => new TypeReader(text).declaration(), TypeError, text)
  }
})
