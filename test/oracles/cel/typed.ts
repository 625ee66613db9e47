// Expressions whose types agree, so that most of them come to a value: a grammar by type. `$I` stands for an expression that is an int.
import type { Random } from '../../kit/random.ts'
import { lines } from './expressions.table.ts'

const GRAMMAR: Readonly<Record<string, readonly string[]>> = {
  /** int */
  I: lines(`
    0
    7
    -3
    9223372036854775807
    object.spec.replicas
    $I + $I
    $I - $I
    $I * $I
    $I / $I
    $I % $I
    -$I
    $B ? $I : $I
    $S.size()
    $L.size()
    size($M)
    $S.indexOf($S)
    $S.lastIndexOf($S, $I)
    int($S)
    int($F)
    int($U)
    $L.sum()
    $L.max()
    $L.min()
    $L.indexOf($I)
    $L[$I]
    $T.getFullYear()
    $T.getDayOfWeek()
    $T.getHours('-02:30')
    $D.getMinutes()
    int($T)
    $Q.compareTo($Q)
    $V.minor()
    $P.family()
    $O.orValue($I)
    $L[?$I].orValue($I)
  `),
  /** string */
  S: lines(String.raw`
    ''
    'a'
    'héllo, wörld'
    '😀 \u00e9\n\t"quoted"'
    '42'
    string(object.spec.containers[0].image)
    string(object.metadata.name)
    $S + $S
    $B ? $S : $S
    string($I)
    string($F)
    string($B)
    string($T)
    string($D)
    string(bytes($S))
    $S.charAt($I)
    $S.substring($I)
    $S.substring($I, $I)
    $S.lowerAscii()
    $S.upperAscii()
    $S.trim()
    $S.replace($S, $S)
    $S.replace($S, $S, $I)
    $S.split($S).join('|')
    $S.split($S, $I).join($S)
    strings.quote($S)
    $S.find('[a-z]+')
    '%s and %d'.format([$L, $I])
    '%s %s'.format([$M, $T])
    '%x %X %o %b'.format([$I, $S, $I, $B])
    '%.2f %e'.format([$F, $F])
    $M[?$S].orValue($S)
    string($P)
    string($C.masked())
    url($W).getHostname()
    url($W).getEscapedPath()
    url($W).getQuery().size() > 0 ? 'query' : ''
  `),
  /** bool */
  B: lines(`
    true
    false
    $I < $I
    $I == $I
    $F >= $F
    $S == $S
    $S < $S
    dyn($I) == dyn($F)
    $L == $L
    $M == $M
    !$B
    $B && $B
    $B || $B
    $I in $L
    $S in $M
    $S.contains($S)
    $S.startsWith($S)
    $S.matches('^[a-z]*[0-9]?')
    $L.all(i, i < $I)
    $L.exists(i, i == $I)
    $L.exists_one(i, i > $I)
    $L.all(i, v, i <= v)
    $M.exists(k, v, k < v)
    $L.isSorted()
    has(object.spec)
    has(object.nothing)
    $O.hasValue()
    $T < $T
    $D > $D
    $Q.isGreaterThan($Q)
    $V.isLessThan($V)
    $C.containsIP($P)
    $C.containsCIDR($C)
    isIP($S)
    isQuantity($S)
    isURL($W)
    sets.contains($L, $L)
    sets.intersects($L, $L)
    sets.equivalent($L, $L)
    format.dns1123Label().validate($S).hasValue()
    $P.isGlobalUnicast()
  `),
  /** double */
  F: lines(`
    0.0
    1.5
    -2.25e3
    1e-7
    $F + $F
    $F * $F
    $F / $F
    double($I)
    double('1.25')
    $B ? $F : $F
    $Q.asApproximateFloat()
  `),
  /** uint */
  U: lines(`
    0u
    5u
    18446744073709551615u
    $U + $U
    $U * $U
    uint($I)
  `),
  /** list(int) */
  L: lines(`
    [1, 2, 3]
    [$I, $I]
    [$I]
    $L + $L
    $L.map(i, i + $I)
    $L.filter(i, i > $I)
    $L.map(i, i > $I, i * 2)
    $L.transformList(i, v, i + v)
    [$L, $L][0]
    $S.split('').map(c, c.size())
    $B ? $L : $L
  `),
  /** map(string, string) */
  M: lines(`
    {'a': 'b', 'c': $S}
    {$S: $S}
    {'k': 'v', $S: $S}
    $M.transformMap(k, v, k + v)
    ['x', 'y'].transformMapEntry(i, v, {v: string(i)})
    $B ? $M : $M
  `),
  /** optional_type(int) */
  O: lines(`
    optional.of($I)
    optional.none()
    optional.ofNonZeroValue($I)
    $L[?$I]
    $O.optMap(x, x + $I)
    $O.or($O)
    $L.first()
    $L.last()
    object.?spec.?replicas.optMap(x, int(x))
  `),
  T: lines(`
    timestamp('2024-02-29T12:34:56.789Z')
    timestamp('1969-12-31T23:59:59-05:00')
    timestamp($I)
    $T + $D
    $T - $D
  `),
  D: lines(`
    duration('90m')
    duration('-1.5s')
    duration('1h2m3.004005006s')
    $D + $D
    $T - $T
  `),
  Q: lines(`
    quantity('1.5Gi')
    quantity('100m')
    quantity('-3k')
    $Q.add($Q)
    $Q.sub($I)
    $Q.add($I)
  `),
  V: lines(`
    semver('1.2.3')
    semver('1.10.0-rc.1+build')
    semver('v1.2', true)
  `),
  P: lines(`
    ip('10.1.2.3')
    ip('2001:db8::1')
    $C.ip()
  `),
  C: lines(`
    cidr('10.0.0.0/8')
    cidr('10.1.2.3/31')
    cidr('2001:db8::/33')
  `),
  /** A string that is a URL. */
  W: lines(`
    'https://user@example.com:8443/a%20b/c?x=1&y=%41#f'
    'http://[::1]:80'
    '/path/only'
    'no url'
  `),
}

/** Of these the value can be shown whatever it is. */
const SHOWN = ['I', 'S', 'B', 'F', 'U', 'L', 'M', 'O', 'T', 'D'] as const

/** `depth`: of functions and operators within each other. */
export function typed(random: Random, depth = 3, type: string = random.of(SHOWN)): string {
  const all = GRAMMAR[type]!
  const leaves = all.filter((one) => !one.includes('$'))
  return random.of(depth > 0 || leaves.length === 0 ? all : leaves).replace(/\$([A-Z])/g, (_, inner: string) => {
    const text = typed(random, depth - 1, inner)
    return /^(?:[\w.']*|'[^'\\]*')$/.test(text) ? text : `(${text})`
  })
}
