// Go's fmt.Sprintf for the arguments that OPA gives it.
import type { Runtime } from '../codegen/runtime.ts'
import { formatDouble } from '../values/double.ts'
import { runeCount, runeSlice } from '../values/runes.ts'
import { quoteTerm } from '../values/text.ts'
import { toBytes } from './bytes.ts'

/** A double, a text, or an integer: of 64 bits, or a larger one, which Go formats by rules of its own. */
export type Argument = number | string | bigint | Named

/** A value of another type: `bool`, `<nil>`, or a text that Go has under a name of its own. */
export class Named {
  readonly type: string
  readonly text: string

  constructor(type: string, text: string) {
    this.type = type
    this.text = text
  }
}

interface Spec {
  minus: boolean
  plus: boolean
  sharp: boolean
  space: boolean
  zero: boolean
  /** `%#v`. */
  sharpV: boolean
  width: number | undefined
  precision: number | undefined
}

/** Larger widths are none to Go. */
const MOST = 1_000_000

export function sprintf(runtime: Runtime, format: string, args: readonly Argument[]): string {
  return textsInPlace(runtime, format, args) ?? new Printer(runtime, format, args).print()
}

/** What most formats are for: texts as they are, in their order. Undefined where there is more to do. */
function textsInPlace(runtime: Runtime, format: string, args: readonly Argument[]): string | undefined {
  let out = ''
  let at = 0
  for (const arg of args) {
    const percent = format.indexOf('%', at)
    const verb = format[percent + 1]
    if (percent < 0 || typeof arg !== 'string' || (verb !== 's' && verb !== 'v')) return undefined
    out += format.slice(at, percent) + arg
    at = percent + 2
  }
  if (format.includes('%', at)) return undefined
  runtime.charge(args.length)
  runtime.spend(2 * out.length)
  return out + format.slice(at)
}

const isSmall = (value: bigint) => BigInt.asIntN(64, value) === value
const typeOf = (value: Argument) =>
  value instanceof Named
    ? value.type
    : typeof value === 'string'
      ? 'string'
      : typeof value === 'number'
        ? 'float64'
        : isSmall(value)
          ? 'int64'
          : '*big.Int'

class Printer {
  readonly #runtime: Runtime
  readonly #format: string
  readonly #args: readonly Argument[]
  readonly #out: string[] = []
  #at = 0
  #next = 0
  #reordered = false
  /** The index behind the last `[`, which a width or precision must not follow. */
  #afterIndex = false
  #goodIndex = true

  constructor(runtime: Runtime, format: string, args: readonly Argument[]) {
    this.#runtime = runtime
    this.#format = format
    this.#args = args
  }

  print(): string {
    const format = this.#format
    for (;;) {
      const percent = format.indexOf('%', this.#at)
      this.#out.push(format.slice(this.#at, percent < 0 ? undefined : percent))
      if (percent < 0) break
      this.#at = percent + 1
      this.#verb()
    }
    if (!this.#reordered && this.#next < this.#args.length) {
      const rest = this.#args.slice(this.#next).map((arg) => `${typeOf(arg)}=${formatted(arg, 'v', newSpec())}`)
      this.#out.push(`%!(EXTRA ${rest.join(', ')})`)
    }
    return this.#out.join('')
  }

  #verb(): void {
    const format = this.#format
    const spec = newSpec()
    this.#goodIndex = true
    for (; ; this.#at++) {
      const flag = FLAGS.get(format[this.#at] ?? '')
      if (flag === undefined) break
      spec[flag] = true
    }
    this.#index()
    this.#width(spec)
    if (format[this.#at] === '.' && this.#at + 1 < format.length) this.#precision(spec)
    if (!this.#afterIndex) this.#index()
    this.#afterIndex = false
    if (this.#at >= format.length) {
      this.#out.push('%!(NOVERB)')
      return
    }
    const verb = String.fromCodePoint(format.codePointAt(this.#at)!)
    this.#at += verb.length
    this.#runtime.charge(1)
    this.#runtime.spend(2 * ((spec.width ?? 0) + (spec.precision ?? 0)))
    if (verb === '%') this.#out.push('%')
    else if (!this.#goodIndex) this.#out.push(`%!${verb}(BADINDEX)`)
    else if (this.#next >= this.#args.length) this.#out.push(`%!${verb}(MISSING)`)
    else {
      if (verb === 'v' || verb === 'w') {
        spec.sharpV = spec.sharp
        spec.sharp = false
        spec.plus = false
      }
      const arg = this.#args[this.#next++]!
      // The same argument may be asked for again and again.
      if (typeof arg === 'string') this.#runtime.spend(2 * arg.length)
      this.#out.push(formatted(arg, verb, spec))
    }
  }

  /** `[n]`. */
  #index(): void {
    this.#afterIndex = false
    if (this.#format[this.#at] !== '[') return
    this.#reordered = true
    const close = this.#format.indexOf(']', this.#at)
    if (close < 0 || Buffer.byteLength(this.#format.slice(this.#at)) < 3) {
      this.#goodIndex = false
      this.#at++
      return
    }
    const written = this.#format.slice(this.#at + 1, close)
    const index = /^\d+$/.test(written) && Number(written) <= 10 * MOST ? Number(written) : undefined
    this.#at = close + 1
    this.#afterIndex = index !== undefined
    if (index !== undefined && index >= 1 && index <= this.#args.length) this.#next = index - 1
    else this.#goodIndex = false
  }

  #width(spec: Spec): void {
    if (this.#format[this.#at] === '*') {
      this.#at++
      spec.width = this.#fromArgument()
      if (spec.width === undefined) this.#out.push('%!(BADWIDTH)')
      else if (spec.width < 0) {
        spec.width = -spec.width
        spec.minus = true
        spec.zero = false
      }
      this.#afterIndex = false
      return
    }
    spec.width = this.#number()
    if (this.#afterIndex && spec.width !== undefined) this.#goodIndex = false
  }

  #precision(spec: Spec): void {
    this.#at++
    if (this.#afterIndex) this.#goodIndex = false
    this.#index()
    if (this.#format[this.#at] === '*') {
      this.#at++
      const given = this.#fromArgument()
      spec.precision = given === undefined || given < 0 ? undefined : given
      if (spec.precision === undefined) this.#out.push('%!(BADPREC)')
      this.#afterIndex = false
      return
    }
    spec.precision = this.#number() ?? 0
  }

  #fromArgument(): number | undefined {
    if (this.#next >= this.#args.length) return undefined
    const arg = this.#args[this.#next++]
    return typeof arg === 'bigint' && arg <= MOST && arg >= -MOST ? Number(arg) : undefined
  }

  /** Digits; a number too large swallows the rest of the format. */
  #number(): number | undefined {
    let value: number | undefined
    for (; /^\d$/.test(this.#format[this.#at] ?? ''); this.#at++) {
      if ((value ?? 0) > MOST) {
        this.#at = this.#format.length
        return undefined
      }
      value = (value ?? 0) * 10 + Number(this.#format[this.#at])
    }
    return value
  }
}

const FLAGS: ReadonlyMap<string, 'minus' | 'plus' | 'sharp' | 'space' | 'zero'> = new Map([
  ['-', 'minus'],
  ['+', 'plus'],
  ['#', 'sharp'],
  [' ', 'space'],
  ['0', 'zero'],
])

const newSpec = (): Spec => ({
  minus: false,
  plus: false,
  sharp: false,
  space: false,
  zero: false,
  sharpV: false,
  width: undefined,
  precision: undefined,
})

function formatted(arg: Argument, verb: string, spec: Spec): string {
  if (verb === 'T') return text(typeOf(arg), 's', spec)!
  const bad = (type: string) => `%!${verb}(${type}=${formatted(arg, 'v', spec)})`
  if (arg instanceof Named) {
    if (arg.type === '<nil>') return verb === 'v' ? pad(arg.text, spec) : `%!${verb}(<nil>)`
    if (arg.type === 'bool') return verb === 't' || verb === 'v' ? pad(arg.text, spec) : bad(arg.type)
    return text(arg.text, verb, spec) ?? bad(arg.type)
  }
  if (typeof arg === 'string') return text(arg, verb, spec) ?? bad('string')
  if (typeof arg === 'number') return float(arg, verb, spec) ?? bad('float64')
  if (!isSmall(arg)) return big(arg, verb, spec) ?? `%!${verb}(big.Int=${arg})`
  return int(arg, verb, spec) ?? bad('int64')
}

function pad(shown: string, spec: Spec, zero = spec.zero): string {
  const missing = (spec.width ?? 0) - (spec.width ? runeCount(shown) : 0)
  if (missing <= 0) return shown
  return spec.minus ? shown + ' '.repeat(missing) : (zero ? '0' : ' ').repeat(missing) + shown
}

function text(value: string, verb: string, spec: Spec): string | undefined {
  const cut = () => (spec.precision === undefined ? value : runeSlice(value, 0, spec.precision))
  if (verb === 'q' || (verb === 'v' && spec.sharpV)) {
    const shown = cut()
    if (spec.sharp && !/[\0-\x08\x0a-\x1f\x7f`\ufeff\ud800-\udfff]/u.test(shown)) return pad(`\`${shown}\``, spec)
    return pad(spec.plus ? asciiOnly(quoteTerm(shown)) : quoteTerm(shown), spec)
  }
  if (verb === 's' || verb === 'v') return pad(cut(), spec)
  if (verb !== 'x' && verb !== 'X') return undefined
  const bytes = [...toBytes(value).subarray(0, spec.precision)].map((byte) => byte.toString(16).padStart(2, '0'))
  const prefix = spec.sharp && bytes.length > 0 ? '0x' : ''
  const shown = spec.space ? bytes.map((byte) => prefix + byte).join(' ') : prefix + bytes.join('')
  return pad(verb === 'X' ? shown.toUpperCase() : shown, spec)
}

const asciiOnly = (quoted: string) =>
  quoted.replace(/[^\0-\x7f]/gu, (c) => {
    const code = c.codePointAt(0)!
    return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`
  })

const BASES: Readonly<Record<string, number>> = { v: 10, d: 10, b: 2, o: 8, O: 8, x: 16, X: 16 }

function int(value: bigint, verb: string, spec: Spec): string | undefined {
  const base = Object.hasOwn(BASES, verb) ? BASES[verb]! : undefined
  if (base === undefined) return character(value, verb, spec)
  if (spec.precision === 0 && value === 0n) return ' '.repeat(spec.width ?? 0)
  const sign = value < 0n ? '-' : spec.plus ? '+' : spec.space ? ' ' : ''
  const zeros = spec.zero && !spec.minus && spec.width !== undefined ? spec.width - sign.length : 0
  let digits = (value < 0n ? -value : value).toString(base).padStart(spec.precision ?? zeros, '0')
  if (verb === 'X') digits = digits.toUpperCase()
  return pad(sign + (verb === 'O' ? '0o' : '') + (spec.sharp ? prefix(verb, digits) : '') + digits, spec, false)
}

function prefix(verb: string, digits: string): string {
  if (verb === 'b') return '0b'
  if (verb === 'x' || verb === 'X') return `0${verb}`
  return (verb === 'o' || verb === 'O') && !digits.startsWith('0') ? '0' : ''
}

function character(value: bigint, verb: string, spec: Spec): string | undefined {
  const valid = value >= 0n && value <= 0x10ffffn && !(value >= 0xd800n && value <= 0xdfffn)
  const rune = valid ? String.fromCodePoint(Number(value)) : '\ufffd'
  if (verb === 'c') return pad(rune, spec)
  if (verb === 'q') {
    const inner = rune === "'" ? "\\'" : rune === '"' ? '"' : quoteTerm(rune).slice(1, -1)
    return pad(`'${spec.plus ? asciiOnly(inner) : inner}'`, spec)
  }
  if (verb !== 'U') return undefined
  const code = BigInt.asUintN(64, value).toString(16).toUpperCase()
  const shown = spec.sharp && valid && quoteTerm(`x${rune}`) === `"x${rune}"` ? ` '${rune}'` : ''
  return pad(`U+${code.padStart(Math.max(4, spec.precision ?? 0), '0')}${shown}`, spec, false)
}

function big(value: bigint, verb: string, spec: Spec): string | undefined {
  const base = verb === 's' ? 10 : Object.hasOwn(BASES, verb) ? BASES[verb] : undefined
  if (base === undefined) return undefined
  const sign = value < 0n ? '-' : spec.plus ? '+' : spec.space ? ' ' : ''
  const mark = verb === 'O' ? '0o' : spec.sharp && verb !== 'd' && verb !== 's' && verb !== 'v' ? (verb === 'o' ? '0' : `0${verb}`) : ''
  let digits = (value < 0n ? -value : value).toString(base).padStart(spec.precision ?? 0, '0')
  if (verb === 'X') digits = digits.toUpperCase()
  const missing = (spec.width ?? 0) - sign.length - mark.length - digits.length
  if (missing > 0 && !spec.minus && spec.zero && spec.precision === undefined) return sign + mark + '0'.repeat(missing) + digits
  return pad(sign + mark + digits, spec, false)
}

const FORMS: ReadonlyMap<string, 'b' | 'e' | 'f' | 'g' | 'x'> = new Map([
  ['v', 'g'],
  ['g', 'g'],
  ['G', 'g'],
  ['b', 'b'],
  ['x', 'x'],
  ['X', 'x'],
  ['f', 'f'],
  ['F', 'f'],
  ['e', 'e'],
  ['E', 'e'],
])

function float(value: number, verb: string, spec: Spec): string | undefined {
  const form = FORMS.get(verb)
  if (form === undefined) return undefined
  const precision = spec.precision ?? ('fFeE'.includes(verb) ? 6 : -1)
  let shown = formatDouble(value, form, precision)
  const negative = shown.startsWith('-')
  if (negative) shown = shown.slice(1)
  if (spec.sharp && form !== 'b') shown = withPoint(shown, verb === 'X' ? 'e' : form, precision)
  if (verb === 'G' || verb === 'E' || verb === 'X') shown = shown.toUpperCase()
  const sign = negative ? '-' : spec.plus ? '+' : spec.space ? ' ' : ''
  const missing = (spec.width ?? 0) - sign.length - shown.length
  if (spec.zero && !spec.minus && missing > 0) return sign + '0'.repeat(missing) + shown
  return pad(sign + shown, spec)
}

/** `%#g`: the point stays, and so do the zeros behind it; `%#X` forgets them. */
function withPoint(shown: string, form: 'g' | 'f' | 'e' | 'x', precision: number): string {
  const [, number, tail] = /^(.*?)((?:p|e[+-]).*)?$/.exec(shown)! as unknown as [string, string, string | undefined]
  let missing = form === 'g' || form === 'x' ? (precision < 0 ? 6 : precision) : 0
  missing -= number.replace('.', '').replace(/^0+/, '').length
  if (!number.includes('.') && number === '0') missing--
  return number + (number.includes('.') ? '' : '.') + '0'.repeat(Math.max(0, missing)) + (tail ?? '')
}
