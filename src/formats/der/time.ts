export interface Instant {
  /** Since 1970, UTC. */
  readonly milliseconds: number
  /** Minutes by which the clock that wrote it was ahead of UTC; DER wants 0. */
  readonly offset: number
}

const ZONE = '(Z|[+-]\\d{4})'
const UTC = new RegExp(`^(\\d\\d)(\\d\\d)(\\d\\d)(\\d\\d)(\\d\\d)(\\d\\d)?${ZONE}$`)
const GENERALIZED = new RegExp(`^(\\d{4})(\\d\\d)(\\d\\d)(\\d\\d)(\\d\\d)(\\d\\d)${ZONE}$`)

/**
 * UTCTime as certificates have it (RFC 5280 §4.1.2.5.1): YYMMDDHHMMSS and Z, years 50 to 99 of the last century. Old certificates leave the
 * seconds out, or give an offset in place of Z; these are read as well. Undefined where it is no such time.
 */
export function readUtcTime(text: string): Instant | undefined {
  const match = UTC.exec(text)
  if (match === null) return undefined
  const year = Number(match[1])
  return instant(year < 50 ? 2000 + year : 1900 + year, match)
}

/** GeneralizedTime: YYYYMMDDHHMMSS and Z or an offset. Fractions of a second are refused, as RFC 5280 §4.1.2.5.2 does. */
export function readGeneralizedTime(text: string): Instant | undefined {
  const match = GENERALIZED.exec(text)
  return match === null ? undefined : instant(Number(match[1]), match)
}

function instant(year: number, match: RegExpExecArray): Instant | undefined {
  const [month, day, hour, minute, second] = [2, 3, 4, 5, 6].map((at) => Number(match[at] ?? 0)) as [number, number, number, number, number]
  const offset = offsetOf(match[7]!)
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  date.setUTCHours(hour, minute, second)
  const real = date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 24 && minute < 60 && second < 60
  return real && offset !== undefined ? { milliseconds: date.getTime() - offset * 60_000, offset } : undefined
}

/** Undefined for what is no offset, or is spelt otherwise than as Z where it is none. */
function offsetOf(zone: string): number | undefined {
  if (zone === 'Z') return 0
  const hours = Number(zone.slice(1, 3))
  const minutes = Number(zone.slice(3))
  const size = hours * 60 + minutes
  if (hours > 23 || minutes > 59 || size === 0) return undefined
  return zone[0] === '-' ? -size : size
}
