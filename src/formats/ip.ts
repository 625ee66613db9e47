// IP addresses as bytes, 4 or 16 of them, and as RFC 5952 writes them.

/** The bytes of an address without a zone; undefined for what is none. No part has leading zeros in IPv4. */
export function readIp(text: string): Buffer | undefined {
  return text.includes(':') ? readSix(text) : readFour(text)
}

function readFour(text: string): Buffer | undefined {
  const parts = text.split('.', 5)
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)) return undefined
  return Buffer.from(parts.map(Number))
}

function readSix(text: string): Buffer | undefined {
  const [left, right, ...more] = text.split('::', 3)
  if (more.length > 0) return undefined
  const before = groups(left!, right === undefined)
  const after = right === undefined ? Buffer.alloc(0) : groups(right, true)
  if (before === undefined || after === undefined) return undefined
  const missing = 16 - before.length - after.length
  if (right === undefined ? missing !== 0 : missing < 2) return undefined
  return Buffer.concat([before, Buffer.alloc(missing), after])
}

/** Groups of 16 bits; the last two may be written as IPv4. */
function groups(text: string, last: boolean): Buffer | undefined {
  if (text === '') return Buffer.alloc(0)
  const parts = text.split(':', 9)
  const bytes = parts.map((part, at) => {
    if (/^[\da-f]{1,4}$/i.test(part)) return Buffer.from(part.padStart(4, '0'), 'hex')
    return last && at === parts.length - 1 ? readFour(part) : undefined
  })
  return bytes.includes(undefined) ? undefined : Buffer.concat(bytes as Buffer[])
}

const MAPPED = Buffer.from('00000000000000000000ffff', 'hex')

/** IPv4 where it is one, also one within IPv6. */
export function showIp(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.')
  if (bytes.subarray(0, 12).equals(MAPPED)) return bytes.subarray(12).join('.')
  const groups = Array.from({ length: 8 }, (_, at) => bytes.readUInt16BE(2 * at))
  // The longest run of zeros, the first of equals, two at least.
  let [start, length] = [0, 1]
  for (let at = 0; at < 8; at++) {
    let end = at
    while (groups[end] === 0) end++
    if (end - at > length) [start, length] = [at, end - at]
  }
  const shown = (from: number, to: number) =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':')
  return length < 2 ? shown(0, 8) : `${shown(0, start)}::${shown(start + length, 8)}`
}
