// What is wrong with a request, as OPA's REST API says it.
import { type Fault, faultText } from '../../lang/rego/faults.ts'
import { printJson, quote, readJson } from '../../lang/rego/values/text.ts'
import { type Answer, json } from '../exchange.ts'
import { members, pretty } from './json-text.ts'

export type RefusalCode =
  | 'internal_error'
  | 'unauthorized'
  | 'invalid_parameter'
  | 'invalid_operation'
  | 'resource_not_found'
  | 'resource_conflict'
  | 'undefined_document'

/** Ends a request with an error document. */
export class Refusal extends Error {
  readonly status: number
  readonly code: RefusalCode
  readonly faults: readonly Fault[]

  constructor(status: number, code: RefusalCode, message: string, faults: readonly Fault[] = []) {
    super(message)
    this.status = status
    this.code = code
    this.faults = faults
  }

  get answer(): Answer {
    const errors = this.faults.length === 0 ? undefined : `[${this.faults.map(document).join(',')}]`
    const body = members([
      ['code', quote(this.code)],
      ['message', quote(this.message)],
      ['errors', errors],
    ])
    return json(pretty(body), this.status)
  }
}

export const invalid = (message: string, faults: readonly Fault[] = []) => new Refusal(400, 'invalid_parameter', message, faults)

/** For a body that is larger than allowed. */
export const tooLarge = (maxBytes: number) => invalid(`request body too large: exceeds limit of ${maxBytes} bytes`).answer

/** Faults in one text, as where OPA has no list for them. */
export const inWords = (faults: readonly Fault[]) => faultText(faults).trimEnd()

function document({ code, message, location, details }: Fault): string {
  return members([
    ['code', quote(code)],
    ['message', quote(message)],
    ['location', location && members([['file', quote(location.file)], ...number('row', location.row), ...number('col', location.col)])],
    ['details', details && goJson(details)],
  ])
}

/** What JSON.stringify makes, escaped as Go does. */
const goJson = (value: object) => printJson(readJson(JSON.stringify(value)))

const number = (name: string, value: number) => [[name, String(value)]] as const
