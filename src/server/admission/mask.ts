// What of a request may stand in a log. Pointers (RFC 6901) name what is hidden, below the request; `*` is every member or element.
// What is hidden of the object is hidden of the old one too. The data of a Secret is hidden whoever asks.
import { ThymusError } from '../../core/errors.ts'
import { quote } from '../../core/quote.ts'
import { isFields } from '../../formats/kubernetes/object.ts'
import type { AdmissionRequest } from '../../layers/admission/review.ts'

/** In the place of what is hidden, so that it can be seen that something was there. */
const HIDDEN = '***'

export type Pointer = readonly string[]

/** kubectl keeps the whole object in the annotation. */
const SECRET: readonly Pointer[] = [
  ['object', 'data', '*'],
  ['object', 'stringData', '*'],
  ['object', 'metadata', 'annotations', 'kubectl.kubernetes.io/last-applied-configuration'],
]

/** @throws ThymusError CONFIG */
export function readPointer(text: string): Pointer {
  if (!text.startsWith('/') || text === '/' || /~(?![01])/.test(text))
    throw new ThymusError('CONFIG', 'a pointer is /NAME/NAME…, with ~1 for a slash and ~0 for a tilde', { at: quote(text) })
  return text
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** A copy; the request itself is not touched. */
export function masked(request: AdmissionRequest, pointers: readonly Pointer[]): unknown {
  const isSecret = [request.kind, request.requestKind].some((kind) => kind?.group === '' && kind.kind === 'Secret')
  const all = [...pointers, ...(isSecret ? SECRET : [])].flatMap((pointer) => {
    const [first, ...rest] = pointer
    return first === 'object' ? [pointer, ['oldObject', ...rest]] : [pointer]
  })
  return all.reduce<unknown>((value, pointer) => hide(value, pointer, 0), request)
}

function hide(value: unknown, pointer: Pointer, at: number): unknown {
  if (at === pointer.length) return HIDDEN
  const part = pointer[at]!
  const hits = (name: string) => part === '*' || name === part
  if (Array.isArray(value)) return value.map((each, index) => (hits(String(index)) ? hide(each, pointer, at + 1) : each))
  // Anything in the place of a Secret's data is hidden as a whole: what is no map is no map of what may be seen.
  if (!isFields(value)) return part === '*' && value !== undefined && value !== null ? HIDDEN : value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, hits(name) ? hide(each, pointer, at + 1) : each]))
}
