// Semantic Versioning 2.0.0.
import { ThymusError } from '../core/errors.ts'

export interface Semver {
  readonly major: bigint
  readonly minor: bigint
  readonly patch: bigint
  /** Identifiers of a version before the release; none for the release. */
  readonly pre: readonly string[]
}

const NUMBER = '(0|[1-9]\\d*)'
const PRE = '(?:0|[1-9]\\d*|\\d*[A-Za-z-][0-9A-Za-z-]*)'
const META = '[0-9A-Za-z-]+'
const VERSION = new RegExp(`^${NUMBER}\\.${NUMBER}\\.${NUMBER}(?:-(${PRE}(?:\\.${PRE})*))?(?:\\+${META}(?:\\.${META})*)?$`)
const MOST = (1n << 64n) - 1n
const MOST_LENGTH = 1_000

/** Throws FORMAT. `lenient`: a `v` before it, numbers that begin with zeros, parts that are missing. */
export function readSemver(text: string, lenient = false): Semver {
  const found = text.length > MOST_LENGTH ? null : VERSION.exec(lenient ? normal(text) : text)
  const numbers = found?.slice(1, 4).map(BigInt)
  const pre = found?.[4]?.split('.') ?? []
  if (numbers === undefined || numbers.some((one) => one > MOST) || pre.some((one) => /^\d+$/.test(one) && BigInt(one) > MOST)) {
    throw new ThymusError('FORMAT', `${JSON.stringify(text.slice(0, 80))} is no semantic version`)
  }
  const [major, minor, patch] = numbers as [bigint, bigint, bigint]
  return { major, minor, patch, pre }
}

function normal(text: string): string {
  const [major, minor, ...rest] = text.replace(/^v/, '').split('.')
  const parts = [major!, ...(minor === undefined ? [] : [minor]), ...(rest.length === 0 ? [] : [rest.join('.')])].map((part) =>
    part.length > 1 ? part.replace(/^0+(?=\d)/, '').replace(/^0+(?!\d)/, '0') : part,
  )
  if (parts.length < 3 && /[+-]/.test(parts.at(-1)!)) return ''
  while (parts.length < 3) parts.push('0')
  return parts.join('.')
}

/** Clause 11: −1, 0 or 1. */
export function compareSemver(a: Semver, b: Semver): number {
  for (const part of ['major', 'minor', 'patch'] as const) if (a[part] !== b[part]) return a[part] < b[part] ? -1 : 1
  if (a.pre.length === 0 || b.pre.length === 0) return Number(a.pre.length === 0) - Number(b.pre.length === 0)
  for (let at = 0; at < Math.min(a.pre.length, b.pre.length); at++) {
    const order = compareIdentifiers(a.pre[at]!, b.pre[at]!)
    if (order !== 0) return order
  }
  return Math.sign(a.pre.length - b.pre.length)
}

/** Numbers by value and below words; these by their characters. */
function compareIdentifiers(a: string, b: string): number {
  const [one, other] = [/^\d+$/.test(a), /^\d+$/.test(b)]
  if (one !== other) return one ? -1 : 1
  const [left, right] = one ? [BigInt(a), BigInt(b)] : [a, b]
  return left < right ? -1 : left > right ? 1 : 0
}
