// Expressions as policies that show what they come to, and where an API server of 1.34 differs from one of 1.36, which ours are held to.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { compileCel } from '../../src/lang/cel/cel.ts'
import type { Type } from '../../src/lang/cel/types.ts'
import { declarations } from '../../src/layers/admission/cel-variables.ts'
import type { KubeClient } from '../kit/kube-client.ts'
import { Random } from '../kit/random.ts'
import { eventually } from '../kit/serving.ts'
import { made } from '../oracles/cel/generator.ts'
import { typed } from '../oracles/cel/typed.ts'

const RECORDED = join(import.meta.dirname, '../oracles/cel/answers.json')
/** The API server panics at optional elements of type `dyn`, and so do expressions with them. */
const PANIC = /(?:^|[^\w)\]}'"])\[\?|\{\?/

/** Written about every library, and made: `count` of each kind. */
export function expressions(count: number, seed: number): readonly string[] {
  const random = new Random(seed)
  const each = (make: (random: Random) => string) => Array.from({ length: count }, () => make(random))
  const written = Object.keys(JSON.parse(readFileSync(RECORDED, 'utf8')))
  return [...new Set([...written, ...each(typed), ...each(made)])].filter(
    (one) => one.trim() !== '' && one.length < 250 && !PANIC.test(one),
  )
}

export const typeOf = (expression: string): Type => compileCel(expression, { variables: declarations(false) }).type

/** An expression that shows what another comes to, as far as its type can be shown. */
export function shown(expression: string, type: Type): string {
  const of = `(${expression}${/\/\/[^'"]*$/.test(expression) ? '\n' : ''})`
  switch (type.kind) {
    case 'string':
      return `strings.quote(${of})`
    case 'bytes':
      return `'%x'.format([${of}])`
    case 'optional_type':
      return `${of}.hasValue() ? 'some ' + ${shown(`${of}.value()`, type.params[0]!)} : 'none'`
    case 'kubernetes.Quantity':
      return `string(${of}.asApproximateFloat())`
    case 'kubernetes.Semver':
      return `'%d.%d.%d'.format([${of}.major(), ${of}.minor(), ${of}.patch()])`
    case 'kubernetes.NamedFormat':
      return `string(${of} == ${of})`
    case 'kubernetes.URL':
      return `${of}.getScheme() + ' ' + ${of}.getHost() + ' ' + ${of}.getEscapedPath()`
    default:
      return BY_STRING.has(type.kind) ? `string(${of})` : `'%s'.format([dyn(${of})])`
  }
}

const BY_STRING = new Set(['int', 'uint', 'double', 'bool', 'google.protobuf.Timestamp', 'google.protobuf.Duration', 'net.IP', 'net.CIDR'])

/** New expressions may not yet use what came with the API server's own version. */
const NOT_YET = /undeclared reference to '(?:sort|sortBy|flatten|reverse|distinct|slice|lists|first|last)'/
/** There was a `duration` of an int. */
const NO_MORE = /'duration' applied to '\(int\)'|overload: duration\(int\)/
/** Maps with keys that can be none are refused here, and found out when they are asked there. */
const NO_KEY = /unsupported key type/

/** Whether one may refuse what the other takes. */
export const mayRefuse = (ours: string | undefined, theirs: string | undefined) =>
  NOT_YET.test(theirs ?? '') || NO_KEY.test(ours ?? '') || NO_MORE.test(ours ?? '')

/** Go's own libraries' words, and those that changed. */
const WORDS =
  /URL parse error|IP Address|\b(?:number|elements found|string empty|short version)\b|RFC 3339|to 'google.protobuf.Timestamp'|qualified name|internal error|overload: (?:find|matches)|qualifier type/

/**
 * Whether 1.34 may come to something else: by words that are of another version, a place behind the end, `or` of what is no optional value;
 * and what the API server puts into an object after it has asked the webhooks. */
export const isOlder = (expression: string, ours = '', theirs = '') =>
  WORDS.test(ours + theirs) ||
  NO_KEY.test(ours) ||
  NO_MORE.test(ours) ||
  /ndexOf\((?:''|""|.*,)/.test(expression) ||
  (/\.or(?:Value)?\(/.test(expression) && /no such overload$/.test(ours)) ||
  theirs.includes('creationTimestamp')

/** Anything may be written into a Thing. @returns where they are made */
export async function thingsAt(client: KubeClient): Promise<string> {
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } }
  const { status, body } = await client.create({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'things.test.thymus.dev' },
    spec: {
      ...{ group: 'test.thymus.dev', scope: 'Namespaced', names: { plural: 'things', kind: 'Thing' } },
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  })
  if (status !== 201) throw new Error(JSON.stringify(body))
  const path = '/apis/test.thymus.dev/v1/namespaces/default/things'
  await eventually('things are served', async () => (await client.ask('GET', path)).status === 200)
  return path
}
