// Archives for tests, sound or not.

export interface TarEntry {
  readonly name: string
  readonly content?: string | Buffer
  readonly type?: string
  readonly link?: string
  /** What the header tells, in place of the length. */
  readonly size?: number | string
  readonly prefix?: string
}

const BLOCK = 512

export function makeTar(entries: readonly TarEntry[], end = true): Buffer {
  const blocks = entries.flatMap(({ name, content = '', type = '0', link = '', size, prefix = '' }) => {
    const bytes = Buffer.from(content)
    const head = Buffer.alloc(BLOCK)
    head.write(name.slice(0, 100), 0)
    head.write('0000644\0', 100)
    head.write(typeof size === 'string' ? size : (size ?? bytes.length).toString(8).padStart(11, '0'), 124)
    head.write(type, 156)
    head.write(link, 157)
    head.write('ustar\x0000', 257, 'latin1')
    head.write(prefix, 345)
    head.fill(' ', 148, 156)
    head.write(
      head
        .reduce((total, byte) => total + byte, 0)
        .toString(8)
        .padStart(6, '0'),
      148,
    )
    head[154] = 0
    return [head, bytes, Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK)]
  })
  return Buffer.concat([...blocks, end ? Buffer.alloc(2 * BLOCK) : Buffer.alloc(0)])
}

/** A record of pax. */
export function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`
  let length = rest.length + 1
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length
  return `${length}${rest}`
}
