// Firmware images to measure, with as much of a table of GUIDs as is asked for.
import { guidBytes } from '../../src/formats/efi/guid.ts'

export interface ImageRequest {
  /** In pages. */
  readonly pages?: number
  /** [address, size, type] */
  readonly sections?: readonly (readonly [number, number, number])[]
  readonly hashesTable?: number
  readonly resetEip?: number
  readonly footer?: boolean
}

export const SECTIONS: NonNullable<ImageRequest['sections']> = [
  [0x800000, 0x2000, 1],
  [0x80d000, 0x1000, 2],
  [0x80e000, 0x1000, 3],
  [0x80f000, 0x1000, 4],
  [0x810000, 0x1000, 16],
]

export function firmwareImage({
  pages = 2,
  sections = SECTIONS,
  hashesTable = 0x810c00,
  resetEip = 0x80b004,
  footer = true,
}: ImageRequest = {}): Buffer {
  const image = Buffer.alloc(pages * 4096, 0x90)
  const metadata = Buffer.concat([
    Buffer.from('ASEV'),
    u32(16 + 12 * sections.length, 1, sections.length),
    ...sections.map((each) => u32(...each)),
  ])
  const metadataAt = image.length - 1024
  metadata.copy(image, metadataAt)
  const entries = Buffer.concat([
    entry('dc886566-984a-4798-a75e-5585a7bf67cc', u32(image.length - metadataAt)),
    ...(hashesTable === 0 ? [] : [entry('7255371f-3a3b-4b04-927b-1da6efa8d454', u32(hashesTable, 0x400))]),
    ...(resetEip === 0 ? [] : [entry('00f771de-1a7e-4fcb-890e-68c77e2fb44e', u32(resetEip))]),
    entry('11111111-2222-3333-4444-555555555555', Buffer.from('other')),
  ])
  const table = Buffer.concat([entries, footer ? end('96b582de-1fb2-45f7-baea-a366c55a082d', entries.length) : Buffer.alloc(18)])
  table.copy(image, image.length - 32 - table.length)
  return image
}

export function u32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length)
  for (const [at, value] of values.entries()) bytes.writeUInt32LE(value, 4 * at)
  return bytes
}

const entry = (guid: string, content: Buffer) => Buffer.concat([content, end(guid, content.length)])

function end(guid: string, before: number): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16LE(before + 18)
  return Buffer.concat([length, guidBytes(guid)])
}
