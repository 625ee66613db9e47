import { BuiltinError } from '../../errors.ts'
import { kept } from '../kept.ts'

export const SECOND = 1_000_000_000n
const DAY = 86_400

/** A moment as a calendar and a clock show it in a zone. */
export interface Civil {
  readonly year: number
  /** From 1. */
  readonly month: number
  readonly day: number
  /** From 1. */
  readonly yearDay: number
  /** From 0, which is Sunday. */
  readonly weekday: number
  readonly hour: number
  readonly minute: number
  readonly second: number
  readonly nanosecond: number
  /** East of Greenwich, in seconds. */
  readonly offset: number
}

/**
 * The zone's name if there is one of this name (the IANA database's, in its spelling). UTC stands in for Local too: the host's zone is none
 * of a policy's business.
 */
export const zoneOf = (name: string): string => (name === '' || name === 'UTC' || name === 'Local' ? 'UTC' : zone(name).name)

const zone = kept(256, (name): Zone => {
  try {
    const found = new Temporal.ZonedDateTime(0n, name).timeZoneId
    if (found === name && /^[A-Z]/i.test(name)) return { name, from: 0, to: 0, offset: 0 }
  } catch {
    // Said below.
  }
  throw new BuiltinError(`unknown time zone ${name}`)
})

/** A zone, and a time within which its clocks are not set: from a second, and before another. */
interface Zone {
  readonly name: string
  from: number
  to: number
  offset: number
}

/** East of Greenwich, in seconds, at a second since 1970. */
export function offsetAt(name: string, second: number): number {
  if (name === 'UTC') return 0
  const known = zone(name)
  if (second < known.from || second >= known.to) {
    const at = new Temporal.ZonedDateTime(BigInt(second) * SECOND, name)
    known.offset = Math.round(at.offsetNanoseconds / 1e9)
    const before = at.add({ seconds: 1 }).getTimeZoneTransition('previous')
    known.from = before === null ? Number.NEGATIVE_INFINITY : before.epochMilliseconds / 1000
    const after = at.getTimeZoneTransition('next')
    known.to = after === null ? Number.POSITIVE_INFINITY : after.epochMilliseconds / 1000
  }
  return known.offset
}

export function civil(nanoseconds: bigint, zone: string): Civil {
  const second = Number(floorDivide(nanoseconds, SECOND))
  const nanosecond = Number(nanoseconds - BigInt(second) * SECOND)
  const offset = offsetAt(zone, second)
  const local = second + offset
  const days = Math.floor(local / DAY)
  const clock = local - days * DAY
  const date = new Date(days * DAY * 1000)
  const year = date.getUTCFullYear()
  return {
    year,
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    yearDay: days - dayNumber(year, 1, 1) + 1,
    weekday: date.getUTCDay(),
    hour: Math.floor(clock / 3600),
    minute: Math.floor(clock / 60) % 60,
    second: clock % 60,
    nanosecond,
    offset,
  }
}

/** Days since 1970; months and days may be beyond their ranges, and run over. NaN beyond what a calendar holds. */
export function dayNumber(year: number, month: number, day: number): number {
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  return date.getTime() / 1000 / DAY
}

export const daysIn = (year: number, month: number) => dayNumber(year, month + 1, 1) - dayNumber(year, month, 1)

/** Seconds since 1970 of a wall clock in a zone. Where it shows a time twice or never, the same choice as Go's. */
export function secondsOf(local: number, zone: string): number {
  const guess = offsetAt(zone, local)
  return guess === 0 ? local : local - offsetAt(zone, local - guess)
}

export function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by
  return value % by < 0n ? quotient - 1n : quotient
}
