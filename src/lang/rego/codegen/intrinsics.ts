// Builtins that are written in place for the operands they are mostly given, with a call for all others.

/** An operand as it stands in the code, and what is known of it. */
export interface Written {
  readonly code: string
  readonly type: 'string' | 'number' | 'set' | undefined
}

type Intrinsic = (operands: readonly Written[], call: string) => string

const comparison =
  (operator: string): Intrinsic =>
  ([a, b], call) =>
    `${guard([a!, b!], 'number')} ? ${a!.code} ${operator} ${b!.code} : ${call}`

const text =
  (method: string): Intrinsic =>
  ([a, b], call) =>
    `${guard([a!, b!], 'string')} ? ${a!.code}.${method}(${b!.code}) : ${call}`

const ofType =
  (test: (code: string) => string): Intrinsic =>
  ([a]) =>
    test(a!.code)

const INTRINSICS: Readonly<Record<string, Intrinsic>> = {
  lt: comparison('<'),
  lte: comparison('<='),
  gt: comparison('>'),
  gte: comparison('>='),
  startswith: text('startsWith'),
  endswith: text('endsWith'),
  contains: text('includes'),
  is_null: ofType((code) => `${code} === null`),
  is_boolean: ofType((code) => `typeof ${code} === 'boolean'`),
  is_number: ofType((code) => `isNumber(${code})`),
  is_string: ofType((code) => `typeof ${code} === 'string'`),
  is_array: ofType((code) => `isArray(${code})`),
  is_object: ofType((code) => `${code} instanceof RegoObject`),
  is_set: ofType((code) => `${code} instanceof RegoSet`),
  count: ([a], call) => `count(${a!.code}) ?? ${call}`,
  equal: ([a, b]) => `equal(${a!.code}, ${b!.code})`,
  neq: ([a, b]) => `!equal(${a!.code}, ${b!.code})`,
  'internal.member_2': ([a, b]) => (b!.type === 'set' ? `${b!.code}.has(${a!.code})` : `member(rt, ${a!.code}, ${b!.code})`),
}

/** The code of a builtin's value; undefined where it is only called. */
export function intrinsic(name: string, operands: readonly Written[], call: string): string | undefined {
  return Object.hasOwn(INTRINSICS, name) ? INTRINSICS[name]!(operands, call) : undefined
}

function guard(operands: readonly Written[], type: 'string' | 'number'): string {
  const tests = operands.filter((operand) => operand.type !== type).map(({ code }) => `typeof ${code} === '${type}'`)
  return tests.length === 0 ? 'true' : tests.join(' && ')
}
