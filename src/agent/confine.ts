// `confine.ts DESCRIPTION -- COMMAND…`: restricts itself, then becomes the command. DESCRIPTION is a Confinement in JSON, or `fd:N`, a descriptor
// to read it from. Exit status if the command does not run: 64 the call is wrong, 77 the kernel cannot do all of it, 126 the command
// cannot be executed, 127 there is none, 1 anything else.
import { closeSync, readFileSync, writeSync } from 'node:fs'
import { parseConfinement } from '../adapters/linux/confinement.ts'
import { exitStatus, ThymusError } from '../core/errors.ts'
import { become, lastWords } from './become.ts'

const USAGE = 'confine.ts DESCRIPTION|fd:N -- COMMAND…'

try {
  const [description, dashes, ...command] = process.argv.slice(2)
  if (description === undefined || dashes !== '--' || command.length === 0) throw new ThymusError('USAGE', USAGE)
  become(parseConfinement(textOf(description)), lastWords(command.length))
} catch (error) {
  const { code, message, at } = error instanceof ThymusError ? error : new ThymusError('INTERNAL', String(error))
  writeSync(2, `thymus: ${code}: ${message}${at === undefined ? '' : ` (at ${at})`}\n`)
  process.exitCode ??= exitStatus(code)
}

function textOf(description: string): string {
  const fd = /^fd:(\d{1,7})$/.exec(description)?.[1]
  if (fd === undefined) return description
  try {
    const text = readFileSync(Number(fd), 'utf8')
    closeSync(Number(fd))
    return text
  } catch (cause) {
    throw new ThymusError('USAGE', 'the descriptor cannot be read', { at: description, cause })
  }
}
