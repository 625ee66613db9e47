export interface Mailbox {
  readonly local: string
  readonly domain: string
}

/** RFC 5321 ends at 256; a pattern needs memory for each character. */
const MAX_LENGTH = 10_000

/** A mailbox (RFC 2821 §4.1.2), as an rfc822Name of a certificate is one; undefined for what is none. A space may stand in quotes (RFC 3696 §3). */
export function readMailbox(text: string): Mailbox | undefined {
  if (text.length > MAX_LENGTH) return undefined
  const read = text.startsWith('"') ? readQuoted(text) : readAtoms(text)
  if (read === undefined || text[read.end] !== '@') return undefined
  const domain = text.slice(read.end + 1)
  // No label is empty, and all are visible; anything else was seen in practice.
  if (domain !== '' && !domain.split('.').every((label) => /^[!-~]+$/.test(label))) return undefined
  return { local: read.local, domain }
}

interface Local {
  readonly local: string
  readonly end: number
}

function readQuoted(text: string): Local | undefined {
  const found = /^"((?:[\x01-\x08\x0b\x0c\x0e-\x21\x23-\x5b\x5d-\x7f]|\\[\x01-\x09\x0b\x0c\x0e-\x7f])*)"/.exec(text)
  return found === null ? undefined : { local: plain(found[1]!), end: found[0].length }
}

function readAtoms(text: string): Local | undefined {
  const found = /^(?:[\w!#$%&'*+\-/=?^`{|}~.]|\\[\s\S])+/.exec(text)
  if (found === null) return undefined
  const local = plain(found[0])
  return local.startsWith('.') || local.endsWith('.') || local.includes('..') ? undefined : { local, end: found[0].length }
}

const plain = (text: string) => text.replace(/\\([\s\S])/g, '$1')
