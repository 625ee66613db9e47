import type { Builtin } from '../../codegen/runtime.ts'
import { BuiltinError } from '../../errors.ts'
import { isInt, toFloat, truncate } from '../../values/big-float.ts'
import { fromBigInt, type RegoNumber, toBigInt } from '../../values/decimal.ts'
import { isArray, isNumber, typeName, type Value } from '../../values/value.ts'
import { int, number, text, unfit } from '../operands.ts'
import { parseDuration } from './duration.ts'
import { formatTime } from './format.ts'
import { DAYS, LAYOUTS } from './layout.ts'
import { parseTime } from './parse.ts'
import { civil, dayNumber, daysIn, floorDivide, SECOND, secondsOf, zoneOf } from './zone.ts'
import { abbreviation } from './zone-names.ts'

/** Times in nanoseconds since 1970, alone or with a zone and a layout: `[ns, "Europe/Berlin", "RFC1123"]`. The clock stands still. */
export const TIME: Readonly<Record<string, Builtin>> = {
  'time.now_ns': (runtime) => fromBigInt(runtime.surroundings.now),
  'time.parse_ns': (_, layout, value) => nanoseconds(parseTime(LAYOUTS.get(text(layout, 1)) ?? text(layout, 1), text(value, 2))),
  'time.parse_rfc3339_ns': (_, value) => nanoseconds(parseTime(LAYOUTS.get('RFC3339')!, text(value, 1))),
  'time.parse_duration_ns': (_, value) => fromBigInt(parseDuration(text(value, 1))),
  'time.format': (_, a) => {
    const { at, zone, layout } = time(a)
    const shown = civil(at, zone)
    return formatTime(
      shown,
      LAYOUTS.get(layout || 'RFC3339Nano') ?? layout,
      abbreviation(zone, Number(floorDivide(at, SECOND)), shown.offset),
    )
  },
  'time.date': (_, a) => {
    const { year, month, day } = read(a)
    return [year, month, day]
  },
  'time.clock': (_, a) => {
    const { hour, minute, second } = read(a)
    return [hour, minute, second]
  },
  'time.weekday': (_, a) => DAYS[read(a).weekday]!,
  'time.add_date': (_, a, years, months, days) => {
    const { at, zone } = time(a)
    const { year, month, day, offset } = civil(at, zone)
    const local = Number(floorDivide(at, SECOND)) + offset
    const clock = local - Math.floor(local / 86_400) * 86_400
    const date = dayNumber(year + int(years, 2), month + int(months, 3), day + int(days, 4))
    if (!Number.isFinite(date)) throw outside()
    const rest = at - floorDivide(at, SECOND) * SECOND
    return nanoseconds(BigInt(secondsOf(date * 86_400 + clock, zone)) * SECOND + rest)
  },
  'time.diff': (_, a, b) => {
    const [one, other] = [time(a), time(b)]
    const [first, second] = [one.at, other.at].sort((x, y) => (x < y ? -1 : x > y ? 1 : 0))
    return difference(civil(first!, one.zone), civil(second!, one.zone))
  },
}

/** Years, months, days, hours, minutes and seconds between two times, from the smallest up. */
function difference(from: ReturnType<typeof civil>, to: ReturnType<typeof civil>): number[] {
  let year = to.year - from.year
  let month = to.month - from.month
  let day = to.day - from.day
  let hour = to.hour - from.hour
  let minute = to.minute - from.minute
  let second = to.second - from.second
  if (second < 0) {
    second += 60
    minute--
  }
  if (minute < 0) {
    minute += 60
    hour--
  }
  if (hour < 0) {
    hour += 24
    day--
  }
  if (day < 0) {
    day += daysIn(from.year, from.month)
    month--
  }
  if (month < 0) {
    month += 12
    year--
  }
  return [year, month, day, hour, minute, second]
}

const read = (value: Value) => {
  const { at, zone } = time(value)
  return civil(at, zone)
}

/** A number, or an array of a number, a zone and a layout. */
function time(value: Value): { at: bigint; zone: string; layout: string } {
  if (isNumber(value)) return { at: moment(value), zone: 'UTC', layout: '' }
  if (!isArray(value) || value.length === 0) {
    throw unfit(1, ['either number (ns) or [number (ns), string (tz)]'], typeName(value))
  }
  const at = number(value[0]!, 1)
  const zone = value[1] === undefined ? 'UTC' : zoneOf(text(value[1], 1))
  const layout = value[2] === undefined ? '' : text(value[2], 1)
  return { at: moment(at), zone, layout }
}

function moment(value: RegoNumber): bigint {
  // What fits is the same as a float of OPA's, which has 64 bits.
  const whole = typeof value === 'number' || value.exponent <= 19 ? toBigInt(value) : undefined
  if (whole !== undefined && BigInt.asIntN(64, whole) === whole) return whole
  const float = toFloat(value)
  const exact = isInt(float) ? truncate(float) : undefined
  if (exact === undefined || BigInt.asIntN(64, exact) !== exact) throw new BuiltinError('timestamp too big')
  return exact
}

function nanoseconds(at: bigint): RegoNumber {
  if (BigInt.asIntN(64, at) !== at) throw outside()
  return fromBigInt(at)
}

const outside = () => new BuiltinError('time outside of valid range')
