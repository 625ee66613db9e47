// What a scalar is: as Go's yaml.v3 resolves it.
import { YamlFault } from './cursor.ts'
import type { ScalarNode } from './parse.ts'
import { readTime } from './time.ts'

/**
 * A scalar; NaN and the infinities, which JSON has not, are JS numbers here. What is binary is its text in base64. A time is its text as
 * it is written, of which some of Go's libraries make a time and some do not; with a tag all do, and it is that of JSON.
 */
export type Resolved = {
  readonly kind: 'null' | 'boolean' | 'int' | 'float' | 'string' | 'time' | 'binary' | 'merge'
  readonly value: string | boolean | null | bigint | number
}

const WORDS: ReadonlyMap<string, Resolved> = new Map(
  (
    [
      ['true True TRUE', { kind: 'boolean', value: true }],
      ['false False FALSE', { kind: 'boolean', value: false }],
      [' ~ null Null NULL', { kind: 'null', value: null }],
      ['.nan .NaN .NAN', { kind: 'float', value: Number.NaN }],
      ['.inf .Inf .INF +.inf +.Inf +.INF', { kind: 'float', value: Infinity }],
      ['-.inf -.Inf -.INF', { kind: 'float', value: -Infinity }],
      ['<<', { kind: 'merge', value: '<<' }],
    ] as const
  ).flatMap(([words, resolved]) => words.split(' ').map((word) => [word, resolved] as const)),
)

/** What a plain scalar is. */
export function resolve(text: string): Resolved {
  const word = WORDS.get(text)
  if (word !== undefined) return word
  const string: Resolved = { kind: 'string', value: text }
  if (!/^[-+.\d]/.test(text)) return string
  const plain = text.startsWith('.') ? text : text.replaceAll('_', '')
  const int = text.startsWith('.') ? undefined : readInt(plain)
  if (int !== undefined) return { kind: 'int', value: int }
  const float = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/.test(plain) ? Number(plain) : Infinity
  if (Number.isFinite(float)) return { kind: 'float', value: float }
  return readTime(text) === undefined ? string : { kind: 'time', value: text }
}

/** Of 64 bits, with a sign or without; a leading 0 is octal, as in YAML 1.1. */
function readInt(text: string): bigint | undefined {
  const found = /^([-+]?)(?:(0|[1-9]\d*)|0[oO]?([0-7]+)|(0[xX][\da-fA-F]+|0[bB][01]+))$/.exec(text)
  if (found === null) return undefined
  const [, sign, decimal, octal, other] = found
  const size = octal === undefined ? BigInt(decimal ?? other!) : BigInt(`0o${octal}`)
  const value = sign === '-' ? -size : size
  const fits = BigInt.asIntN(64, value) === value || (sign === '' && BigInt.asUintN(64, value) === value)
  return fits ? value : undefined
}

const CORE = 'tag:yaml.org,2002:'
const KINDS: ReadonlyMap<string, Resolved['kind']> = new Map([
  ['int', 'int'],
  ['float', 'float'],
  ['bool', 'boolean'],
  ['null', 'null'],
  ['timestamp', 'time'],
  ['merge', 'merge'],
])

/** By its tag, or as what `plain` says where it is plain and has none. Throws YamlFault. */
export function resolveScalar({ text, plain, tag: full }: ScalarNode, resolvePlain: (text: string) => Resolved = resolve): Resolved {
  if (full === undefined) return plain ? resolvePlain(text) : { kind: 'string', value: text }
  const tag = full.startsWith(CORE) ? full.slice(CORE.length) : full
  if (tag === 'binary') return { kind: 'binary', value: text }
  const wanted = KINDS.get(tag)
  if (wanted === undefined) return { kind: 'string', value: text }
  const resolved = resolvePlain(text)
  if (wanted === 'float' && resolved.kind === 'int') return { kind: 'float', value: Number(resolved.value) }
  if (resolved.kind !== wanted) throw new YamlFault(`cannot decode ${JSON.stringify(text)} as a !!${tag}`, undefined)
  return wanted === 'time' ? { kind: 'time', value: readTime(text)! } : resolved
}
