import { BuiltinError } from '../../errors.ts'

const NANOSECONDS: ReadonlyMap<string, bigint> = new Map([
  ['ns', 1n],
  ['us', 1_000n],
  ['µs', 1_000n],
  ['μs', 1_000n],
  ['ms', 1_000_000n],
  ['s', 1_000_000_000n],
  ['m', 60_000_000_000n],
  ['h', 3_600_000_000_000n],
])
/** OPA's own units, in hours. */
const HOURS: ReadonlyMap<string, number> = new Map([
  ['d', 24],
  ['w', 7 * 24],
  ['y', 365 * 24],
])
const MOST = 1n << 63n

/** Nanoseconds of Go's `1h2m3.5s`, with days, weeks and years besides. Throws BuiltinError. */
export function parseDuration(text: string): bigint {
  const fail = (why: string): BuiltinError => new BuiltinError(`time: ${why} ${JSON.stringify(text)}`)
  const written = /[dwy]/.test(text) ? inHours(text) : text
  if (written === undefined) throw fail('invalid duration')
  const sign = /^[+-]?/.exec(written)![0]
  const body = written.slice(sign.length)
  if (body === '0') return 0n
  if (body === '') throw fail('invalid duration')
  let total = 0n
  for (let rest = body; rest !== ''; ) {
    const [part, whole, fraction, unit] = /^(\d*)(?:\.(\d*))?([^.\d]*)/.exec(rest)!
    if (whole === '' && (fraction ?? '') === '') throw fail('invalid duration')
    if (unit === '') throw fail('missing unit in duration')
    const size = NANOSECONDS.get(unit!)
    if (size === undefined) throw fail(`unknown unit ${JSON.stringify(unit)} in duration`)
    total += BigInt(whole!) * size + inFraction(fraction ?? '', Number(size))
    if (total > MOST) throw fail('invalid duration')
    rest = rest.slice(part.length)
  }
  if (sign === '-') return -total
  if (total === MOST) throw fail('invalid duration')
  return total
}

/** In floats, as Go does, with as many digits as an integer of 63 bits holds. */
function inFraction(digits: string, size: number): bigint {
  let [value, scale] = [0n, 1]
  for (const digit of digits) {
    const next = value * 10n + BigInt(digit)
    if (value > (MOST - 1n) / 10n || next > MOST) break
    value = next
    scale *= 10
  }
  return BigInt(Math.trunc(Number(value) * (size / scale)))
}

/** Days, weeks and years rewritten as hours. */
function inHours(text: string): string | undefined {
  if (!/^[+-]?(?:[\d.]+(?:ms|us|µs|ns|[a-z]))+$/.test(text)) return undefined
  let bad = false
  const written = text.replace(/([\d.]+)(ms|us|µs|ns|[a-z])/g, (part, amount: string, unit: string) => {
    const hours = HOURS.get(unit)
    if (hours === undefined) return part
    if (!/^(?:\d+\.?\d*|\.\d+)$/.test(amount)) bad = true
    return `${plain(Number(amount) * hours)}h`
  })
  return bad ? undefined : written
}

/** Without an exponent. */
function plain(value: number): string {
  if (!Number.isFinite(value)) return 'none'
  if (value >= 1e21) return BigInt(value).toString()
  return /e/.test(String(value)) ? value.toFixed(30).replace(/0+$/, '') : String(value)
}
