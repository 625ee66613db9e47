import { createInterface } from 'node:readline'
import { printable } from '../../../core/quote.ts'
import { faultsOf, faultText } from '../../../lang/rego/faults.ts'
import type { RegoVersion } from '../../../lang/rego/syntax/ast.ts'
import { RegoObject, type Value } from '../../../lang/rego/values/value.ts'
import { inputOf } from '../eval.ts'
import { loadFiles } from '../files.ts'
import { type ModuleFlags, type NetFlags, versionOf } from '../flags.ts'
import { netOf } from '../net.ts'
import { surroundings } from '../surroundings.ts'
import { Session } from './session.ts'

export interface ReplFlags extends Omit<ModuleFlags, 'data'>, NetFlags {
  readonly format: 'pretty' | 'json'
  readonly input?: string
}

/** What a policy prints stands where its answer does. */
const say = (message: string) => void process.stdout.write(`${printable(message)}\n`)

const PROMPT = '> '
const GOES_ON = '| '

/** Answers line by line until `exit`, or the end of stdin. No prompt is shown where nobody types. */
export async function repl(flags: ReplFlags, ...paths: string[]): Promise<number> {
  const session = begun(flags, paths, versionOf(flags))
  if (typeof session === 'string') {
    process.stderr.write(session)
    return 1
  }
  const terminal = process.stdin.isTTY === true
  const lines = createInterface({ input: process.stdin, output: terminal ? process.stdout : undefined, prompt: PROMPT })
  if (terminal) process.stdout.write("Type 'help' for commands, 'exit' to leave.\n")
  if (terminal) lines.prompt()
  for await (const line of lines) {
    process.stdout.write(session.line(line))
    if (session.done) break
    lines.setPrompt(session.waiting ? GOES_ON : PROMPT)
    if (terminal) lines.prompt()
  }
  lines.close()
  if (!session.done) process.stdout.write(session.end())
  return 0
}

/** What is wrong with the modules, as text, where the session cannot begin. */
function begun(flags: ReplFlags, paths: readonly string[], version: RegoVersion): Session | string {
  const http = netOf(flags['allow-net'])
  try {
    const { modules, data } = loadFiles(paths)
    const input = flags.input === undefined ? at(data, 'repl', 'input') : inputOf({ input: flags.input })
    return new Session({ modules, data, input, version, format: flags.format, surroundings: () => ({ ...surroundings(http), print: say }) })
  } catch (error) {
    const faults = faultsOf(error)
    if (faults === undefined) throw error
    return faultText(faults)
  }
}

const at = (data: Value, ...path: readonly string[]) =>
  path.reduce<Value | undefined>((value, key) => (value instanceof RegoObject ? value.get(key) : undefined), data)
