import assert from 'node:assert/strict'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { checkOutput, writeOutput } from './files.ts'

let folder: string
const at = (name: string) => join(folder, name)
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'thymus-files-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('a file that is written', () => {
  test('is there whole, or as it was', () => {
    writeOutput(at('a'), 'one')
    assert.throws(() => writeOutput(at('a'), 'two'), { code: 'USAGE', message: 'it is there already, and is not replaced', at: at('a') })
    assert.equal(readFileSync(at('a'), 'utf8'), 'one')
    const text = 'two'
    assert.throws(() => writeOutput(at('a'), { length: 1 } as never, { over: true }), { code: 'USAGE', at: at('a') })
    assert.throws(() => writeOutput(at('b'), { length: 1 } as never), { code: 'USAGE', at: at('b') })
    assert.equal(readFileSync(at('a'), 'utf8'), 'one')
    writeOutput(at('a'), text, { over: true })
    assert.equal(readFileSync(at('a'), 'utf8'), 'two')
    assert.deepEqual(readdirSync(folder), ['a'])
  })

  test('keeps its mode and the link that leads to it; what is private is made so', () => {
    writeFileSync(at('a'), 'one')
    chmodSync(at('a'), 0o640)
    symlinkSync('a', at('link'))
    writeOutput(at('link'), 'two', { over: true })
    assert.ok(lstatSync(at('link')).isSymbolicLink())
    assert.deepEqual([readFileSync(at('a'), 'utf8'), statSync(at('a')).mode & 0o777], ['two', 0o640])
    writeOutput(at('a'), 'three', { over: true, isPrivate: true })
    assert.equal(statSync(at('a')).mode & 0o777, 0o600)
  })

  test('is no device: that is written as it is', () => {
    writeOutput('/dev/null', 'text', { over: true })
    assert.ok(statSync('/dev/null').isCharacterDevice())
    assert.throws(() => writeOutput('/dev/full', 'text', { over: true }), { code: 'USAGE', message: /ENOSPC/, at: '/dev/full' })
  })
})

test('whether a file can be written is asked without a trace', () => {
  writeFileSync(at('file'), '')
  mkdirSync(at('folder'))
  checkOutput(at('new'))
  checkOutput('/dev/null')
  checkOutput(at('file'))
  assert.ok(!existsSync(at('new')))
  assert.throws(() => checkOutput(at('none/new')), { code: 'USAGE', message: /ENOENT/ })
  assert.throws(() => checkOutput(at('file/new')), { code: 'USAGE', message: /ENOTDIR/ })
  assert.throws(() => checkOutput(at('folder')), { code: 'USAGE', message: 'it is a folder' })
})
