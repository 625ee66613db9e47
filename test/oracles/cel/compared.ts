import type { Answer } from './oracle.ts'

/** cel-go panics at optional elements of type dyn, takes a name of a macro for a type after one was
 * used, and refuses to show an element that is left out. */
const isFaulty = ({ error, message }: Answer) =>
  error === 'panic' || /^reference to undefined type|was given optional_type|^internal error: runtime error/.test(message ?? '')

/** What differs on purpose: keys of maps that are no keys of CEL, which cel-go does not look at;
 * and what it counts before it looks at the types. */
const isKept = ({ message }: Answer, expression: string) =>
  (message ?? '').startsWith('unsupported key type') || (message === 'no such overload' && expression.includes('.flatten('))

/** What Go's own libraries say of a text, and Go's name of a type that cel-go has several of. */
const UNTOLD =
  /^(?:internal error|URL parse error|IP Address "[^"]*:|invalid qualifier type: (?:\*|map\[|\[\])|no such overload: .*flatten|cannot initialize optional)|\b(?:major|minor|patch|meta ?data|prerelease|elements found|string empty)\b/i

/** Whether two errors of the evaluation have the same words. Those of regular expressions depend on whether the pattern is a constant. */
const sameWords = (ours: Answer, go: Answer) =>
  go.error !== 'eval' ||
  UNTOLD.test(go.message ?? '') ||
  /overload: (?:find|matches)/.test(`${ours.message} ${go.message}`) ||
  ours.message === go.message

/** Go goes through the keys of an object in any order. */
const UNORDERED = /\bobject\)*\.(?:map|filter)/

const shown = ({ value, type, error }: Answer, expression: string) =>
  error ?? JSON.stringify(sorted({ value: value ?? null, type }, UNORDERED.test(expression)))

function sorted(value: unknown, lists: boolean): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => sorted(item, lists))
    return lists ? items.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) : items
  }
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item, lists)]))
}

/** How our answer differs from Go's, for people; undefined where it does not. */
export function difference(expression: string, ours: Answer, go: Answer): string | undefined {
  const [left, right] = [shown(ours, expression), shown(go, expression)]
  if ((left === right && sameWords(ours, go)) || isFaulty(go) || isKept(ours, expression)) return undefined
  return `${expression}\n  ours: ${left} ${ours.message ?? ''}\n  Go:   ${right} ${go.message ?? ''}`
}
