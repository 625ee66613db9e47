// The formats of texts that the API server checks, by the rules of kube-openapi's strfmt: what those take, not what their standards say.
// A format that is not here counts for nothing.
import { readIp } from '../../../formats/ip.ts'
import { readUrl } from '../../../formats/url.ts'
import { isDate, isDateTime, isDuration } from './dates.ts'
import { isEmail } from './email.ts'
import { hasMatch } from './regex.ts'

const matches = (pattern: RegExp) => (text: string) => pattern.test(text)

const UUID = (version: string, variant: string) =>
  matches(new RegExp(`^[\\da-f]{8}-?[\\da-f]{4}-?${version}[\\da-f]{3}-?${variant}[\\da-f]{3}-?[\\da-f]{12}$`, 'i'))

const OCTET = String.raw`[ \t\n\f\r]*(?:0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])[ \t\n\f\r]*`

/** Name without dashes → does the text have the format? */
export const FORMATS: ReadonlyMap<string, (text: string) => boolean> = new Map([
  ['bsonobjectid', matches(/^[\da-f]{24}$/i)],
  ['byte', isBase64],
  ['cidr', isCidr],
  ['creditcard', isCreditCard],
  ['date', isDate],
  ['datetime', isDateTime],
  ['duration', isDuration],
  ['email', isEmail],
  ['hexcolor', matches(/^#?(?:[\da-f]{3}|[\da-f]{6})$/i)],
  ['hostname', isHostname],
  ['ipv4', (text) => text.includes('.') && readSloppyIp(text) !== undefined],
  ['ipv6', (text) => text.includes(':') && readIp(text) !== undefined],
  ['isbn', (text) => isIsbn10(text) || isIsbn13(text)],
  ['isbn10', isIsbn10],
  ['isbn13', isIsbn13],
  ['k8slongname', (text) => text.length <= 253 && text.split('.').every(matches(/^[a-z\d](?:[-a-z\d]*[a-z\d])?$/))],
  ['k8sshortname', matches(/^(?=.{1,63}$)[a-z\d](?:[-a-z\d]*[a-z\d])?$/)],
  ['mac', isMac],
  ['password', () => true],
  ['rgbcolor', matches(new RegExp(String.raw`^rgb\(${OCTET},${OCTET},${OCTET}\)$`))],
  ['ssn', matches(/^\d{3}[- ]\d{2}[- ]\d{4}$/)],
  ['uri', isRequestUri],
  ['uuid', UUID('[\\da-f]', '[\\da-f]')],
  ['uuid3', UUID('3', '[\\da-f]')],
  ['uuid4', UUID('4', '[89ab]')],
  ['uuid5', UUID('5', '[89ab]')],
])

/** The key of a format in FORMATS. */
export const formatKey = (format: string) => format.replaceAll('-', '')

function isBase64(text: string): boolean {
  const body = text.replace(/={1,2}$/, '')
  return text !== '' && text.length % 4 === 0 && body.search(/[^A-Za-z\d+/]/) < 0
}

/** Leading zeros are taken, as Go did before 1.17. */
const readSloppyIp = (text: string) => readIp(text.replaceAll(/(^|[:.])0+(?=[\da-f])/gi, '$1'))

function isCidr(text: string): boolean {
  const slash = text.indexOf('/')
  const bits = text.slice(slash + 1)
  const bytes = slash < 0 ? undefined : readSloppyIp(text.slice(0, slash))
  return bytes !== undefined && /^\d+$/.test(bits) && Number(bits) <= 8 * bytes.length
}

/** Luhn's sum over whatever digits there are. */
function isCreditCard(text: string): boolean {
  const digits = text.replaceAll(/\D/g, '')
  const known = /^(?:4\d{12}(?:\d{3})?|5[1-5]\d{14}|6(?:011|5\d\d)\d{12}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|(?:2131|1800|35\d{3})\d{11})$/
  if (!known.test(digits)) return false
  const sum = [...digits].reverse().reduce((total, digit, index) => {
    const value = Number(digit) * (index % 2 === 1 ? 2 : 1)
    return total + (value > 9 ? value - 9 : value)
  }, 0)
  return sum % 10 === 0
}

const isbnDigits = (text: string) => text.replaceAll(/[ \t\n\f\r-]/g, '')

function isIsbn10(text: string): boolean {
  const digits = isbnDigits(text)
  if (!/^(?:\d{9}X|\d{10})$/.test(digits)) return false
  return [...digits].reduce((sum, digit, index) => sum + (index + 1) * (digit === 'X' ? 10 : Number(digit)), 0) % 11 === 0
}

function isIsbn13(text: string): boolean {
  const digits = isbnDigits(text)
  return /^\d{13}$/.test(digits) && [...digits].reduce((sum, digit, index) => sum + (index % 2 === 0 ? 1 : 3) * Number(digit), 0) % 10 === 0
}

const HOSTNAME =
  '^([a-zA-Z0-9\\p{S}\\p{L}]((-?[a-zA-Z0-9\\p{S}\\p{L}]{0,62})?)|' +
  '([a-zA-Z0-9\\p{S}\\p{L}](([-a-zA-Z0-9\\p{S}\\p{L}]{0,61}[a-zA-Z0-9\\p{S}\\p{L}])?)(\\.)){1,}([a-zA-Z\\p{L}]){2,63})$'

function isHostname(text: string): boolean {
  if (Buffer.byteLength(text) > 255) return false
  return text.split('.').every((label) => Buffer.byteLength(label) <= 63) && hasMatch(HOSTNAME, text)
}

function isMac(text: string): boolean {
  const parts = text.split(/[:.-]/)
  const form = /^(?:[\da-f]{2}([:-])[\da-f]{2}(?:\1[\da-f]{2})*|[\da-f]{4}(?:\.[\da-f]{4})+|[\da-f]+)$/i
  return [12, 16, 40].includes(parts.join('').length) && form.test(text)
}

/** net/url.ParseRequestURI: a path, or anything with a scheme; a `#` is a character like others. */
function isRequestUri(text: string): boolean {
  if (text === '*') return true
  const bytes = Buffer.from(text).toString('latin1').replaceAll('#', '^')
  if (/[\x00-\x1f\x7f]/.test(bytes)) return false
  if (bytes.startsWith('/')) return !/%(?![\da-f]{2})/i.test(bytes.split('?', 1)[0]!)
  try {
    return readUrl(bytes).scheme !== ''
  } catch {
    return false
  }
}
