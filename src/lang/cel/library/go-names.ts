// What cel-go's errors call things: calls that no overload takes, and Go's types of values. People know these messages, and search for them.
import { Fault, noOverload } from '../run.ts'
import { typeName, type Value } from '../values.ts'

const TIMESTAMP = 'google.protobuf.Timestamp'
const DURATION = 'google.protobuf.Duration'
/** Types that are asked themselves about any function. */
const RECEIVERS = ['string', TIMESTAMP, DURATION]
const NUMBERS = ['int', 'uint', 'double']
const ORDERED = [...NUMBERS, 'bool', 'bytes']

/** Functions that types implement themselves, and which types do, beside the receivers. */
const IMPLEMENTED: Readonly<Record<string, readonly string[]>> = {
  '_+_': [...NUMBERS, 'bytes', 'list'],
  '_-_': NUMBERS,
  '_*_': NUMBERS,
  '_/_': NUMBERS,
  '_%_': ['int', 'uint'],
  '-_': ['int', 'double', 'bool'],
  '_<_': ORDERED,
  '_<=_': ORDERED,
  '_>_': ORDERED,
  '_>=_': ORDERED,
  sort: ['list'],
  size: ['bytes', 'list', 'map'],
}
/** Functions that look at their arguments themselves. */
const LOOKING = ['!_', 'contains', 'startsWith', 'endsWith', 'matches']

/** The function does not take these. */
export function untaken(name: string, ...values: readonly Value[]): Fault {
  if (LOOKING.includes(name)) return noOverload()
  const types = values.map(typeName)
  if (!Object.hasOwn(IMPLEMENTED, name)) return new Fault(`no such overload: ${name}(${types.join(', ')})`)
  return [...RECEIVERS, ...IMPLEMENTED[name]!].includes(types[0]!) ? noOverload() : new Fault(`no such overload: ${name}`)
}

const GO_TYPES: Readonly<Record<string, string>> = {
  bool: 'types.Bool',
  bytes: 'types.Bytes',
  double: 'types.Double',
  int: 'types.Int',
  string: 'types.String',
  uint: 'types.Uint',
  null_type: 'types.Null',
  type: '*types.Type',
  optional_type: '*types.Optional',
  [TIMESTAMP]: 'types.Timestamp',
  [DURATION]: 'types.Duration',
  'net.IP': 'cel.IP',
  'net.CIDR': 'cel.CIDR',
  'kubernetes.URL': 'cel.URL',
  'kubernetes.Quantity': 'cel.Quantity',
  'kubernetes.Semver': 'cel.Semver',
  'kubernetes.NamedFormat': '*cel.Format',
}

/** Go's type of a value; of a list or a map it depends on where it comes from, and its type of CEL stands in. */
export const goType = (value: Value): string => GO_TYPES[typeName(value)] ?? typeName(value)
