// Expressions for the comparison, about every library, and the object that they look at.
export const OBJECT = {
  kind: 'Pod',
  metadata: { name: 'web', labels: { app: 'web', 'a/b': 'c' }, annotations: {} },
  spec: {
    replicas: 3,
    ratio: 0.5,
    none: null,
    big: 9007199254740991,
    containers: [
      { name: 'a', image: 'nginx:1.25', ports: [{ containerPort: 80 }, { containerPort: 443 }], limits: { cpu: '500m' } },
      { name: 'b', image: 'registry.example/b@sha256:00', securityContext: { privileged: true } },
    ],
  },
}

export const lines = (text: string) =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')

export const WRITTEN: readonly string[] = lines(String.raw`
  1 + 2 * 3 - 4 / 2 % 3
  -1 - -2
  --1
  !!true
  !-1
  9223372036854775807
  -9223372036854775808
  9223372036854775808
  -(-9223372036854775808)
  9223372036854775807 + 1
  9223372036854775807 * 2
  -9223372036854775808 / -1
  5 / 0
  5 % 0
  -7 / 2
  -7 % 3
  5u - 6u
  18446744073709551615u
  18446744073709551616u
  0xff
  0xFFu
  -0x10
  1e3
  1.5e-3
  .5
  1.
  1e400
  1.0 / 0.0
  -1.0 / 0.0
  0.0 / 0.0 == 0.0 / 0.0
  1 == 1.0
  dyn(1) == 1.0
  dyn(1u) == 1
  dyn(1) in [1.0, 2.0]
  1 < 1.5
  1u < 2
  2.5 > 2u
  1 < 2 == true
  'a' < 'b'
  'a' < 'B'
  b'a' < b'b'
  '￿' < '😀'
  true > false
  null == null
  null == dyn(1)
  [] == []
  [1, 2] == [1, 2]
  [1, 2] == [2, 1]
  {} == {}
  {'a': 1, 'b': 2} == {'b': 2, 'a': 1}
  {'a': 1} == {'a': 2}
  {1: 'a'}[1]
  {1: 'a'}[dyn(1.0)]
  {1u: 'a'}[dyn(1)]
  {1: 'a', 1: 'b'}
  {1: 'a', dyn(1u): 'b'}
  {'a': 1, 'a': 2}
  {null: 1}
  {1.5: 1}
  {[1]: 1}
  [1, 'a']
  [1, dyn('a')]
  [dyn(1), dyn('a')]
  [[], [1]]
  [{}, {'a': 1}]
  {'a': 1, 'b': 'c'}
  {'a': dyn(1), 'b': dyn('c')}
  [1, 2, 3][1]
  [1, 2, 3][3]
  [1, 2, 3][-1]
  [1, 2, 3][dyn(1.0)]
  [1, 2, 3][dyn(1u)]
  [1, 2, 3][1u]
  [1,]
  [1,,2]
  {'a': 1,}
  size([1, 2])
  [1, 2].size()
  'héllo😀'.size()
  size(b'abc')
  size({'a': 1})
  size(1)
  'a' + 'b'
  'a' + 1
  b'a' + b'b'
  [1] + [2]
  [1] + ['a']
  [] + [1]
  "a\tb\n\"\\\x41\u00e9\U0001F600\101"
  r"a\nb"
  b"\xff\u00e9"
  b"\xff\101é"
  '''a'b'''
  '\q'
  "\ud800"
  'a' 'b'
  true ? 1 : 2
  true ? 1 : 'a'
  true ? 1 : dyn('a')
  1 ? 2 : 3
  dyn(1) ? 2 : 3
  true ? 1 : 1 / 0
  true || 1 / 0 == 1
  1 / 0 == 1 || true
  1 / 0 == 1 || false
  false && 1 / 0 == 1
  1 / 0 == 1 && false
  1 / 0 == 1 && true
  dyn(1) || true
  dyn(1) || false
  dyn('a') && false
  dyn('a') && true
  1 || true
  true && true && true && true
  object.kind
  object.nothing
  object.metadata.name == 'web'
  object['kind']
  object["metadata"]["labels"]["a/b"]
  object.metadata.labels.app
  object.spec.replicas + 1
  object.spec.replicas + 1.0
  object.spec.replicas == 3.0
  object.spec.ratio * 2.0
  object.spec.none
  object.spec.none == null
  object.spec.none.a
  object.spec.big
  object.spec.containers[0].name
  object.spec.containers[2].name
  object.spec.containers[0]['image']
  object.spec.containers['a']
  object.kind.a
  object.kind[0]
  has(object.spec)
  has(object.nothing)
  has(object.nothing.at)
  has(object.spec.none)
  has(object.spec.none.a)
  has(object.metadata.annotations.x)
  has(object)
  has(object.spec.containers[0].name)
  has(object['spec'])
  has({'a': 1}.a)
  has({'a': 1}.b)
  has(oldObject.spec)
  oldObject == null
  oldObject.spec
  'kind' in object
  'none' in object.spec
  1 in object
  'a' in ['a', 'b']
  1 in [1u]
  'app' in object.metadata.labels
  'a' in 'abc'
  1 in {1: 'a'}
  object in [object]
  [1, 2, 3].all(x, x > 0)
  [1, 2, 3].all(x, x > 1)
  [].all(x, x > 1)
  [1, 2, 3].exists(x, x == 2)
  [1, 2, 3].exists_one(x, x == 2)
  [1, 2, 2].existsOne(x, x == 2)
  [1, 0, 2].all(x, 1 / x > 0)
  [1, 0, -1].all(x, 1 / x > 0)
  [0, 1].exists(x, 1 / x == 1)
  [0, 2].exists(x, 1 / x == 1)
  [0, 1].exists_one(x, 1 / x == 1)
  [1, 2, 3].map(x, x * 2)
  [1, 2, 3].map(x, x > 1, x * 2)
  [1, 2, 3].filter(x, x > 1)
  [1, 2, 3].filter(x, x)
  [1, 2, 3].all(x, x)
  [1, 2, 3].all(x, dyn(x))
  [1, 2, 3].map(x.y, 1)
  [1, 2, 3].map(1, 1)
  {'a': 1, 'b': 2}.all(k, k != 'c')
  {'a': 1, 'b': 2}.exists(k, k == 'b')
  {'a': 1}.map(k, k + 'x')
  'abc'.all(x, true)
  dyn('abc').all(x, true)
  1.map(x, x)
  object.spec.containers.all(c, has(c.image) && c.image.contains(':'))
  object.spec.containers.exists(c, has(c.securityContext) && c.securityContext.privileged)
  object.spec.containers.map(c, c.name)
  object.spec.containers.map(c, c.ports.size())
  object.spec.containers.filter(c, has(c.ports)).map(c, c.ports.map(p, p.containerPort))
  object.metadata.labels.map(k, k).size()
  [1, 2].map(x, [3, 4].map(y, x * y))
  [1, 2].map(x, [x].map(x, x + 1))
  [1, 2, 3].all(i, x, i < x)
  [1, 2, 3].exists(i, x, i == 2 && x == 3)
  [1, 2, 3].existsOne(i, x, i == 2)
  [1, 2, 3].exists_one(i, x, i > 0)
  {'a': 1}.all(k, v, k == 'a' && v == 1)
  [1, 2, 3].transformList(i, x, i * x)
  [1, 2, 3].transformList(i, x, x > 1, i * x)
  {'a': 1}.transformList(k, v, [k])
  {'a': 1, 'b': 2}.transformMap(k, v, v + 1)
  {'a': 1, 'b': 2}.transformMap(k, v, v > 1, v + 1)
  ['a', 'b'].transformMap(i, v, v)
  {'a': 'x', 'b': 'y'}.transformMapEntry(k, v, {v: k})
  {'a': 'x', 'b': 'x'}.transformMapEntry(k, v, {v: k})
  ['a', 'b'].transformMapEntry(i, v, v != 'a', {v: i})
  ['a'].transformMapEntry(i, v, v)
  [1].all(x, x, true)
  object.?spec
  object.?nothing
  object.?nothing.at
  object.?nothing.?at
  object.?spec.replicas
  object.?spec.?replicas.orValue(7)
  object.?nothing.orValue({})
  object.?nothing.orValue('x')
  object.?spec.none
  object[?'spec']
  object[?'nothing']
  object.spec.containers[?0].name
  object.spec.containers[?5].name
  object.spec.containers[?5].?name.orValue('none')
  [1, 2][?1]
  [1, 2][?2]
  {'a': 1}[?'b']
  {'a': 1}.?a
  optional.of(1)
  optional.none()
  optional.of(1).hasValue()
  optional.none().hasValue()
  optional.of(1).value()
  optional.none().value()
  optional.ofNonZeroValue(0)
  optional.ofNonZeroValue('')
  optional.ofNonZeroValue([1])
  optional.ofNonZeroValue(null)
  optional.ofNonZeroValue(0.0)
  optional.ofNonZeroValue(duration('0s'))
  optional.ofNonZeroValue({})
  optional.none().or(optional.of(2))
  optional.of(1).or(optional.of(2))
  optional.of(1).or(2)
  optional.of(1).orValue('a')
  optional.none().orValue(1)
  optional.of(1).orValue(1 / 0)
  optional.of([1, 2])[0]
  optional.of([1, 2])[5]
  optional.of({'a': 1}).a
  optional.of({'a': {'b': 1}}).a.b
  optional.of(1).optMap(x, x + 1)
  optional.none().optMap(x, x + 1)
  optional.of(1).optFlatMap(x, optional.of(x + 1))
  optional.of(1).optFlatMap(x, x)
  optional.of(1) == optional.of(1)
  optional.of(1) == optional.none()
  [?optional.of(1), ?optional.none(), 2]
  [?1]
  {?'a': optional.of(1), ?'b': optional.none()}
  {?'a': object.?nothing, 'b': object.?spec.replicas.orValue(1)}
  [optional.of(1), optional.none()].unwrapOpt()
  optional.unwrap([optional.of(1), optional.none()])
  [1, 2].first()
  [].first()
  [1, 2].last().value()
  has(object.?spec.replicas)
  has(optional.of({'a': 1}).a)
  type(1)
  type(1) == int
  type(object)
  type('a') == string
  type([]) == list
  type({}) == map
  type(null) == null_type
  type(optional.none())
  type(duration('1s')) == google.protobuf.Duration
  type(quantity('1'))
  type(type(1))
  int('12')
  int('+12')
  int('a')
  int(' 1')
  int(1.9)
  int(-1.9)
  int(1e19)
  int(9223372036854775807u)
  int(18446744073709551615u)
  int(timestamp('2024-01-02T03:04:05.5Z'))
  int(timestamp('1960-01-02T03:04:05.5Z'))
  int(duration('1s'))
  uint('7')
  uint(-1)
  uint(1.5)
  uint('-1')
  double('1.5')
  double('1e5')
  double('abc')
  double('Inf')
  double(1)
  string(1)
  string(1.0)
  string(1e21)
  string(1.5e-7)
  string(123456789.125)
  string(0.1 + 0.2)
  string(true)
  string(b'abc')
  string(b'\xff')
  string(duration('1h30m'))
  string(duration('1ms'))
  string(duration('-1.5s'))
  string(duration('1ns'))
  string(timestamp('2024-01-02T03:04:05.120Z'))
  string(timestamp('2024-01-02T03:04:05+02:00'))
  string(null)
  string([1])
  bool('true')
  bool('T')
  bool('yes')
  bytes('é')
  dyn(1) + 'a'
  duration('1h') + duration('1m')
  duration('1h') - duration('2h')
  duration('1d')
  duration('')
  duration('1.5h').getMinutes()
  duration('90s').getMinutes()
  duration('3661s').getHours()
  duration('1.234s').getMilliseconds()
  duration('-1.234s').getMilliseconds()
  duration('3h').getSeconds()
  duration('9223372036s') + duration('9223372036s')
  timestamp('2024-02-30T00:00:00Z')
  timestamp('2024-01-02')
  timestamp('2024-01-02t03:04:05z')
  timestamp('2024-01-02T03:04:05Z') + duration('24h')
  timestamp('2024-01-02T03:04:05Z') - timestamp('2024-01-01T00:00:00Z')
  timestamp('2024-01-02T03:04:05Z') < timestamp('2024-01-02T03:04:06Z')
  timestamp('9999-12-31T23:59:59Z') + duration('1s')
  timestamp('0001-01-01T00:00:00Z') - duration('1s')
  timestamp('2024-01-02T24:00:00Z')
  timestamp('2024-01-02T03:04:60Z')
  timestamp(1700000000)
  timestamp('2024-02-29T12:34:56.789Z').getFullYear()
  timestamp('2024-02-29T12:34:56.789Z').getMonth()
  timestamp('2024-02-29T12:34:56.789Z').getDate()
  timestamp('2024-02-29T12:34:56.789Z').getDayOfMonth()
  timestamp('2024-02-29T12:34:56.789Z').getDayOfWeek()
  timestamp('2024-02-29T12:34:56.789Z').getDayOfYear()
  timestamp('2024-02-29T12:34:56.789Z').getHours()
  timestamp('2024-02-29T12:34:56.789Z').getMinutes()
  timestamp('2024-02-29T12:34:56.789Z').getSeconds()
  timestamp('2024-02-29T12:34:56.789Z').getMilliseconds()
  timestamp('2024-02-29T23:34:56Z').getHours('Europe/Berlin')
  timestamp('2024-02-29T23:34:56Z').getDate('+01:00')
  timestamp('2024-02-29T23:34:56Z').getHours('-05:30')
  timestamp('2024-02-29T23:34:56Z').getHours('Nowhere/At')
  timestamp('2024-02-29T23:34:56Z').getHours('')
  'hello'.contains('ell')
  'hello'.startsWith('he')
  'hello'.endsWith('lo')
  'hello'.matches('^h.*o$')
  matches('hello', 'l+')
  'hello'.matches('(')
  'hello'.matches(object.kind + '(')
  'hello'.matches('(?i)HELLO')
  'héllo'.charAt(1)
  'abc'.charAt(3)
  'abc'.charAt(4)
  'abc'.charAt(-1)
  'hello'.indexOf('l')
  'hello'.indexOf('l', 3)
  'hello'.indexOf('', 9)
  'hello'.indexOf('z')
  'hello'.indexOf('l', -1)
  '😀a😀b'.indexOf('b')
  '😀a😀b'.indexOf('😀', 1)
  'hello'.lastIndexOf('l')
  'hello'.lastIndexOf('l', 2)
  'hello'.lastIndexOf('')
  'hello'.lastIndexOf('', 3)
  'hello'.lastIndexOf('hello', 4)
  'hello'.lastIndexOf('l', 9)
  'hello'.lastIndexOf('l', -1)
  '😀a😀b'.lastIndexOf('😀')
  ['a', 'b'].join()
  ['a', 'b'].join('-')
  [].join('-')
  [dyn('a'), dyn(1)].join()
  [1].join()
  'HeLLoÉ'.lowerAscii()
  'HeLLoé'.upperAscii()
  'aaa'.replace('a', 'b')
  'aaa'.replace('a', 'b', 2)
  'aaa'.replace('a', 'b', 0)
  'aaa'.replace('a', 'b', -1)
  'abc'.replace('', '-')
  'abc'.replace('', '-', 2)
  'a$b'.replace('$', '$&')
  'a,b,c'.split(',')
  'a,b,c'.split(',', 2)
  'a,b,c'.split(',', 0)
  'a,b,c'.split(',', 1)
  'a,b,c'.split(',', -1)
  'abc'.split('')
  'abc'.split('', 2)
  ''.split(',')
  ''.split('')
  'héllo'.substring(1)
  'héllo'.substring(1, 3)
  'hello'.substring(5)
  'hello'.substring(6)
  'hello'.substring(3, 2)
  'hello'.substring(-1, 2)
  ' \t\n x  '.trim()
  '​x'.trim()
  'abc'.reverse()
  strings.quote('a"b\n\\é')
  '%s and %s'.format(['a', 'b'])
  '%d %d'.format([1, 2u])
  '%d'.format(['a'])
  '%s %s %s %s'.format([1, 1.5, true, null])
  '%s'.format([[1, 'a', 2.5, null, true]])
  '%s'.format([{'b': 1, 'a': [2]}])
  '%s'.format([{1: 'x', 2: 'y'}])
  '%s'.format([duration('1h')])
  '%s'.format([[duration('1h')]])
  '%s'.format([timestamp('2024-01-02T03:04:05Z')])
  '%s'.format([[timestamp('2024-01-02T03:04:05Z')]])
  '%s'.format([b'abc'])
  '%s'.format([[b'abc']])
  '%s'.format([type(1)])
  '%s'.format([[type(1)]])
  '%s'.format([1e21])
  '%s'.format([123456.789])
  '%f'.format([1.5])
  '%.2f'.format([1234567.891])
  '%.0f'.format([2.5])
  '%f'.format([1])
  '%f'.format(['NaN'])
  '%f'.format(['Infinity'])
  '%e'.format([1234.5678])
  '%.3e'.format([-0.00012])
  '%x'.format([255])
  '%X'.format([255])
  '%x'.format(['hello'])
  '%X'.format([b'hello'])
  '%x'.format([-255])
  '%o'.format([8])
  '%b'.format([5])
  '%b'.format([true])
  '%b'.format([-5])
  '%%'.format([])
  '%s'.format([])
  '%s'.format([1, 2])
  '%q'.format([1])
  'abc%'.format([])
  '%.s'.format([1])
  '%.3s'.format(['abcdef'])
  'x'.format([dyn(1)])
  '%s'.format([object.spec.containers[0]])
  '%s'.format([object.spec.nothing])
  'abc 123 def 456'.find('[0-9]+')
  'abc'.find('[0-9]+')
  'abc 123 def 456'.findAll('[0-9]+')
  'abc 123 def 456'.findAll('[0-9]+', 1)
  'abc 123 def 456'.findAll('[0-9]+', 0)
  'abc'.findAll('')
  'aXbXc'.findAll('X*')
  'héé'.findAll('é?')
  'abc'.find('(')
  [1, 2, 3].isSorted()
  [3, 2].isSorted()
  [].isSorted()
  ['a', 'b'].isSorted()
  [true, false].isSorted()
  [{}].isSorted()
  [1, 2, 3].sum()
  [1.5, 2.5].sum()
  [1u, 2u].sum()
  [duration('1h'), duration('1m')].sum()
  [].sum()
  ['a'].sum()
  [3, 1, 2].min()
  [3, 1, 2].max()
  ['a', 'c', 'b'].max()
  [].max()
  [dyn(1), dyn('a')].max()
  [1, 2, 3, 2].indexOf(2)
  [1, 2, 3, 2].lastIndexOf(2)
  [1, 2].indexOf(5)
  ['a'].indexOf(1)
  [1, 2, 3, 4].slice(1, 3)
  [1, 2, 3, 4].slice(3, 1)
  [1, 2].slice(0, 5)
  [[1], [2, 3], []].flatten()
  [1, 2].flatten()
  [[1, [2]], [[3]]].flatten()
  [[1, [2]], [[3]]].flatten(2)
  [[[1]]].flatten(-1)
  [3, 1, 2].sort()
  ['b', 'a'].sort()
  [[1]].sort()
  [dyn(1), dyn('a')].sort()
  [3, 1, 2].sortBy(x, -x)
  ['bb', 'a'].sortBy(x, x.size())
  object.spec.containers.sortBy(c, c.image).map(c, c.name)
  object.spec.containers.sortBy(c, c).map(c, c.name)
  lists.range(4)
  lists.range(-1)
  lists.range(0)
  [1, 2, 3].reverse()
  [1, 2, 1, 3, 2].distinct()
  [1, dyn(1.0), dyn(1u)].distinct()
  [[1], [1]].distinct()
  sets.contains([1, 2, 3], [2])
  sets.contains([1, 2], [2, 5])
  sets.contains([], [])
  sets.equivalent([1, 2], [2, 1, 1])
  sets.equivalent([1], [1, 2])
  sets.intersects([1, 2], [2, 3])
  sets.intersects([1], [])
  sets.contains([1], ['a'])
  ip('10.0.0.1')
  ip('10.0.0.256')
  ip('::1').family()
  ip('10.0.0.1').family()
  ip('::ffff:10.0.0.1')
  ip('fe80::1%eth0')
  string(ip('2001:0db8::0001'))
  ip.isCanonical('2001:0db8::0001')
  ip.isCanonical('2001:db8::1')
  ip.isCanonical('x')
  isIP('1.2.3.4')
  isIP('01.2.3.4')
  isIP('')
  ip('127.0.0.1').isLoopback()
  ip('::1').isLoopback()
  ip('0.0.0.0').isUnspecified()
  ip('224.0.0.1').isLinkLocalMulticast()
  ip('ff02::1').isLinkLocalMulticast()
  ip('169.254.0.1').isLinkLocalUnicast()
  ip('fe80::1').isLinkLocalUnicast()
  ip('8.8.8.8').isGlobalUnicast()
  ip('255.255.255.255').isGlobalUnicast()
  ip('10.0.0.1') == ip('10.0.0.1')
  ip('::1') == ip('0:0:0:0:0:0:0:1')
  ip('10.0.0.1') == '10.0.0.1'
  dyn(ip('10.0.0.1')) == '10.0.0.1'
  dyn('10.0.0.1') == ip('10.0.0.1')
  cidr('10.0.0.0/8').containsIP('10.1.2.3')
  cidr('10.0.0.0/8').containsIP(ip('11.1.2.3'))
  cidr('10.0.0.0/8').containsIP('x')
  cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16')
  cidr('10.1.0.0/16').containsCIDR(cidr('10.0.0.0/8'))
  cidr('2001:db8::/32').containsIP('2001:db8::5')
  cidr('10.0.0.0/33')
  cidr('10.0.0.0')
  cidr('10.0.0.5/24').masked()
  string(cidr('10.0.0.5/24').masked())
  string(cidr('10.0.0.5/24'))
  cidr('10.0.0.5/24').prefixLength()
  string(cidr('10.0.0.5/24').ip())
  cidr('10.0.0.0/24') == cidr('10.0.0.0/24')
  cidr('10.0.0.1/24') == cidr('10.0.0.0/24')
  isCIDR('10.0.0.0/24')
  isCIDR('10.0.0.0/024')
  isCIDR('::/0')
  url('https://user:pw@example.com:8080/a%20b?q=1&q=2#frag').getHost()
  url('https://example.com:8080/a b').getEscapedPath()
  url('https://example.com:8080/a%20b?q=1').getEscapedPath()
  url('https://example.com:8080/a').getPort()
  url('https://example.com/a').getPort()
  url('https://[::1]:80/a').getHostname()
  url('https://[::1]:80/a').getHost()
  url('https://example.com/?q=1&q=2&r=%20x+y&s').getQuery()
  url('https://example.com/?a=%zz&b=1').getQuery()
  url('https://example.com/?a=1;b=2&c=3').getQuery()
  url('https://example.com').getScheme()
  url('/path/only').getScheme()
  url('example.com')
  url('')
  isURL('https://example.com')
  isURL('../relative')
  isURL('http://a b/')
  isURL(':bad')
  isURL('https://a/#frag')
  url('https://a/') == url('https://a/')
  quantity('1Gi').compareTo(quantity('1024Mi'))
  quantity('1000m') == quantity('1')
  quantity('1k').asInteger()
  quantity('1500m').asInteger()
  quantity('1000m').isInteger()
  quantity('1.5Gi').isInteger()
  quantity('1.5Gi').asApproximateFloat()
  quantity('50k').add(quantity('20k')) == quantity('70k')
  quantity('50k').add(20).asInteger()
  quantity('50k').sub(20).asInteger()
  quantity('50k').sub(quantity('100k')).asInteger()
  sign(quantity('-5'))
  quantity('-5').sign()
  quantity('1e3').asInteger()
  quantity('1E3').asInteger()
  quantity('1E').asInteger()
  quantity('10E').asInteger()
  quantity('1Ei').asInteger()
  quantity('0.0000000001')
  quantity('0.0000000001').asApproximateFloat()
  quantity('100n').asApproximateFloat()
  quantity('1u').isLessThan(quantity('1m'))
  quantity('1Mi').isGreaterThan(quantity('1M'))
  isQuantity('1.3Gi')
  isQuantity('1.3Gib')
  isQuantity('')
  isQuantity('.5')
  isQuantity('5.')
  isQuantity('.')
  isQuantity('Ki')
  isQuantity('+1')
  isQuantity('1e')
  isQuantity('1 Gi')
  quantity('12345678901234567890').isInteger()
  quantity('0').asInteger()
  quantity('0.5').add(quantity('0.5')).isInteger()
  semver('1.2.3').major()
  semver('1.2.3').minor()
  semver('1.2.3').patch()
  semver('1.2.3-rc.1+build').compareTo(semver('1.2.3'))
  semver('1.2.3').isGreaterThan(semver('1.2.2'))
  semver('1.2.3-alpha.2').isLessThan(semver('1.2.3-alpha.10'))
  semver('1.2.3-alpha').isLessThan(semver('1.2.3-1'))
  semver('v1.2.3')
  semver('v1.2.3', true).major()
  semver('1.2', true).patch()
  semver('01.02.03', true).minor()
  semver('1.2-rc', true)
  isSemver('1.2')
  isSemver('1.2', true)
  isSemver('v1', true)
  isSemver('1.2.3.4', true)
  isSemver('1.2.3-01')
  isSemver('1.2.3+01')
  isSemver('', true)
  isSemver('000.1', true)
  semver('1.2.3+a') == semver('1.2.3+b')
  format.named('dns1123Label').hasValue()
  format.named('nothing')
  format.dns1123Label().validate('abc')
  format.dns1123Label().validate('ABC')
  format.dns1123Label().validate('')
  format.dns1123Subdomain().validate('a.b-c.d')
  format.dns1123Subdomain().validate('a..b')
  format.dns1035Label().validate('1a')
  format.qualifiedName().validate('example.com/name')
  format.qualifiedName().validate('a/b/c')
  format.qualifiedName().validate('/b')
  format.qualifiedName().validate('')
  format.dns1123LabelPrefix().validate('abc-')
  format.dns1123SubdomainPrefix().validate('abc.-')
  format.dns1035LabelPrefix().validate('abc-')
  format.labelValue().validate('')
  format.labelValue().validate('-a')
  format.uri().validate('https://example.com')
  format.uri().validate('nope').hasValue()
  format.uuid().validate('123e4567-e89b-12d3-a456-426614174000')
  format.uuid().validate('x')
  format.byte().validate('aGVsbG8=')
  format.byte().validate('???')
  format.byte().validate('')
  format.date().validate('2024-02-29')
  format.date().validate('2023-02-29')
  format.datetime().validate('2024-02-29T00:00:00Z')
  format.datetime().validate('2024-02-29')
  format.dns1123Label() == format.dns1123Label()
  format.named('uuid').value().validate('x').hasValue()
  cel.bind(x, 1, x)
  math.greatest(1, 2)
  base64.encode(b'a')
  nothing
  nothing(1)
  nothing.at
  object.nothing()
  'a'.nothing()
  a.b.c(1)
  .object.kind
  if
  object.if
  object.in
  object.true
  object.namespace
  namespace
  1 +
  (1
  1)
  [1
  {1
  @
  a ? b
  ''
  // comment
  1 // comment
  1 + // comment
  int
  int(1, 2)
  Msg{a: 1}
  request.a
  jsonpatch.escapeKey('a/b')
  [1, 2, 3].map(x, x > 1 ? [x] : []).flatten()
  '%f|%.2f|%e'.format([-0.0, -0.001, -0.0])
  '%.9e|%.2e|%.20e|%.9f'.format([1.0 / 0.0, 0.0 / 0.0, -1.0 / 0.0, 1.0 / 0.0])
  '%s'.format([object.spec.containers.map(c, ip('10.0.0.1'))])
  '%s'.format([[ip('10.0.0.1')]])
  '%s'.format([{1.5: 1}])
  '%s'.format([dyn(optional.none())])
  '%d'.format([dyn('a')])
  '%x'.format([dyn(1.5)])
  '%z'.format([dyn(1)])
  '%.f'.format([dyn(1.5)])
  object.kind.format([1])
  (object.kind + '%').format([1])
  optional.none().optMap(x, x + object.spec.replicas).or(optional.of(1))
  true ? (true ? object.kind : object.kind) : object.kind
  dyn(1) + dyn('a')
  object.nothing in []
  object.nothing in dyn([])
  [1][dyn(0.5)]
  dyn([1]) - dyn(1)
  dyn(duration('1s')) * 2
  dyn(true) < dyn(1)
  dyn([1]) < dyn([1])
  -dyn('a')
  -dyn([1])
  dyn(1).trim()
  dyn(1).getHours()
  dyn([1]).matches('a')
  dyn(1).contains('a')
  dyn(1).size()
  [dyn(object)].max()
  [dyn('a')].sum()
  [dyn(1)].join()
  dyn(ip('10.0.0.1')).all(x, true)
  dyn(1).all(i, x, true)
  dyn(1).optMap(x, x)
  dyn(1).sort()
  quantity('1kk')
  quantity('1.5Gi').sub(3).add(quantity('1.5Gi')).add(quantity('100m')).asApproximateFloat()
  quantity('1.5Gi').add(quantity('-3k')).add(quantity('1.5Gi').sub(9223372036854775807)).asApproximateFloat()
  quantity('e')
  quantity('1h')
  cidr('10.0.0.0/8').containsCIDR('x')
  duration(object.kind)
  timestamp(string(2024) + '-02-30T00:00:00Z')
  lists.range(1000).map(x, lists.range(1000)).size()
  lists.range(2000000).size()
  lists.range(1000).all(x, lists.range(1000).all(y, y >= 0))
  lists.range(3000).distinct().size()
`)
