// `thymus/rego` as another program imports it, and the page that shows how.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { compilePolicy, fromHost, prepareQuery, toHost } from 'thymus/rego'

test('the example of the page gives the answer that the page says', async () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/rego.md'), 'utf8')
  const [, code] = /```ts\n(.*?)```/s.exec(page)!
  const [, body] = /^import [^\n]*\n(.*)$/s.exec(code!)!
  const said: unknown[] = []
  const run = new Function('compilePolicy', 'fromHost', 'prepareQuery', 'toHost', 'console', body!)
  run(compilePolicy, fromHost, prepareQuery, toHost, { log: (value: unknown) => said.push(value) })
  assert.deepEqual(said, [true])
})
