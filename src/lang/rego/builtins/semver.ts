import type { Builtin } from '../codegen/runtime.ts'
import { BuiltinError } from '../errors.ts'
import { compareStrings } from '../values/order.ts'
import { text } from './operands.ts'

/** Semantic Versioning 2.0.0, with a `v` before it if one likes. */
const NUMBER = '(0|[1-9]\\d*)'
const PRE = '(?:0|[1-9]\\d*|\\d*[A-Za-z-][0-9A-Za-z-]*)'
const META = '[0-9A-Za-z-]+'
const VERSION = new RegExp(`^v?${NUMBER}\\.${NUMBER}\\.${NUMBER}(?:-(${PRE}(?:\\.${PRE})*))?(?:\\+(${META}(?:\\.${META})*))?$`)
const MOST = (1n << 63n) - 1n

export const SEMVER: Readonly<Record<string, Builtin>> = {
  'semver.is_valid': (_, a) => typeof a === 'string' && read(a) !== undefined,
  'semver.compare': (_, a, b) => {
    const [left, right] = [parts(text(a, 1), 1), parts(text(b, 2), 2)]
    for (let at = 1; at <= 3; at++) {
      const order = size(BigInt(left[at]!), BigInt(right[at]!))
      if (order !== 0) return order
    }
    return comparePre(left[4], right[4])
  },
}

function read(version: string): RegExpExecArray | undefined {
  const found = VERSION.exec(version)
  return found === null || found.slice(1, 4).some((part) => BigInt(part) > MOST) ? undefined : found
}

function parts(version: string, at: number): RegExpExecArray {
  const found = read(version)
  if (found === undefined) throw new BuiltinError(`operand ${at}: string ${version} is not a valid SemVer`)
  return found
}

/** Clause 11: numbers below words, a shorter run of identifiers below a longer, a release above all before it. */
function comparePre(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined)
  const [left, right] = [a.split('.'), b.split('.')]
  for (let at = 0; at < Math.min(left.length, right.length); at++) {
    const [one, other] = [left[at]!, right[at]!]
    const [isNumber, otherIsNumber] = [/^\d+$/.test(one), /^\d+$/.test(other)]
    const order =
      isNumber && otherIsNumber ? size(BigInt(one), BigInt(other)) : Number(otherIsNumber) - Number(isNumber) || compareStrings(one, other)
    if (order !== 0) return order
  }
  return Math.sign(left.length - right.length)
}

const size = (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0)
