// A reporter for node:test that writes one JSON line per finished test to the file $THYMUS_TEST_EVENTS, at once: what was reported
// before a crash is kept.
import { appendFileSync } from 'node:fs'
import type { TestEvent } from 'node:test/reporters'
import { inspect } from 'node:util'

/** `end` comes once, after the last test: without it the file did not get that far. It has what was said of errors outside of any test. */
export type Line =
  | { readonly is: 'pass'; readonly name: string }
  | { readonly is: 'skip'; readonly name: string; readonly why: string }
  | { readonly is: 'fail'; readonly name: string; readonly at: string; readonly text: string }
  | { readonly is: 'end'; readonly said: string }

type Finished = Extract<TestEvent, { type: 'test:pass' | 'test:fail' }>

// The test runner takes a reporter as a default export only.
// biome-ignore lint/style/noDefaultExport: see above
export default async function* report(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const names: string[] = []
  const said: string[] = []
  for await (const event of source) {
    if (event.type === 'test:start') names[event.data.nesting] = event.data.name
    if (event.type === 'test:pass' || event.type === 'test:fail') {
      const line = lineOf(event, names.slice(0, event.data.nesting + 1).join(' › '))
      if (line !== undefined) write(line)
    }
    if (event.type === 'test:diagnostic' && event.data.message.startsWith('Error: ')) said.push(event.data.message)
    if (event.type === 'test:summary') write({ is: 'end', said: said.join('\n') })
  }
  yield ''
}

/** A suite counts only where it says more than its tests did: it was skipped whole, or one of its hooks failed. */
function lineOf({ type, data }: Finished, name: string): Line | undefined {
  const skip = data.skip ?? data.todo
  if (skip !== undefined && skip !== false)
    return { is: 'skip', name, why: typeof skip === 'string' ? skip.split('\n')[0]! : 'no reason given' }
  const isSuite = data.details.type === 'suite'
  if (type === 'test:pass') return isSuite ? undefined : { is: 'pass', name }
  const error = (data as Extract<Finished, { type: 'test:fail' }>['data']).details.error as Error & { failureType?: string }
  if (error.failureType === 'subtestsFailed') return undefined
  return { is: 'fail', name, at: `${data.file ?? ''}:${data.line ?? ''}`, text: textOf(error.cause ?? error) }
}

function textOf(error: unknown): string {
  const isAssertion = error instanceof Error && 'code' in error && error.code === 'ERR_ASSERTION'
  const text = isAssertion ? error.stack! : inspect(error, { depth: 4 })
  return text.replace(/^ +at .*\bnode:internal\/.*\n?/gm, '').trimEnd()
}

function write(line: Line): void {
  appendFileSync(process.env.THYMUS_TEST_EVENTS!, `${JSON.stringify(line)}\n`)
}
