// Numbers as Go has them in JSON: an int64 where the number is whole, else a float64. JavaScript does not tell 1.0 from 1: both are whole.
// Gatekeeper takes every number of a constraint for a float64.

/** All numbers floats, as Gatekeeper reads a constraint; else whole ones are integers, as the API server has them. */
export interface NumberForm {
  readonly floats: boolean
}

export function isInteger(value: number, { floats }: NumberForm): boolean {
  return !floats && isWhole(value)
}

const isWhole = (value: number) => Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 63

/** Go's int64(x) on amd64: toward zero, and the least int64 for what is out of range. */
export function toInt64(value: number): number {
  const whole = Math.trunc(value)
  return isWhole(whole) ? whole : -(2 ** 63)
}

/** swag.IsFloat64AJSONInteger: whole within the safe integers, or above a whole number by next to nothing. */
export function isJsonInteger(value: number): boolean {
  if (!(Math.abs(value) <= Number.MAX_SAFE_INTEGER)) return false
  const whole = Math.trunc(value)
  return whole === value || (whole > 0 && (value - whole) / (value + whole) < 1e-9)
}

/** Can the number be held by this type and format? Without a type, every one can. */
export function isInRange(value: number, type: string, format: string): boolean {
  if (type === 'integer') return format === 'int32' ? Number.isInteger(value) && (value | 0) === value : isWhole(value)
  return type !== 'number' || format !== 'float' || Number.isFinite(Math.fround(value))
}

/** As %v of Go writes it. */
export function showNumber(value: number, form: NumberForm): string {
  if (isInteger(value, form)) return BigInt(value).toString()
  const exponent = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)))
  const text = exponent < -4 || exponent >= 6 ? value.toExponential() : String(value)
  return text.replace(/e([+-])(\d)$/, 'e$10$2')
}
