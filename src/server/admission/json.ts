// JSON that an API server could have sent: UTF-8, no deeper than Kubernetes takes, and no member twice, as readers differ in which one counts.
import { ThymusError } from '../../core/errors.ts'
import { quote } from '../../core/quote.ts'
import { stringEnd } from '../../formats/json-string.ts'

/** Kubernetes refuses documents that are deeper than 10,000; no object that it stores comes near this, and the judges recurse. */
const MAX_DEPTH = 1_000

const LONG_NUMBER = /\d{16}/

const [BRACE, CLOSING_BRACE, BRACKET, CLOSING_BRACKET, COMMA, COLON, QUOTE, BACKSLASH] = Buffer.from('{}[],:"\\')

/** Reads a document; see `exact` for its numbers. Members named `__proto__` are own ones like all others. @throws ThymusError REVIEW */
export function readStrictJson(bytes: Uint8Array): unknown {
  const text = decode(bytes)
  const value = parse(text)
  // Only where something is wrong is it worth while to look for its place.
  if (membersOf(value, 0) !== writtenMembers(bytes)) checkStructure(text)
  return value
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new ThymusError('REVIEW', 'the body is not UTF-8')
  }
}

function parse(text: string): unknown {
  try {
    // Only a text with so many digits in a row holds a number that JS would round.
    return LONG_NUMBER.test(text) ? JSON.parse(text, exact) : JSON.parse(text)
  } catch {
    // What the engine says would repeat a piece of the text.
    throw new ThymusError('REVIEW', text.trim() === '' ? 'the body is empty' : 'the body is not JSON')
  }
}

/** Whole numbers to their last digit: those that JS cannot hold are bigint. */
function exact(_key: string, value: unknown, { source }: { readonly source?: string } = {}): unknown {
  return typeof value === 'number' && !Number.isSafeInteger(value) && source !== undefined && /^-?\d+$/.test(source)
    ? BigInt(source)
    : value
}

/** Not yet in TypeScript's library. */
const rawJson = (JSON as unknown as { readonly rawJSON: (text: string) => unknown }).rawJSON

/** JSON of values that `readStrictJson` made, digit for digit. */
export function exactJson(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? rawJson(String(each)) : each))
}

/** How many members all objects of a value have together; no number where it is too deep. */
function membersOf(value: unknown, depth: number): number {
  if (typeof value !== 'object' || value === null) return 0
  if (depth === MAX_DEPTH) return Number.NaN
  let count = 0
  if (Array.isArray(value)) {
    for (const item of value) count += membersOf(item, depth + 1)
    return count
  }
  const fields = value as Readonly<Record<string, unknown>>
  const names = Object.keys(fields)
  for (const name of names) count += membersOf(fields[name], depth + 1)
  return count + names.length
}

/** How many members are written in valid JSON, those that stand twice among them. */
function writtenMembers(bytes: Uint8Array): number {
  let count = 0
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === COLON) count++
    else if (byte === QUOTE) {
      for (at++; bytes[at] !== QUOTE; at++) if (bytes[at] === BACKSLASH) at++
    }
  }
  return count
}

/** @param text valid JSON: what is open, and whether a string is a key, is all that is to be known */
function checkStructure(text: string): void {
  /** Names of the objects that are open; undefined for a list. */
  const open: (Set<string> | undefined)[] = []
  let key = false
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case BRACE:
      case BRACKET:
        key = text.charCodeAt(at) === BRACE
        if (open.push(key ? new Set() : undefined) > MAX_DEPTH) fail(`the body is deeper than ${MAX_DEPTH}`, at)
        break
      case CLOSING_BRACE:
      case CLOSING_BRACKET:
        open.pop()
        key = false
        break
      case COMMA:
        key = open.at(-1) !== undefined
        break
      case QUOTE: {
        const end = stringEnd(text, at)
        if (key) addName(open.at(-1)!, text.slice(at, end + 1), at)
        key = false
        at = end
      }
    }
  }
}

function addName(names: Set<string>, written: string, at: number): void {
  const name = written.includes('\\') ? (JSON.parse(written) as string) : written.slice(1, -1)
  if (names.has(name)) fail(`the member ${quote(name)} stands twice`, at)
  names.add(name)
}

function fail(message: string, at: number): never {
  throw new ThymusError('REVIEW', message, { at: `character ${at + 1}` })
}
