// What is wrong with modules, queries and evaluations, as opa says it.
import { detailsJson } from './compile/types/details-json.ts'
import { type Diagnostic, RegoError, RegoRejected } from './errors.ts'

export interface Fault {
  readonly message: string
  readonly code: string
  readonly location?: { readonly file: string; readonly row: number; readonly col: number }
  /** Why it is a type error, or the line in which it cannot be read, as JSON. */
  readonly details?: Readonly<Record<string, unknown>>
  /** What stands below the message. */
  readonly lines?: readonly string[]
}

/** Undefined for an error that is of no policy. */
export function faultsOf(error: unknown): readonly Fault[] | undefined {
  if (error instanceof RegoRejected) return error.diagnostics.map(faultOf)
  if (!(error instanceof RegoError)) return undefined
  const [, file = '', row, col] = /^(.*):(\d+):(\d+)$/.exec(error.at ?? '') ?? []
  const location = row === undefined ? {} : { location: { file, row: Number(row), col: Number(col) } }
  return [{ message: error.message, code: error.opaCode, ...location }]
}

function faultOf(diagnostic: Diagnostic): Fault {
  const { message, code, at, details } = diagnostic
  const json = detailsJson(diagnostic)
  return {
    message,
    code,
    ...(at === undefined ? {} : { location: { file: at.file, row: at.row, col: at.col } }),
    ...(json === undefined ? {} : { details: json }),
    ...(details === undefined ? {} : { lines: details.lines }),
  }
}

/** For JSON. */
export const faultDocuments = (faults: readonly Fault[]): readonly Fault[] => faults.map(({ lines: _, ...fault }) => fault)

/** `1 error occurred: f.rego:3: rego_type_error: …`, and what stands below. `when`: `during loading`. */
export function faultText(faults: readonly Fault[], when?: string): string {
  const texts = faults.map(({ message, code, location, lines = [] }) => [`${place(location)}${code}: ${message}`, ...lines].join('\n\t'))
  const occurred = when === undefined ? 'occurred' : `occurred ${when}`
  return texts.length === 1 ? `1 error ${occurred}: ${texts[0]}\n` : `${texts.length} errors ${occurred}:\n${texts.join('\n')}\n`
}

function place(location: Fault['location']): string {
  if (location === undefined) return ''
  return location.file === '' ? `${location.row}:${location.col}: ` : `${location.file}:${location.row}: `
}
