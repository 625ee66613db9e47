// Moments and lengths of time, as Go reads and writes them.
import { parseDuration } from '../../rego/builtins/time/duration.ts'
import { civil, dayNumber, zoneOf } from '../../rego/builtins/time/zone.ts'
import { Fault, type Run } from '../run.ts'
import type { Instant, Span, Value } from '../values.ts'
import type { Library } from './library.ts'
import { instant, span } from './operators.ts'

const T = 'google.protobuf.Timestamp'
const D = 'google.protobuf.Duration'
const unread = (type: string) => new Fault(`type conversion error from 'string' to '${type}'`)

const SECOND = 1_000_000_000n
const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,}))?(?:Z|([+-])(\d\d):(\d\d))$/

export function readDuration(text: string): Span {
  try {
    // The reader knows days, weeks and years besides, which Go does not.
    if (/[dwy]/.test(text)) throw unread(D)
    return span(parseDuration(text))
  } catch (error) {
    throw error instanceof Fault ? error : unread(D)
  }
}

export function readTimestamp(text: string): Instant {
  const found = RFC3339.exec(text)
  const bad = () => new Fault(`invalid RFC 3339 timestamp ${JSON.stringify(text)}`)
  if (found === null) throw bad()
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map(Number) as [number, number, number, number, number, number]
  const [offsetHour, offsetMinute] = [Number(found[9] ?? 0), Number(found[10] ?? 0)]
  if (month < 1 || month > 12 || day < 1 || day > 31) throw bad()
  if (hour > 23 || minute > 59 || second > 59 || offsetHour > 23 || offsetMinute > 59) throw bad()
  const days = dayNumber(year, month, 1)
  if (day > dayNumber(year, month + 1, 1) - days) throw unread(T)
  const offset = (found[8] === '-' ? -1 : 1) * (offsetHour * 60 + offsetMinute) * 60
  const seconds = BigInt((days + day - 1) * 86_400 + hour * 3_600 + minute * 60 + second - offset)
  return instant(seconds * SECOND + BigInt((found[7] ?? '').slice(0, 9).padEnd(9, '0')), offset / 60)
}

export function showTimestamp({ nanos, offset }: Instant): string {
  const { year, month, day, hour, minute, second } = civil(nanos + BigInt(offset) * 60n * SECOND, 'UTC')
  const two = (number: number) => String(number).padStart(2, '0')
  const rest = (((nanos % SECOND) + SECOND) % SECOND).toString().padStart(9, '0').replace(/0+$/, '')
  const away = Math.abs(offset)
  const zone = offset === 0 ? 'Z' : `${offset < 0 ? '-' : '+'}${two(Math.trunc(away / 60))}:${two(away % 60)}`
  const date = `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}`
  return `${date}T${two(hour)}:${two(minute)}:${two(second)}${rest === '' ? '' : `.${rest}`}${zone}`
}

/** Seconds, with what is behind the point as a double has it. */
export function showDuration({ nanos }: Span): string {
  const seconds = Number(nanos / SECOND) + Number(nanos % SECOND) / 1e9
  return `${plain(seconds)}s`
}

/** A double without an exponent. */
function plain(value: number): string {
  const text = String(value)
  const found = /^(-?)(\d)(?:\.(\d+))?e-(\d+)$/.exec(text)
  return found === null ? text : `${found[1]}0.${'0'.repeat(Number(found[4]) - 1)}${found[2]}${found[3] ?? ''}`
}

/** A name of a zone, or hours and minutes from UTC. */
function shifted({ nanos }: Instant, zone: string) {
  const colon = zone.indexOf(':')
  try {
    if (colon < 0) return civil(nanos, zoneOf(zone))
  } catch {
    throw new Fault(`unknown time zone ${zone}`)
  }
  const [hour, minute] = [zone.slice(0, colon), zone.slice(colon + 1)]
  if (!/^[+-]?\d{1,9}$/.test(hour) || !/^\+?\d{1,9}$/.test(minute) || Number(minute) > 59) throw new Fault(`no offset: ${zone}`)
  const offset = Number(hour) * 60 + (zone.startsWith('-') ? -1 : 1) * Number(minute)
  return civil(nanos + BigInt(offset) * 60n * SECOND, 'UTC')
}

type Civil = ReturnType<typeof civil>

const PARTS: Readonly<Record<string, (time: Civil) => number>> = {
  getFullYear: ({ year }) => year,
  getMonth: ({ month }) => month - 1,
  getDate: ({ day }) => day,
  getDayOfMonth: ({ day }) => day - 1,
  getDayOfWeek: ({ year, month, day }) => (((dayNumber(year, month, day) + 4) % 7) + 7) % 7,
  getDayOfYear: ({ year, month, day }) => dayNumber(year, month, day) - dayNumber(year, 1, 1),
  getHours: ({ hour }) => hour,
  getMinutes: ({ minute }) => minute,
  getSeconds: ({ second }) => second,
}

const millis = ({ nanos }: Instant): Value => (((nanos % SECOND) + SECOND) % SECOND) / 1_000_000n

export const TIME: Library = {
  ...Object.fromEntries(
    Object.entries(PARTS).flatMap(([name, part]) => [
      [`.${name}(${T}): int`, (_: Run, time: Instant) => BigInt(part(civil(time.nanos, 'UTC')))],
      [`.${name}(${T}, string): int`, (_: Run, time: Instant, zone: string) => BigInt(part(shifted(time, zone)))],
    ]),
  ),
  [`.getMilliseconds(${T}): int`]: (_: Run, time: Instant) => millis(time),
  [`.getMilliseconds(${T}, string): int`]: (_: Run, time: Instant, zone: string) => {
    shifted(time, zone)
    return millis(time)
  },
  [`.getHours(${D}): int`]: (_: Run, { nanos }: Span) => nanos / (3_600n * SECOND),
  [`.getMinutes(${D}): int`]: (_: Run, { nanos }: Span) => nanos / (60n * SECOND),
  [`.getSeconds(${D}): int`]: (_: Run, { nanos }: Span) => nanos / SECOND,
  [`.getMilliseconds(${D}): int`]: (_: Run, { nanos }: Span) => nanos / 1_000_000n,
  'timestamp(string): google.protobuf.Timestamp': (run: Run, text: string) => {
    run.spend(text.length)
    return readTimestamp(text)
  },
  'timestamp(int): google.protobuf.Timestamp': (_: Run, seconds: bigint) => instant(seconds * SECOND),
  [`timestamp(${T}): ${T}`]: (_: Run, time: Instant) => time,
  [`duration(string): ${D}`]: (run: Run, text: string) => {
    run.spend(8 * text.length)
    return readDuration(text)
  },
  [`duration(${D}): ${D}`]: (_: Run, length: Span) => length,
  [`int(${T}): int`]: (_: Run, { nanos }: Instant) => (nanos - (((nanos % SECOND) + SECOND) % SECOND)) / SECOND,
  [`int(${D}): int`]: (_: Run, { nanos }: Span) => nanos,
  [`string(${T}): string`]: (_: Run, time: Instant) => showTimestamp(time),
  [`string(${D}): string`]: (_: Run, length: Span) => showDuration(length),
}
