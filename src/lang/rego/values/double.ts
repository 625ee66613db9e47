// Doubles as Go's strconv writes them.

/** `%g` with the fewest digits that read back as the same number: plain between 1e-4 and 1e6, and else with an exponent of two digits. */
export function shortestDouble(value: number): string {
  return formatDouble(value, 'g', -1)
}

/** The same for a number of 32 bits. */
export function shortestSingle(value: number): string {
  const single = Math.fround(value)
  for (let digits = 1; digits < 9; digits++) {
    const shown = Number(single.toPrecision(digits))
    if (Math.fround(shown) === single) return shortestDouble(shown)
  }
  return shortestDouble(Number(single.toPrecision(9)))
}

/** value = 0.DIGITS × 10^point. */
interface Decimal {
  readonly digits: string
  readonly point: number
}

/** By `e`, `f`, `g`, `b` or `x`; a precision below zero stands for as many digits as it takes. */
export function formatDouble(value: number, verb: 'e' | 'f' | 'g' | 'b' | 'x', precision: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value < 0 ? '-Inf' : '+Inf'
  const minus = value < 0 || Object.is(value, -0) ? '-' : ''
  const size = Math.abs(value)
  if (verb === 'b') return minus + binary(size)
  if (verb === 'x') return minus + hexadecimal(size, precision)
  const shortest = precision < 0
  if (verb === 'e') {
    const decimal = shortest ? shortestOf(size) : rounded(exact(size), precision + 1)
    return minus + scientific(decimal, shortest ? Math.max(decimal.digits.length - 1, 0) : precision)
  }
  if (verb === 'f') {
    const all = exact(size)
    const decimal = shortest ? shortestOf(size) : rounded(all, all.point + precision)
    return minus + plain(decimal, shortest ? Math.max(decimal.digits.length - decimal.point, 0) : precision)
  }
  const wanted = precision === 0 ? 1 : precision
  const decimal = shortest ? shortestOf(size) : rounded(exact(size), wanted)
  const { length } = decimal.digits
  const most = shortest ? 6 : wanted > length && length >= decimal.point ? length : wanted
  const exponent = decimal.point - 1
  if (size !== 0 && (exponent < -4 || exponent >= most)) return minus + scientific(decimal, length - 1)
  return minus + plain(decimal, Math.max(length - decimal.point, 0))
}

function shortestOf(value: number): Decimal {
  if (value === 0) return { digits: '', point: 0 }
  const [digits, exponent] = value.toExponential().split('e') as [string, string]
  return { digits: digits.replace('.', ''), point: Number(exponent) + 1 }
}

/** Mantissa and power of two. */
function parts(value: number): { mantissa: bigint; exponent: number } {
  const bits = new BigUint64Array(Float64Array.of(value).buffer)[0]!
  const raised = Number((bits >> 52n) & 0x7ffn)
  const fraction = bits & 0xf_ffff_ffff_ffffn
  return raised === 0 ? { mantissa: fraction, exponent: -1074 } : { mantissa: fraction | (1n << 52n), exponent: raised - 1075 }
}

/** All digits there are. */
function exact(value: number): Decimal {
  if (value === 0) return { digits: '', point: 0 }
  const { mantissa, exponent } = parts(value)
  const whole = exponent >= 0 ? mantissa << BigInt(exponent) : mantissa * 5n ** BigInt(-exponent)
  const text = whole.toString()
  return { digits: text.replace(/0+$/, ''), point: text.length + Math.min(0, exponent) }
}

/** To so many digits, half to even. */
function rounded({ digits, point }: Decimal, count: number): Decimal {
  if (count >= digits.length) return { digits, point }
  if (count < 0) return { digits: '', point: 0 }
  const kept = digits.slice(0, count)
  const rest = digits.slice(count)
  const odd = count > 0 && Number(kept.at(-1)) % 2 === 1
  const up = rest > '5' || (rest === '5' && odd)
  const raised = (BigInt(`0${kept}`) + (up ? 1n : 0n)).toString().padStart(count, '0')
  const grown = raised.length > count && !(count === 0 && !up) ? 1 : 0
  const trimmed = raised.replace(/0+$/, '')
  return trimmed === '' ? { digits: '', point: 0 } : { digits: trimmed, point: point + grown }
}

function scientific({ digits, point }: Decimal, places: number): string {
  const all = digits.padEnd(places + 1, '0')
  const exponent = digits === '' ? 0 : point - 1
  const shown = String(Math.abs(exponent)).padStart(2, '0')
  return `${all[0]}${places > 0 ? `.${all.slice(1, places + 1)}` : ''}e${exponent < 0 ? '-' : '+'}${shown}`
}

function plain({ digits, point }: Decimal, places: number): string {
  const whole = point > 0 ? digits.slice(0, point).padEnd(point, '0') : '0'
  const fraction = (point < 0 ? '0'.repeat(-point) : '') + digits.slice(Math.max(0, point))
  return places > 0 ? `${whole}.${fraction.padEnd(places, '0').slice(0, places)}` : whole
}

function binary(value: number): string {
  const { mantissa, exponent } = parts(value)
  return `${mantissa}p${exponent < 0 ? '' : '+'}${exponent}`
}

function hexadecimal(value: number, precision: number): string {
  let { mantissa, exponent } = parts(value)
  if (mantissa !== 0n) {
    while (mantissa < 1n << 60n) {
      mantissa <<= 1n
      exponent--
    }
  }
  exponent = mantissa === 0n ? 0 : exponent + 60
  if (precision >= 0 && precision < 15) {
    const shift = BigInt(60 - precision * 4)
    const rest = mantissa & ((1n << shift) - 1n)
    mantissa >>= shift
    const half = 1n << (shift - 1n)
    if (rest > half || (rest === half && (mantissa & 1n) === 1n)) mantissa += 1n
    mantissa <<= shift
    if (mantissa >= 1n << 61n) {
      mantissa >>= 1n
      exponent++
    }
  }
  const digits = (mantissa & ((1n << 60n) - 1n)).toString(16).padStart(15, '0')
  const fraction = precision < 0 ? digits.replace(/0+$/, '') : digits.padEnd(precision, '0').slice(0, precision)
  const power = String(Math.abs(exponent)).padStart(2, '0')
  return `0x${mantissa >> 60n}${fraction === '' ? '' : `.${fraction}`}p${exponent < 0 ? '-' : '+'}${power}`
}
