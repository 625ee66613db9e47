// Dates, times and durations as kube-openapi's strfmt reads them.

/** `2006-01-02`, a day that there is. */
export function isDate(text: string): boolean {
  const match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text)
  if (match === null) return false
  const [year, month, day] = match.slice(1).map(Number) as [number, number, number]
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
  return days !== undefined && day >= 1 && day <= days
}

/** A date, `t`, a time with a zone. What follows a second `t` does not count; the fraction may follow any character. */
export function isDateTime(text: string): boolean {
  const [date, time] = text.toLowerCase().split('t', 2)
  if (time === undefined || !isDate(date!)) return false
  const match = /^(\d\d):(\d\d):(\d\d)(?:[^\n]\d+)?(?:z|[+-]\d\d:\d\d)$/u.exec(time)
  return match !== null && match[1]! <= '23' && match[2]! <= '59' && match[3]! <= '59'
}

/** Go's own durations, and wherever in the text a number has a unit of Scala. */
export function isDuration(text: string): boolean {
  return isGoDuration(text) || isScalaDuration(text)
}

const NANOSECONDS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
}
const MAX = 1n << 63n

function isGoDuration(text: string): boolean {
  const body = text.replace(/^[-+]/, '')
  if (body === '0') return true
  const part = /(\d*)(?:\.(\d*))?([^.\d]+)/y
  let sum = 0n
  while (part.lastIndex < body.length || sum === 0n) {
    const [all, whole, fraction = '', name] = part.exec(body) ?? []
    const unit = name !== undefined && Object.hasOwn(NANOSECONDS, name) ? NANOSECONDS[name]! : undefined
    if (all === undefined || unit === undefined || `${whole}${fraction}` === '') return false
    // More digits than these are out of range, or too fine to count.
    if (whole!.replace(/^0+/, '').length > 20) return false
    const digits = fraction.slice(0, 18)
    sum += BigInt(whole || 0) * unit + (BigInt(digits || 0) * unit) / 10n ** BigInt(digits.length)
    if (sum > MAX) return false
    if (part.lastIndex === body.length) break
  }
  return sum < MAX || text.startsWith('-')
}

const SCALA = ['ns', 'nano', 'us', 'µs', 'micro', 'ms', 'milli', 's', 'sec', 'm', 'min', 'h', 'hr', 'hour', 'd', 'day', 'w', 'wk', 'week']
const SCALA_STEM = /^(?:nano|micro|milli|sec|min|hour|day|week)/

function isScalaDuration(text: string): boolean {
  let found = false
  for (const [, digits, name] of text.matchAll(/(\d+)[ \t\n\f\r]*([A-Za-zµ]+)/g)) {
    // What no int holds ends it.
    if (digits!.replace(/^0+/, '').length > 19 || BigInt(digits!) >= MAX) return false
    const unit = name!.toLowerCase()
    found ||= SCALA.includes(unit) || SCALA_STEM.test(unit)
  }
  return found
}
