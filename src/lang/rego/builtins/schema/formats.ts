import type { Runtime } from '../../codegen/runtime.ts'
import { BuiltinError } from '../../errors.ts'
import { RegoObject } from '../../values/value.ts'
import { parseAddress } from '../ip.ts'
import { patternFor } from '../regex.ts'
import { LAYOUTS } from '../time/layout.ts'
import { parseTime } from '../time/parse.ts'
import { parseUri } from '../uri.ts'

const LABEL = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]{0,61}[a-zA-Z0-9])'
const HOSTNAME = new RegExp(`^${LABEL}(?:\\.${LABEL})*$`)
const TIMES = ['15:04:05Z07:00', '15:04:05']
const DATE = '2006-01-02'

const isTime = (layouts: readonly string[]) => (text: string) => layouts.some((layout) => succeeds(() => parseTime(layout, text)))
const uriOf = (text: string) => (text.includes('\\') ? undefined : succeeds(() => parseUri(text)) ? parseUri(text) : undefined)
const isUri = (text: string) => uriOf(text)?.has('scheme') === true
const isReference = (text: string) => uriOf(text) !== undefined
/** RFC 5322, as far as anybody writes it: a mailbox, or a name and a mailbox in angles. */
const isEmail = (text: string) =>
  /^(?:[^<>@"]*<)?\s*(?:[\w!#$%&'*+/=?^`{|}~\u0080-\u{10ffff}-]+(?:\.[\w!#$%&'*+/=?^`{|}~\u0080-\u{10ffff}-]+)*|"(?:[^"\\]|\\.)*")@(?:[\w!#$%&'*+/=?^`{|}~\u0080-\u{10ffff}-]+(?:\.[\w!#$%&'*+/=?^`{|}~\u0080-\u{10ffff}-]+)*|\[[^\]]*\])\s*>?$/u.test(
    text,
  ) && text.includes('<') === text.endsWith('>')

const FORMATS = new Map<string, (text: string, runtime: Runtime) => boolean>([
  ['date', isTime([DATE])],
  ['time', isTime(TIMES)],
  ['date-time', isTime([...TIMES, DATE, LAYOUTS.get('RFC3339')!])],
  ['hostname', (text) => HOSTNAME.test(text) && text.length < 256],
  ['email', isEmail],
  ['idn-email', isEmail],
  ['ipv4', (text) => text.includes('.') && parseAddress(text)?.zone === ''],
  ['ipv6', (text) => text.includes(':') && parseAddress(text)?.zone === ''],
  ['uri', isUri],
  ['uri-reference', isReference],
  ['iri', isUri],
  ['iri-reference', isReference],
  ['uri-template', (text) => isReference(text) && /^(?:[^{]|\{[^}]*\})*$/.test(pathOf(text))],
  ['uuid', (text) => /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i.test(text)],
  ['regex', (text, runtime) => text === '' || succeeds(() => patternFor(runtime, text))],
  ['json-pointer', (text) => /^(?:\/(?:[^~/]|~0|~1)*)*$/.test(text)],
  ['relative-json-pointer', (text) => /^(?:0|[1-9]\d*)(?:#|(?:\/(?:[^~/]|~0|~1)*)*)$/.test(text)],
])

/** Whether a text is of a format; of one that nobody knows, each is. */
export const isFormat = (runtime: Runtime, format: string, text: string): boolean => FORMATS.get(format)?.(text, runtime) ?? true

function pathOf(text: string): string {
  const parsed = uriOf(text)
  const path = parsed instanceof RegoObject ? parsed.get('path') : undefined
  return typeof path === 'string' ? path : ''
}

function succeeds(work: () => unknown): boolean {
  try {
    work()
    return true
  } catch (error) {
    if (error instanceof BuiltinError) return false
    throw error
  }
}
