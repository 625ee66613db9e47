// Expressions that give every function and operator every kind of value.
import type { Random } from '../../kit/random.ts'
import { lines } from './expressions.table.ts'

/** Of every kind, some twice as `dyn`. */
const POOL: readonly string[] = [
  'true',
  'false',
  'null',
  '0',
  '1',
  '-3',
  '9223372036854775807',
  '2u',
  '0.0',
  '1.5',
  '1.0',
  "''",
  "'a'",
  "'hello'",
  "'é😀'",
  "'10.0.0.1'",
  "'1h'",
  "b'a'",
  '[]',
  '[1, 2]',
  "['a', 'b']",
  "{'a': 1}",
  '{}',
  "duration('1h')",
  "timestamp('2024-01-02T03:04:05Z')",
  "quantity('1k')",
  "semver('1.2.3')",
  "ip('10.0.0.1')",
  "cidr('10.0.0.0/8')",
  'optional.of(1)',
  'optional.none()',
  'object',
  'object.spec.replicas',
  'object.spec.ratio',
  'object.kind',
  'object.spec.containers',
  'object.nothing',
  'int',
]

const OPERATORS = ['+', '-', '*', '/', '%', '==', '!=', '<', '<=', '>', '>=', 'in', '&&', '||']

const FUNCTIONS: readonly string[] = lines(`
  size(A)
  A.size()
  int(A)
  uint(A)
  double(A)
  string(A)
  bool(A)
  bytes(A)
  type(A)
  dyn(A)
  duration(A)
  timestamp(A)
  -A
  !A
  A[B]
  A[?B]
  A.contains(B)
  A.startsWith(B)
  A.endsWith(B)
  A.charAt(B)
  A.indexOf(B)
  A.lastIndexOf(B)
  A.join(B)
  A.split(B)
  A.substring(B)
  A.trim()
  A.lowerAscii()
  A.find(B)
  A.isSorted()
  A.sum()
  A.min()
  A.max()
  A.sort()
  A.reverse()
  A.distinct()
  A.flatten()
  A.flatten(B)
  A.first()
  A.or(B)
  A.orValue(B)
  A.hasValue()
  A.value()
  A.all(x, x == B)
  A.exists(x, x == B)
  A.map(x, [x, B])
  A.filter(x, x != B)
  A.transformMap(k, v, B)
  A.optMap(x, [x, B])
  A.sortBy(x, B)
  A ? B : B
  true ? A : B
  [A, B]
  {'k': A, 'l': B}
  {A: B}
  {?'k': A}
  [?A]
  has(A.a)
  A.a
  A.?a
  A.containsIP(B)
  A.compareTo(B)
  A.add(B)
  A.isGreaterThan(B)
  A.family()
  A.getHours()
  A.getMilliseconds()
  ip(A)
  quantity(A)
  isQuantity(A)
  semver(A)
  sets.contains(A, B)
  sets.intersects(A, B)
  '%s'.format([A])
  '%d %s'.format([A, B])
  optional.ofNonZeroValue(A)
`)

/** One expression of functions and operators over the pool, three deep at most. */
export function made(random: Random, depth = 2): string {
  const value = () => {
    const plain = depth > 0 && random.below(10) < 3 ? `(${made(random, depth - 1)})` : random.of(POOL)
    return random.below(10) < 4 ? `dyn(${plain})` : plain
  }
  if (random.below(4) === 0) return `${value()} ${random.of(OPERATORS)} ${value()}`
  const [a, b] = [value(), value()]
  return random.of(FUNCTIONS).replace(/\b[AB]\b/g, (name) => (name === 'A' ? a : b))
}
