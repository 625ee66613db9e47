// The table by which a measured firmware holds its host to a kernel, an initrd and a command line. QEMU fills it (target/i386/sev.c,
// sev_add_kernel_loader_hashes), and must be followed to the byte.
import { createHash } from 'node:crypto'
import { ThymusError } from '../../../../core/errors.ts'
import { guidBytes } from '../../../../formats/efi/guid.ts'
import { PAGE } from './firmware.ts'

/** SHA-256 of each, 32 bytes. */
export interface KernelHashes {
  readonly kernel: Buffer
  readonly initrd: Buffer
  readonly commandLine: Buffer
}

const sha256 = (...bytes: readonly Uint8Array[]) => createHash('sha256').update(Buffer.concat(bytes)).digest()

/** Of a guest that is started with these: without an initrd, that of nothing; the command line ends with a zero byte. */
export const hashKernel = (kernel: Uint8Array, initrd: Uint8Array = Buffer.alloc(0), commandLine = ''): KernelHashes => ({
  kernel: sha256(kernel),
  initrd: sha256(initrd),
  commandLine: sha256(Buffer.from(commandLine), Buffer.of(0)),
})

const TABLE = guidBytes('9438d606-4f22-4cc9-b479-a793d411fd21')
const COMMAND_LINE = guidBytes('97d02dd8-bd20-4c94-aa78-e7714d36ab2a')
const INITRD = guidBytes('44baf731-3a2f-4bd7-9af1-41e29169781d')
const KERNEL = guidBytes('4de79437-abd2-427f-b835-d5b172d2045b')
/** The table ends at a whole multiple of it. */
const ALIGNMENT = 16

/** The table, with the zeros that align it. */
export function hashesTable({ kernel, initrd, commandLine }: KernelHashes): Buffer {
  const entries = Buffer.concat([entry(COMMAND_LINE, commandLine), entry(INITRD, initrd), entry(KERNEL, kernel)])
  const table = entry(TABLE, entries)
  return Buffer.concat([table, Buffer.alloc(-table.length & (ALIGNMENT - 1))])
}

/**
 * The page that holds the table, at its place. @param gpa guest physical address of the table
 * @throws ThymusError REFERENCE where the table would not end in the page
 */
export function hashesPage(hashes: KernelHashes, gpa: number): Buffer {
  const page = Buffer.alloc(PAGE)
  const table = hashesTable(hashes)
  if ((gpa % PAGE) + table.length > PAGE)
    throw new ThymusError('REFERENCE', 'the firmware’s place for hashes of a kernel is not in one page')
  table.copy(page, gpa % PAGE)
  return page
}

/** GUID, length of the whole, content. */
function entry(guid: Buffer, content: Buffer): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16LE(guid.length + length.length + content.length)
  return Buffer.concat([guid, length, content])
}
