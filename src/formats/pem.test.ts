import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { test } from 'node:test'
import { readAllPem, readPem, writePem } from './pem.ts'

const block = (label: string, body: string) => `-----BEGIN ${label}-----\n${body}-----END ${label}-----\n`
const shown = (text: string) => readAllPem(text).map(({ label, bytes }) => `${label}=${bytes.toString('latin1')}`)

test('blocks are read wherever they stand', () => {
  assert.deepEqual(shown(block('A', 'aGk=\n')), ['A=hi'])
  assert.deepEqual(shown(`text\n${block('A B', 'a\tG \nk=\n')}more\n${block('C', '').trimEnd()}`), ['A B=hi', 'C='])
  assert.deepEqual(shown(block('A', 'aGk=\n').replaceAll('\n', ' \r\n')), ['A=hi'])
  assert.deepEqual(shown(block('A', 'Proc-Type: 4,ENCRYPTED\nDEK-Info: x\n\naGk=\n')), ['A=hi'])
  const two = `${block('A', 'aGk=\n')}rest`
  assert.equal(two.slice(readPem(two)!.end), 'rest')
})

test('a block is written as OpenSSL writes it, and read as it was', () => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  assert.equal(writePem('PUBLIC KEY', publicKey.export({ format: 'der', type: 'spki' })), publicKey.export({ format: 'pem', type: 'spki' }))
  for (const length of [1, 47, 48, 49, 96, 97]) {
    const bytes = Buffer.alloc(length, 7)
    const text = writePem('A B', bytes)
    assert.deepEqual(readAllPem(text), [{ label: 'A B', bytes, end: text.length }])
  }
})

test('what is no block is passed over', () => {
  const good = block('G', 'aGk=\n')
  for (const broken of [
    '-----BEGIN A-----\naGk=\n',
    block('A', 'aGk\n'),
    block('A', 'aGk=').replace('END A', 'END B'),
    '-----BEGIN A----\naGk=\n-----END A-----\n',
    ` ${block('A', 'aGk=\n')}`,
    block('A', 'aGk=\n').trimEnd().concat(' x\n'),
    block('A', 'Name: value\n'),
  ]) {
    assert.deepEqual(shown(broken), [], broken)
    assert.deepEqual(shown(broken + good), ['G=hi'], broken)
  }
})

test('a text of nothing but line ends and marks is read in linear time', () => {
  const started = performance.now()
  for (const part of ['\n-----END ', '-----BEGIN ', '-----BEGIN A-----\n', '\n-----BEGIN A-----\n:\n-----END ', '\n']) {
    assert.deepEqual(shown(part.repeat(200_000)), [], part)
  }
  assert.ok(performance.now() - started < 5_000)
})
