// JSON documents from parts that are JSON already.
import { quote } from '../../lang/rego/values/text.ts'

/** An object of members whose values are JSON, in the given order; those that are undefined are left out. */
export function members(entries: readonly (readonly [string, string | undefined])[]): string {
  const there = entries.flatMap(([name, value]) => (value === undefined ? [] : [`${quote(name)}:${value}`]))
  return `{${there.join(',')}}`
}

/** Compact JSON, with two spaces for each level. Iterative, since what was sent may be deep. */
export function pretty(compact: string): string {
  const out: string[] = []
  let depth = 0
  for (const [token] of compact.matchAll(/"(?:[^"\\]|\\.)*"|\{\}|\[\]|[{}[\],:]|[^"{}[\],:]+/g)) {
    if (token === '{' || token === '[') out.push(token, line(++depth))
    else if (token === '}' || token === ']') out.push(line(--depth), token)
    else if (token === ',') out.push(token, line(depth))
    else out.push(token === ':' ? ': ' : token)
  }
  return out.join('')
}

const line = (depth: number) => `\n${'  '.repeat(depth)}`
