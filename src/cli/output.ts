// Where the data of a command goes: what `-o` asks for, the terminal that stdout is, and the view of each kind for people.
import { closeSync, ftruncateSync, openSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { ThymusError } from '../core/errors.ts'
import { openOutput as openTargets, parseTarget, type Sink, type Stream } from '../outputs/output.ts'
import { type Colour, isAscii, useColour, width } from './terminal.ts'
import { version } from './version.ts'
import { EVENT_COLUMNS, type Kind, VIEWS } from './views/views.ts'

/** The flags of every command that has data to show. */
export interface OutputFlags {
  readonly output?: readonly string[]
  readonly 'no-trunc'?: boolean
  readonly color: Colour
}

export interface Output {
  show(value: object): void
  stream(): Stream
}

/** Opens all that was asked for before anything is done. @throws ThymusError USAGE */
export async function openOutput(kind: Kind | 'Event', flags: OutputFlags): Promise<Output> {
  const targets = (flags.output ?? ['table']).map(parseTarget)
  if (kind !== 'FindingList' && targets.some(({ format }) => format === 'sarif')) {
    throw new ThymusError('USAGE', 'sarif is a format of findings: thymus finding list -o sarif')
  }
  const terminal = {
    colour: useColour(flags.color, process.stdout.isTTY, process.env),
    width: flags['no-trunc'] ? undefined : width(),
    ascii: isAscii(process.env),
  }
  const places = targets.map(({ format, file }) => ({ format, file: file === null ? null : resolve(file) }))
  const output = await openTargets(places, { terminal, version: version(), open })
  return {
    show: (value) => output.show({ kind, value, parts: () => VIEWS[kind as Kind](value as never, terminal) }),
    stream: () => output.stream(kind, EVENT_COLUMNS),
  }
}

/** What was in a file before stays until there is something in its place. */
function open(file: string | null): Sink {
  if (file === null) return { write: (text) => process.stdout.write(text), close: () => {} }
  let fd: number
  try {
    fd = openSync(file, 'a')
  } catch (cause) {
    throw new ThymusError('USAGE', `it cannot be written (${(cause as NodeJS.ErrnoException).code})`, { at: file, cause })
  }
  let begun = false
  const write = (text: string) => {
    if (!begun) ftruncateSync(fd)
    begun = true
    writeFileSync(fd, text)
  }
  return { write, close: () => closeSync(fd) }
}
