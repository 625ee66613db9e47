// What a request names: its path, taken apart as Go's router and OPA do, and its query.
import type { Asked } from '../exchange.ts'

export interface Target {
  /** Still escaped, cleaned of nothing. */
  readonly path: string
  /** The query as it came, with its question mark; empty where there is none. */
  readonly search: string
  readonly query: ReadonlyMap<string, readonly string[]>
}

/** Undefined for a path with a percent sign that escapes nothing. */
export function readTarget(asked: Asked): Target | undefined {
  // Who asks a proxy names the server too, and every server must understand that: RFC 9112, 3.2.2.
  const target = asked.target.replace(/^https?:\/\/[^/?]*/i, '')
  const mark = target.indexOf('?')
  const path = mark < 0 ? target : target.slice(0, mark)
  if ((path !== '' && !path.startsWith('/')) || unescaped(path) === undefined) return undefined
  return { path, search: target.slice(path.length), query: readQuery(mark < 0 ? '' : target.slice(mark + 1)) }
}

/** Undefined where a percent sign escapes nothing. Bytes that are no UTF-8 are replaced, as Go's JSON does at last. */
export function unescaped(text: string): string | undefined {
  if (!text.includes('%')) return text
  if (/%(?![\da-fA-F]{2})/.test(text)) return undefined
  const bytes = text.replace(/(?:%[\da-fA-F]{2})+/g, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString())
  return bytes
}

/** A field with a semicolon, or with an escape that is none, is left out. */
function readQuery(text: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>()
  for (const field of text.split('&')) {
    if (field === '' || field.includes(';')) continue
    const at = field.indexOf('=')
    const [name, value] = [at < 0 ? field : field.slice(0, at), at < 0 ? '' : field.slice(at + 1)].map((part) =>
      unescaped(part.replaceAll('+', ' ')),
    )
    if (name === undefined || value === undefined) continue
    found.set(name, [...(found.get(name) ?? []), value])
  }
  return found
}

/** `?pretty`, `?pretty=true`. */
export function isSet({ query }: Target, name: string): boolean {
  const values = query.get(name) ?? []
  return (values.length === 1 && values[0] === '') || values.some((value) => value.toLowerCase() === 'true')
}

export const last = ({ query }: Target, name: string): string | undefined => query.get(name)?.at(-1)

/** Without `.`, `..` and empty parts; a slash at the end stays. */
export function cleaned(path: string): string {
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return `/${parts.join('/')}${path.endsWith('/') && parts.length > 0 ? '/' : ''}`
}

/** Parts of a path that name a document. Undefined where one escapes nothing. */
export function documentPath(escaped: string): readonly string[] | undefined {
  const trimmed = escaped.replace(/^\/+|\/+$/g, '')
  if (trimmed === '') return []
  const parts = trimmed.split('/').map(unescaped)
  return parts.every((part) => part !== undefined) ? parts : undefined
}
