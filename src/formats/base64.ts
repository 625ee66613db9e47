export interface Base64Form {
  /** `-_` in place of `+/` (RFC 4648 §5). */
  readonly url?: boolean
  /** Filled up with `=`; otherwise there must be none. */
  readonly padded: boolean
}

/**
 * The bytes that a base64 text spells (RFC 4648 §4, §5), or undefined where it spells none. Line ends are skipped wherever they are, as
 * Go and PEM do; nothing else is. Bits that are left over in the last character may be set.
 */
export function decodeBase64(text: string, { url = false, padded }: Base64Form): Buffer | undefined {
  const joined = text.replace(/[\r\n]/g, '')
  const fill = padded ? (joined.endsWith('==') ? 2 : joined.endsWith('=') ? 1 : 0) : 0
  const body = joined.slice(0, joined.length - fill)
  // By search, since a repeated group keeps a way back for every character.
  if (body.search(url ? /[^A-Za-z0-9_-]/ : /[^A-Za-z0-9+/]/) >= 0) return undefined
  const last = body.length % 4
  if (last === 1 || (padded && fill !== (4 - last) % 4)) return undefined
  return Buffer.from(body, url ? 'base64url' : 'base64')
}
