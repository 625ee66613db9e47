import { BuiltinError } from '../../errors.ts'
import { DAYS, MONTHS, piecesOf } from './layout.ts'
import { dayNumber, daysIn, SECOND } from './zone.ts'

/** What was read so far. Fields are undefined where the text does not say. */
interface Fields {
  year: number
  month?: number
  day?: number
  yearDay?: number
  hour: number
  minute: number
  second: number
  nanosecond: number
  half?: 'am' | 'pm'
  utc?: boolean
  /** East of Greenwich, in seconds. */
  offset?: number
}

/** Nanoseconds since 1970 of a text by a layout, as Go's time.Parse reads it. Throws BuiltinError. */
export function parseTime(layout: string, value: string): bigint {
  const fail = (why: string) => new BuiltinError(`parsing time ${JSON.stringify(value)} as ${JSON.stringify(layout)}: ${why}`)
  const fields: Fields = { year: 0, hour: 0, minute: 0, second: 0, nanosecond: 0 }
  const pieces = piecesOf(layout)
  let rest: string | undefined = value
  for (const [at, { kind, text }] of pieces.entries()) {
    const before: string = rest
    try {
      if (kind === 'text') rest = skip(rest, text)
      else if (kind === 'fraction') rest = readFraction(rest, text, fields)
      else rest = readElement(rest, text, fields, pieces[at + 1]?.kind === 'fraction')
    } catch (error) {
      if (error instanceof RangeError) throw fail(`${error.message} out of range`)
      throw error
    }
    if (rest === undefined) throw fail(`cannot parse ${JSON.stringify(before)} as ${JSON.stringify(text)}`)
  }
  if (rest !== '') throw fail(`extra text: ${JSON.stringify(rest)}`)
  const { month, day } = dateOf(fields, fail)
  const hour = fields.half === 'pm' && fields.hour < 12 ? fields.hour + 12 : fields.half === 'am' && fields.hour === 12 ? 0 : fields.hour
  const seconds = dayNumber(fields.year, month, day) * 86_400 + hour * 3600 + fields.minute * 60 + fields.second
  return BigInt(seconds - offsetOf(fields)) * SECOND + BigInt(fields.nanosecond)
}

/** A literal; a space in it stands for any number of them. */
function skip(value: string, literal: string): string | undefined {
  let [rest, wanted] = [value, literal]
  while (wanted !== '') {
    if (wanted.startsWith(' ')) {
      if (rest !== '' && !rest.startsWith(' ')) return undefined
      wanted = wanted.replace(/^ +/, '')
      rest = rest.replace(/^ +/, '')
    } else {
      if (rest === '' || rest[0] !== wanted[0]) return undefined
      wanted = wanted.slice(1)
      rest = rest.slice(1)
    }
  }
  return rest
}

/** Reads one element and answers what stands behind it; undefined where it does not fit. Throws RangeError with the field's name. */
function readElement(value: string, element: string, fields: Fields, fractionFollows: boolean): string | undefined {
  const number = (pattern: RegExp, range: readonly [number, number, string] | undefined, set: (read: number) => void) => {
    const found = pattern.exec(value)?.[0]
    if (found === undefined) return undefined
    const read = Number(found)
    if (range !== undefined && (read < range[0] || read > range[1])) throw new RangeError(range[2])
    set(read)
    return value.slice(found.length)
  }
  const digits = element.startsWith('0') ? /^\d\d/ : /^\d\d?/
  switch (element) {
    case '2006':
      return number(/^\d{4}/, undefined, (read) => {
        fields.year = read
      })
    case '06':
      return number(/^(?:\d\d|[+-]\d)/, undefined, (read) => {
        fields.year = read >= 69 ? read + 1900 : read + 2000
      })
    case 'January':
    case 'Jan':
    case 'Monday':
    case 'Mon': {
      const names = /^J/.test(element) ? MONTHS : DAYS
      const found = name(value, element.length === 3 ? names.map((each) => each.slice(0, 3)) : names)
      if (found === undefined) return undefined
      if (names === MONTHS) fields.month = found.at + 1
      return found.rest
    }
    case '01':
    case '1':
      return number(digits, [1, 12, 'month'], (read) => {
        fields.month = read
      })
    case '02':
    case '_2':
    case '2':
      return readElementDay(element === '_2' ? value.replace(/^ /, '') : value, digits, fields)
    case '002':
    case '__2': {
      const from = element === '__2' ? value.replace(/^ {1,2}/, '') : value
      const found = (element === '002' ? /^\d{3}/ : /^\d{1,3}/).exec(from)?.[0]
      if (found === undefined) return undefined
      fields.yearDay = Number(found)
      return from.slice(found.length)
    }
    case '15':
      return number(/^\d\d?/, [0, 23, 'hour'], (read) => {
        fields.hour = read
      })
    case '03':
    case '3':
      return number(digits, [0, 12, 'hour'], (read) => {
        fields.hour = read
      })
    case '04':
    case '4':
      return number(digits, [0, 59, 'minute'], (read) => {
        fields.minute = read
      })
    case '05':
    case '5': {
      const rest = number(digits, [0, 59, 'second'], (read) => {
        fields.second = read
      })
      // A fraction may follow that no layout foresaw.
      return rest !== undefined && !fractionFollows ? readFraction(rest, '.9', fields) : rest
    }
    case 'PM':
    case 'pm': {
      const found = (element === 'PM' ? /^[AP]M/ : /^[ap]m/).exec(value)?.[0]
      if (found === undefined) return undefined
      fields.half = found.toLowerCase() as 'am' | 'pm'
      return value.slice(2)
    }
    case 'MST':
      return readZone(value, fields)
    default:
      return readOffset(value, element, fields)
  }
}

function readElementDay(value: string, digits: RegExp, fields: Fields): string | undefined {
  const found = digits.exec(value)?.[0]
  if (found === undefined) return undefined
  fields.day = Number(found)
  return value.slice(found.length)
}

function name(value: string, names: readonly string[]): { at: number; rest: string } | undefined {
  const at = names.findIndex((each) => value.slice(0, each.length).toLowerCase() === each.toLowerCase())
  return at < 0 ? undefined : { at, rest: value.slice(names[at]!.length) }
}

/** `.000` wants as many digits, `.999` takes what there is. */
function readFraction(value: string, element: string, fields: Fields): string | undefined {
  let found: string | undefined
  if (element[1] === '0') {
    found = value.slice(0, element.length)
    if (!/^[.,][+-]?\d+$/.test(found) || found.length < element.length) return undefined
    if (/^.-0*[1-9]/.test(found)) throw new RangeError('fractional second')
  } else found = /^[.,]\d+/.exec(value)?.[0]
  if (found === undefined) return value
  fields.nanosecond = Math.abs(Number(found.slice(1, 10))) * 10 ** Math.max(0, 10 - found.length)
  return value.slice(found.length)
}

function readOffset(value: string, element: string, fields: Fields): string | undefined {
  if (element.startsWith('Z') && value.startsWith('Z')) {
    fields.utc = true
    return value.slice(1)
  }
  const colon = element.includes(':') ? ':' : ''
  const count = (element.replaceAll(':', '').length - 1) / 2
  const found = new RegExp(`^([+-])(\\d\\d)${`${colon}(\\d\\d)`.repeat(count - 1)}`).exec(value)
  if (found === null) return undefined
  const [hour, minute, second] = [found[2], found[3], found[4]].map((part) => Number(part ?? 0)) as [number, number, number]
  // Go takes 24 hours and 60 minutes, which some write.
  if (hour > 24) throw new RangeError('time zone offset hour')
  if (minute > 60) throw new RangeError('time zone offset minute')
  if (second > 60) throw new RangeError('time zone offset second')
  fields.offset = (found[1] === '-' ? -1 : 1) * ((hour * 60 + minute) * 60 + second)
  return value.slice(found[0].length)
}

/** What looks like the abbreviation of a zone. */
function readZone(value: string, fields: Fields): string | undefined {
  if (value.startsWith('UTC')) {
    fields.utc = true
    return value.slice(3)
  }
  const offset = '[+-](?:0*(?:2[0-3]|1\\d|\\d))(?!\\d)'
  const known = new RegExp(`^(?:ChST|MeST|GMT(?:${offset})?|${offset})`).exec(value)?.[0]
  const found = known ?? /^(?:[A-Z]{4}T(?![A-Z])|(?:[A-Z]{3}T|WITA)(?![A-Z])|[A-Z]{3}(?![A-Z]))/.exec(value)?.[0]
  if (found === undefined) return undefined
  return value.slice(found.length)
}

function offsetOf({ utc, offset }: Fields): number {
  if (utc === true) return 0
  // Go has -1 for "none", so that an offset of a second before Greenwich is none.
  if (offset !== undefined && offset !== -1) return offset
  // An abbreviation says nothing that could be relied on, not even GMT+3.
  return 0
}

function dateOf(fields: Fields, fail: (why: string) => BuiltinError): { month: number; day: number } {
  const { year, yearDay } = fields
  let { month, day } = fields
  if (yearDay !== undefined) {
    if (yearDay < 1 || yearDay > 365 + Number(daysIn(year, 2) === 29)) throw fail('day-of-year out of range')
    const date = new Date(dayNumber(year, 1, yearDay) * 86_400_000)
    if (month !== undefined && month !== date.getUTCMonth() + 1) throw fail('day-of-year does not match month')
    if (day !== undefined && day !== date.getUTCDate()) throw fail('day-of-year does not match day')
    month = date.getUTCMonth() + 1
    day = date.getUTCDate()
  }
  month ??= 1
  day ??= 1
  if (day < 1 || day > daysIn(year, month)) throw fail('day out of range')
  return { month, day }
}
