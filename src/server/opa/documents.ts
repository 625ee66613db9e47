// The base document, which is written to. Nothing that was read before a write changes by it.
import { isArray, RegoObject, type Value } from '../../lang/rego/values/value.ts'
import { invalid, Refusal } from './refusal.ts'

export type Operation = 'add' | 'remove' | 'replace'
export type Path = readonly string[]

const notFound = (words = 'document does not exist') => new Refusal(404, 'resource_not_found', `storage_not_found_error: ${words}`)
const conflict = (path: Path) => new Refusal(404, 'resource_conflict', `storage_write_conflict_error: ${pathText(path)}`)
const invalidPatch = (message: string) => invalid(`storage_invalid_patch_error: ${message}`)

/** As Go's url.PathEscape writes the parts. */
export const pathText = (path: Path) =>
  `/${path.map((part) => encodeURIComponent(part).replace(/%(?:24|26|2B|3A|3D|40)/g, decodeURIComponent)).join('/')}`

/** The document at a path. Throws a Refusal where there is none. */
export function read(data: Value, path: Path): Value {
  let node: Value | undefined = data
  for (const part of path) {
    if (node instanceof RegoObject) node = node.get(part)
    else node = isArray(node) ? node[indexOf(node, part, path)] : undefined
    if (node === undefined) throw notFound()
  }
  return node
}

/** The document at the longest part of a path at which there is one. */
function deepest(data: Value, path: Path): { readonly node: Value; readonly length: number } {
  let node: Value = data
  for (const [length, part] of path.entries()) {
    const next: Value | undefined = node instanceof RegoObject ? node.get(part) : isArray(node) ? node[readIndex(part) ?? -1] : undefined
    if (next === undefined) return { node, length }
    node = next
  }
  return { node, length: path.length }
}

export const exists = (data: Value, path: Path) => deepest(data, path).length === path.length

/** Whether no rule can stand at a path: something is there, or what is above it has no names. */
export function isTaken(data: Value, path: Path): boolean {
  const { node, length } = deepest(data, path)
  return length === path.length || !(node instanceof RegoObject)
}

/** Objects for the parts of a path that are not there. Throws a Refusal where something else is. */
export function withFolders(data: RegoObject, path: Path): RegoObject {
  const { node, length } = deepest(data, path)
  if (!(node instanceof RegoObject)) throw conflict(path.slice(0, length))
  if (length === path.length) return data
  const inner = path.slice(length + 1).reduceRight<Value>((value, name) => RegoObject.of([[name, value]]), new RegoObject())
  return write(data, 'add', path.slice(0, length + 1), inner)
}

/** The document with the change. Throws a Refusal. */
export function write(data: Value, operation: Operation, path: Path, value: Value): RegoObject {
  if (path.length === 0) {
    if (operation === 'remove') throw invalidPatch('root cannot be removed')
    if (!(value instanceof RegoObject)) throw invalidPatch('root must be object')
    return value
  }
  return changed(data, operation, path, 0, value) as RegoObject
}

function changed(node: Value | undefined, operation: Operation, path: Path, at: number, value: Value): Value {
  const part = path[at]!
  const isLast = at === path.length - 1
  if (node instanceof RegoObject) {
    const entries = new Map(node.entries())
    if (isLast && operation === 'remove') {
      if (!entries.delete(part)) throw notFound()
      return RegoObject.of(entries)
    }
    if (!entries.has(part) && (!isLast || operation === 'replace')) throw notFound()
    entries.set(part, isLast ? value : changed(entries.get(part), operation, path, at + 1, value))
    return RegoObject.of(entries)
  }
  if (node === undefined || !isArray(node)) throw notFound()
  if (!isLast) return node.with(indexOf(node, part, path), changed(node[indexOf(node, part, path)], operation, path, at + 1, value))
  if (part === '-' || part === String(node.length)) {
    if (operation !== 'add') throw invalidPatch(`${pathText(path)}: invalid patch path`)
    return [...node, value]
  }
  const index = indexOf(node, part, path)
  if (operation === 'add') return node.toSpliced(index, 0, value)
  return operation === 'remove' ? node.toSpliced(index, 1) : node.with(index, value)
}

function indexOf(array: readonly Value[], part: string, path: Path): number {
  const index = readIndex(part)
  if (index === undefined) throw notFound(`${pathText(path)}: array index must be integer`)
  if (index < 0 || index >= array.length) throw notFound(`${pathText(path)}: array index out of range`)
  return index
}

/** A whole number as OPA reads one in a path: with a sign, and with zeros behind a point. */
export function wholeNumber(part: string): bigint | undefined {
  const [, sign, digits] = /^([+-]?)(\d{1,19})(?:\.0*)?$/.exec(part) ?? []
  if (digits === undefined) return undefined
  return sign === '-' ? -BigInt(digits) : BigInt(digits)
}

function readIndex(part: string): number | undefined {
  const whole = wholeNumber(part)
  return whole === undefined ? undefined : Number(whole)
}
