// The language of locations: `spec.containers[name: main].image` (Gatekeeper: pkg/mutation/path).
import { ThymusError } from '../../../../core/errors.ts'
import { quote } from '../../../../core/quote.ts'

/** A field of an object. */
export interface FieldStep {
  readonly type: 'Object'
  readonly name: string
}

/** Elements of a list: those whose `key` has the value, or all where it is `undefined`. A whole number is a bigint, as in a document. */
export interface ListStep {
  readonly type: 'List'
  readonly key: string
  readonly value: string | bigint | undefined
}

export type Step = FieldStep | ListStep
/** A list never follows another, nor begins a path. */
export type Path = readonly Step[]

/** More than any object has; Gatekeeper has no limit. */
const MAX_LENGTH = 16_384
const MAX_STEPS = 256

/** The whole of the syntax: words, numbers, text in either kind of quotes, and marks, each after any white space. */
const TOKEN =
  /[ \t\r\n]*(?:(?<number>[0-9]+)|(?<word>[A-Za-z_-][\w-]*)|(?<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?<mark>[.[\]*:])|(?<end>$))/suy

interface Token {
  readonly type: 'number' | 'word' | '.' | '[' | ']' | '*' | ':' | 'end'
  readonly text: string
  readonly at: number
}

/** @throws ThymusError MUTATOR: what is wrong, and at which character. The empty text is the path of no steps. */
export function parsePath(text: string): Path {
  if (text.length > MAX_LENGTH) throw wrong(`has ${text.length} characters, more than ${MAX_LENGTH}`)
  const tokens = tokenize(text)
  const steps: Step[] = []
  let position = 0
  const next = (expected: string, ...types: readonly Token['type'][]): Token => {
    const token = tokens[position++]!
    if (!types.includes(token.type)) throw wrong(`expected ${expected} at character ${token.at + 1} of ${quote(text)}`)
    return token
  }
  while (steps.length === 0 ? tokens[position]!.type !== 'end' : next('"." or the end', '.', 'end').type === '.') {
    steps.push({ type: 'Object', name: next('a field', 'word').text })
    if (tokens[position]!.type === '[') {
      position++
      const key = next('the key of a list', 'word').text
      next('":"', ':')
      const value = next('a value or "*"', 'word', 'number', '*')
      next('"]"', ']')
      steps.push({ type: 'List', key, value: value.type === '*' ? undefined : value.type === 'word' ? value.text : int64(value.text) })
    }
    if (steps.length > MAX_STEPS) throw wrong(`has more than ${MAX_STEPS} steps`)
  }
  return steps
}

function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = []
  TOKEN.lastIndex = 0
  for (;;) {
    const at = TOKEN.lastIndex
    const found = TOKEN.exec(text)?.groups
    if (found === undefined)
      throw wrong(`has what cannot stand there, or a text that does not end, at character ${at + 1} of ${quote(text)}`)
    const { number, word, quoted, mark } = found
    if (number !== undefined) tokens.push({ type: 'number', text: number, at })
    else if (word !== undefined) tokens.push({ type: 'word', text: word, at })
    else if (quoted !== undefined) tokens.push({ type: 'word', text: quoted.slice(1, -1).replace(/\\(.)/gsu, '$1'), at })
    else if (mark !== undefined) tokens.push({ type: mark as Token['type'], text: mark, at })
    else return [...tokens, { type: 'end', text: '', at }]
  }
}

/** As Gatekeeper reads it, which stops only where the sum so far turns negative: a long number may wrap to another. */
function int64(digits: string): bigint {
  let sum = 0n
  for (const digit of digits) {
    sum = BigInt.asIntN(64, sum * 10n + BigInt(digit))
    if (sum < 0n) throw wrong(`has a number that is too large: ${quote(digits)}`)
  }
  return sum
}

function wrong(problem: string): ThymusError {
  return new ThymusError('MUTATOR', `the location ${problem}`)
}

/** The path as text that parses to it again. */
export function pathText(path: Path): string {
  return path.map((step, index) => (step.type === 'List' ? listText(step) : `${index > 0 ? '.' : ''}${bare(step.name)}`)).join('')
}

function listText({ key, value }: ListStep): string {
  return `[${bare(key)}: ${value === undefined ? '*' : typeof value === 'bigint' ? value : bare(value)}]`
}

const bare = (text: string) => (/^[A-Za-z_-][\w-]*$/.test(text) ? text : `"${text.replace(/["\\]/g, '\\$&')}"`)

export function sameStep(one: Step, other: Step): boolean {
  if (one.type === 'Object') return other.type === 'Object' && one.name === other.name
  return other.type === 'List' && one.key === other.key && one.value === other.value
}
