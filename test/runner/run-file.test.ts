import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type FileResult, runFile } from './run-file.ts'

const run = (name: string, seconds = 20): Promise<FileResult> =>
  runFile(join(import.meta.dirname, 'fixtures', `${name}.ts`), { seconds, settleMs: 0 })
const names = ({ failures }: FileResult) => failures.map(({ name }) => name)

test('passes, failures and skips are told apart, and nothing is counted twice', async () => {
  const result = await run('mixed')
  assert.equal(result.passed, 1)
  assert.deepEqual(names(result), ['a suite › fails', 'a broken suite › is cancelled', 'a broken suite'])
  assert.match(result.failures[0]!.text, /mixed\.ts:6\n.*\n(.*\n)*[+-] +port: 2/)
  assert.match(result.failures[2]!.text, /the hook broke/)
  assert.deepEqual(
    [...result.skipped],
    [
      ['no such hardware', 2],
      ['no reason given', 1],
    ],
  )
})

test('a file whose process ends before its tests has failed, and keeps what it reported', async () => {
  const result = await run('crashes')
  assert.equal(result.passed, 1)
  assert.deepEqual(names(result), ['reaches its end'])
  assert.match(result.output, /last words/)
})

test('an error after the last test is a failure', async () => {
  const result = await run('throws-late')
  assert.equal(result.passed, 1)
  assert.deepEqual(names(result), ['ends well'])
  assert.match(result.failures[0]!.text, /nobody awaits this/)
})

test('a file that does not finish is ended with its children, and has failed', async () => {
  const result = await run('hangs', 1)
  assert.deepEqual(names(result), ['reaches its end'])
  assert.match(result.failures[0]!.text, /did not finish within 1 s/)
})

test('a test that does not finish fails', async () => {
  assert.deepEqual(names(await run('waits', 1)), ['waits for what never comes'])
})

test('a file without a test has failed', async () => {
  assert.deepEqual(names(await run('empty')), ['reports a test'])
})

test('a file or a process that is left behind is a failure', async () => {
  const result = await run('litters')
  assert.equal(result.passed, 1)
  assert.deepEqual(names(result), ['leaves no process', 'leaves no file'])
  const pid = Number.parseInt(result.failures[0]!.text, 10)
  assert.match(result.failures[0]!.text, /^\d+ sleep 600$/)
  assert.ok(
    !existsSync(`/proc/${pid}`) || readFileSync(`/proc/${pid}/cmdline`, 'utf8') === '',
    'it is ended, though perhaps not waited for',
  )
})
