// What is wrong with modules, queries and evaluations, as opa says it.
import { detailsJson } from '../../lang/rego/compile/types/details-json.ts'
import { type Diagnostic, RegoError, RegoRejected } from '../../lang/rego/errors.ts'

export interface Fault {
  readonly message: string
  readonly code: string
  readonly location?: { readonly file: string; readonly row: number; readonly col: number }
  /** What opa's JSON says more. */
  readonly details?: Readonly<Record<string, unknown>>
}

/** The same for people: what opa writes below a fault. */
const linesBelow = new WeakMap<Fault, readonly string[]>()

/** Undefined for an error that is of no policy. */
export function faultsOf(error: unknown): readonly Fault[] | undefined {
  if (error instanceof RegoRejected) return error.diagnostics.map(faultOf)
  if (!(error instanceof RegoError)) return undefined
  const [, file = '', row, col] = /^(.*):(\d+):(\d+)$/.exec(error.at ?? '') ?? []
  const location = row === undefined ? {} : { location: { file, row: Number(row), col: Number(col) } }
  return [{ message: error.message, code: error.opaCode, ...location }]
}

function faultOf(diagnostic: Diagnostic): Fault {
  const { message, code, at } = diagnostic
  const details = detailsJson(diagnostic)
  const location = at === undefined ? {} : { location: { file: at.file, row: at.row, col: at.col } }
  const fault = { message, code, ...location, ...(details === undefined ? {} : { details }) }
  linesBelow.set(fault, diagnostic.details?.lines ?? [])
  return fault
}

/** `1 error occurred: f.rego:3: rego_type_error: …`, and below it the line with a caret, or the types. `when`: `during loading`. */
export function faultText(faults: readonly Fault[], when?: string): string {
  const lines = faults.map((fault) => {
    const { message, code, location } = fault
    return [`${place(location)}${code}: ${message}`, ...(linesBelow.get(fault) ?? [])].join('\n\t')
  })
  const occurred = when === undefined ? 'occurred' : `occurred ${when}`
  return lines.length === 1 ? `1 error ${occurred}: ${lines[0]}\n` : `${lines.length} errors ${occurred}:\n${lines.join('\n')}\n`
}

function place(location: Fault['location']): string {
  if (location === undefined) return ''
  return location.file === '' ? `${location.row}:${location.col}: ` : `${location.file}:${location.row}: `
}
