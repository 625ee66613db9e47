// A header: what a package of RPM says of itself, in package files and in databases alike (rpm, docs/manual/format_header.md). Numbers are
// big-endian. Signatures of it are not verified here.
import { ByteReader } from '../bytes.ts'

/** Only those that are read (docs/manual/tags.md). */
const TAGS = {
  SHA256HEADER: 273,
  SIG_FILESIGNATURES: 274,
  NAME: 1000,
  VERSION: 1001,
  RELEASE: 1002,
  ARCH: 1022,
  OLDFILENAMES: 1027,
  FILEMODES: 1030,
  FILEDIGESTS: 1035,
  FILEFLAGS: 1037,
  DIRINDEXES: 1116,
  BASENAMES: 1117,
  DIRNAMES: 1118,
  FILEDIGESTALGO: 5011,
  FILESIGNATURES: 5090,
} as const

export type RpmTag = keyof typeof TAGS

const [INT16, INT32, STRING, STRING_ARRAY, LAST_TYPE] = [3, 4, 6, 8, 9]
const ENTRY_SIZE = 16
/** rpm's own: lib/header_internal.h, HEADER_TAGS_MAX and HEADER_DATA_MAX. */
const MAX_ENTRIES = 0xffff
const MAX_STORE = 0x0fff_ffff
/** Values of one tag. The largest packages bring some 100,000 files. */
const MAX_VALUES = 2_000_000

interface Entry {
  readonly type: number
  readonly offset: number
  readonly count: number
}

export class RpmHeader {
  readonly #entries: ReadonlyMap<number, Entry>
  readonly #store: Buffer
  readonly #base: number

  /** @param base of the store, in the input that errors speak of */
  constructor(entries: ReadonlyMap<number, Entry>, store: Buffer, base: number) {
    this.#entries = entries
    this.#store = store
    this.#base = base
  }

  has(tag: RpmTag): boolean {
    return this.#entries.has(TAGS[tag])
  }

  /** The first text of a tag; undefined where the header has none. @throws ThymusError FORMAT at the tag */
  text(tag: RpmTag): string | undefined {
    return this.texts(tag)[0]
  }

  /** All texts of a tag: none where it is not there. A byte that is no UTF-8 is U+FFFD. @throws ThymusError FORMAT at the tag */
  texts(tag: RpmTag): readonly string[] {
    const { reader, count } = this.#values(tag, [STRING, STRING_ARRAY])
    const bytes = reader.rest()
    const texts: string[] = []
    for (let at = 0; texts.length < count; ) {
      const end = bytes.indexOf(0, at)
      if (end < 0) reader.fail(tag, `cut off: ${count} texts are promised, ${texts.length} are there`)
      texts.push(bytes.toString('utf8', at, end))
      at = end + 1
    }
    return texts
  }

  /** All numbers of a tag: none where it is not there. @throws ThymusError FORMAT at the tag */
  numbers(tag: RpmTag): readonly number[] {
    const { reader, count, type } = this.#values(tag, [INT16, INT32])
    const numbers = reader.inside(count * (type === INT16 ? 2 : 4), tag)
    return Array.from({ length: count }, () => (type === INT16 ? numbers.u16(tag) : numbers.u32(tag)))
  }

  #values(tag: RpmTag, types: readonly number[]): Omit<Entry, 'offset'> & { readonly reader: ByteReader } {
    const { type, offset, count } = this.#entries.get(TAGS[tag]) ?? { type: types[0]!, offset: 0, count: 0 }
    const reader = new ByteReader(this.#store.subarray(offset), 'big', this.#base + offset)
    if (!types.includes(type)) reader.fail(tag, `type ${type}`)
    if (count > MAX_VALUES) reader.fail(tag, `${count} values, where ${MAX_VALUES} are the most`)
    return { type, count, reader }
  }
}

/** A header without its magic, as a database holds it. @param base as of `ByteReader` @throws ThymusError FORMAT */
export function readRpmHeader(reader: ByteReader, base = 0): RpmHeader {
  const count = reader.u32('index_length')
  if (count > MAX_ENTRIES) reader.fail('index_length', `${count} entries, where ${MAX_ENTRIES} are the most`)
  const size = reader.u32('data_length')
  const index = reader.inside(count * ENTRY_SIZE, 'index')
  const at = base + reader.at
  const store = reader.sized(size, MAX_STORE, 'data')
  const entries = new Map<number, Entry>()
  while (!index.done) {
    const tag = index.u32('tag')
    const type = index.u32('type')
    const offset = index.u32('offset')
    const entry = { type, offset, count: index.u32('count') }
    if (type > LAST_TYPE) index.fail('type', `type ${type} of tag ${tag}`)
    if (offset > size) index.fail('offset', `${offset} of tag ${tag}, in ${size} bytes`)
    // lib/header.c, headerLoad: what was added on installing stands behind the package's own, and replaces it.
    entries.set(tag, entry)
  }
  return new RpmHeader(entries, store, at)
}
