// Doubles as Go's strconv writes them.

/** `%g` with the fewest digits that read back as the same number: plain between 1e-4 and 1e6, and else with an exponent of two digits. */
export function shortestDouble(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value < 0 ? '-Inf' : '+Inf'
  if (value === 0) return Object.is(value, -0) ? '-0' : '0'
  const scientific = goExponent(value.toExponential())
  const exponent = Number(/e(.*)/.exec(scientific)![1])
  return exponent < -4 || exponent >= 6 ? scientific : String(value)
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

/** JS writes 1e-7, Go 1e-07. */
export const goExponent = (text: string) => text.replace(/e([+-])(\d)$/, 'e$10$2')
