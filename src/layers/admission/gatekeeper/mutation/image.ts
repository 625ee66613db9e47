// Names of images, taken apart and put together again as Gatekeeper does (pkg/mutation/mutators/assignimage).

/** A part that is empty is left as it was. */
export interface ImageParts {
  readonly domain: string
  readonly path: string
  /** With its `:` or `@`. */
  readonly tag: string
}

/** Far more than a registry takes; keeps the search for a domain from growing with its square. */
const MAX_LENGTH = 1024

const DOMAIN = /^(?:\w[\w-]*\.[\w.-]*\w|localhost)(?::\d+)?$/
/** Words of letters and digits between single marks, two underscores, or any number of dashes. */
const PATH = /^[a-z0-9]+(?:(?:[._/]|__|-+)[a-z0-9]+)*$/
const TAG = /^(?::\w[\w.-]{0,127}|@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9A-Fa-f]{32,})$/

/** What would make a name that is read otherwise the next time: a part, and why. */
export function imagePartsProblem({
  domain,
  path,
  tag,
}: ImageParts): { readonly part: keyof ImageParts; readonly problem: string } | undefined {
  if (domain === '' && path === '' && tag === '')
    return { part: 'domain', problem: 'one of assignDomain, assignPath and assignTag must be set' }
  const fits = (pattern: RegExp, text: string) => text === '' || (text.length <= MAX_LENGTH && pattern.test(text))
  if (!fits(DOMAIN, domain)) return { part: 'domain', problem: 'must be a fully qualified domain name, or localhost' }
  if (!fits(PATH, path)) return { part: 'path', problem: 'must be the path of an image' }
  if (!fits(TAG, tag)) return { part: 'tag', problem: 'must be a tag that begins with ":", or a digest that begins with "@"' }
  if (domain === '' && split(path).domain !== '') return { part: 'path', problem: 'begins like a domain: assignDomain must be set too' }
  return undefined
}

/** The name with the parts that are set put in place of its own. */
export function mutateImage(name: string, parts: ImageParts): string {
  const old = split(name)
  const domain = parts.domain || old.domain
  return `${domain === '' ? '' : `${domain}/`}${parts.path || old.path}${parts.tag || old.tag}`
}

function split(name: string): ImageParts {
  const slash = name.indexOf('/')
  const first = name.slice(0, Math.max(slash, 0))
  const domain = /[.:]/.test(first) || first === 'localhost' ? first : ''
  const rest = domain === '' ? name : name.slice(slash + 1)
  const mark = rest.search(/[:@]/)
  return mark < 0 ? { domain, path: rest, tag: '' } : { domain, path: rest.slice(0, mark), tag: rest.slice(mark) }
}
