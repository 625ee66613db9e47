// Where the data of a command goes: what `-o` asks for, the terminal that stdout is, and the view of each kind for people.
import { closeSync, openSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { ThymusError } from '../core/errors.ts'
import { openOutput as openTargets, parseTarget, type Sink, type Stream } from '../outputs/output.ts'
import { checkOutput, writeOutput, writing } from './files.ts'
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

/** What cannot be written is told before anything is done. @throws ThymusError USAGE */
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

/** What was in a file before stays until there is something in its place: all of an answer, or the first of what comes piece by piece. */
function open(file: string | null): Sink {
  if (file === null) {
    const write = (text: string) => void process.stdout.write(text)
    return { whole: write, write, close: () => {} }
  }
  checkOutput(file)
  let fd: number | undefined
  const begun = () => {
    fd ??= openSync(file, 'w')
    return fd
  }
  return {
    whole: (text) => writeOutput(file, text, { over: true }),
    write: (text) => writing(file, () => writeFileSync(begun(), text)),
    close: () => writing(file, () => closeSync(begun())),
  }
}
