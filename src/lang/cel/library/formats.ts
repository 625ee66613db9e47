// Formats of names and texts (k8s.io/apiserver/pkg/cel/library/format.go; the messages are k8s.io/apimachinery/pkg/util/validation's).
import { decodeBase64 } from '../../../formats/base64.ts'
import { Fault, type Run } from '../run.ts'
import { ItemList, Optional, opaque } from '../values.ts'
import type { Library } from './library.ts'
import { isUri } from './net.ts'
import { readTimestamp } from './time.ts'

type Check = (text: string) => readonly string[]

interface Form {
  /** What Kubernetes counts the regular expression behind it as. */
  readonly size: number
  readonly check: Check
}

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`
const LABEL_1035 = '[a-z]([-a-z0-9]*[a-z0-9])?'
const QUALIFIED = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'

/** A message, the pattern, and examples, as Kubernetes puts them together. */
function pattern(regex: string, what: string, most: number, ...examples: readonly string[]): Check {
  const whole = new RegExp(`^${regex}$`)
  const named = examples.map((example, at) => `${at === 0 ? '' : ' or '}'${example}', `).join('')
  const message = `${what} (e.g. ${named}regex used for validation is '${regex}')`
  return (text) => [
    ...(Buffer.byteLength(text) > most ? [`must be no more than ${most} bytes`] : []),
    ...(whole.test(text) ? [] : [message]),
  ]
}

const label = pattern(
  LABEL,
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
  63,
  'my-name',
  '123-abc',
)
const subdomain = pattern(
  SUBDOMAIN,
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  253,
  'example.com',
)
const label1035 = pattern(
  LABEL_1035,
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
  63,
  'my-name',
  'abc-123',
)
const labelValue = pattern(
  `(${QUALIFIED})?`,
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  63,
  'MyValue',
  'my_value',
  '12345',
)
const qualifiedPart = pattern(
  QUALIFIED,
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  63,
  'MyName',
  'my.name',
  '123-abc',
)

function qualifiedName(text: string): readonly string[] {
  const parts = text.split('/', 3)
  if (parts.length > 2) {
    return [
      `a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${QUALIFIED}') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ]
  }
  const [name, prefix] = [parts.at(-1)!, parts.length === 2 ? parts[0]! : undefined]
  const problems: string[] = []
  if (prefix === '') problems.push('prefix part must be non-empty')
  else if (prefix !== undefined) problems.push(...subdomain(prefix).map((one) => `prefix part ${one}`))
  if (name === '') problems.push('name part must be non-empty')
  return [...problems, ...qualifiedPart(name).map((one) => `name part ${one}`)]
}

/** A name that something will be put behind: a dash at its end is no fault. */
const asPrefix =
  (check: Check): Check =>
  (text) =>
    check(text.length > 1 && text.endsWith('-') ? `${text.slice(0, -2)}a` : text)

const when =
  (holds: (text: string) => boolean, message: string): Check =>
  (text) =>
    holds(text) ? [] : [message]

function isDate(text: string): boolean {
  return text.length === 10 && isDateTime(`${text}T00:00:00Z`)
}

function isDateTime(text: string): boolean {
  try {
    readTimestamp(text)
    return true
  } catch (error) {
    if (error instanceof Fault) return false
    throw error
  }
}

const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i

const FORMS: Readonly<Record<string, Form>> = {
  dns1123Label: { size: 30, check: label },
  dns1123Subdomain: { size: 60, check: subdomain },
  dns1035Label: { size: 30, check: label1035 },
  qualifiedName: { size: 60, check: qualifiedName },
  dns1123LabelPrefix: { size: 30, check: asPrefix(label) },
  dns1123SubdomainPrefix: { size: 60, check: asPrefix(subdomain) },
  dns1035LabelPrefix: { size: 30, check: asPrefix(label1035) },
  labelValue: { size: 40, check: labelValue },
  uri: { size: 1_104, check: when(isUri, 'invalid URI') },
  uuid: { size: 72, check: when((text) => UUID.test(text), 'does not match the UUID format') },
  byte: { size: 84, check: when((text) => text !== '' && decodeBase64(text, { padded: true }) !== undefined, 'invalid base64') },
  date: { size: 72, check: when(isDate, 'invalid date') },
  datetime: { size: 72, check: when(isDateTime, 'invalid datetime') },
}

/** By its name. */
const Format = opaque<string>('kubernetes.NamedFormat', (a, b) => a === b)

const VALUES = new Map(Object.keys(FORMS).map((name) => [name, new Format(name)]))
const F = 'kubernetes.NamedFormat'

export const FORMATS: Library = {
  ...Object.fromEntries([...VALUES].map(([name, value]) => [`format.${name}(): ${F}`, () => value])),
  [`format.named(string): optional_type(${F})`]: (_: Run, name: string) => {
    const found = VALUES.get(name)
    return found === undefined ? Optional.NONE : new Optional(found)
  },
  [`.validate(${F}, string): optional_type(list(string))`]: (run: Run, { held }: InstanceType<typeof Format>, text: string) => {
    const { size, check } = FORMS[held]!
    run.charge(Math.ceil((1 + text.length) * 0.1) * Math.ceil(size * 0.25) - 1)
    const problems = check(text)
    return problems.length === 0 ? Optional.NONE : new Optional(new ItemList([...problems]))
  },
}
