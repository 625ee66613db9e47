// Which texts are numbers to Rego.

/** OPA holds no number beyond 2^±100,000. */
const MAX_BINARY_EXPONENT = 100_000
const NUMBER = /^-?(?:(\d+)(?:\.(\d*))?|\.(\d+))(?:[eE]([+-]?\d+))?$/

/** What is wrong with a number, in OPA's words; undefined where nothing is. */
export function numberProblem(text: string): 'invalid float' | 'number too big' | undefined {
  const match = NUMBER.exec(text)
  if (match === null) return 'invalid float'
  const [, whole = '', fraction = match[3] ?? ''] = match
  const digits = (whole + fraction).replace(/^0+/, '')
  if (digits === '') return undefined
  const decimal = whole.length - (whole.length + fraction.length - digits.length) + Number(match[4] ?? 0)
  const binary = Math.log2(Number(`0.${digits.slice(0, 17)}`)) + decimal * Math.log2(10)
  return Math.floor(Math.abs(binary)) >= MAX_BINARY_EXPONENT ? 'number too big' : undefined
}
