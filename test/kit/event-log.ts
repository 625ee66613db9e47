// Event logs made to measure, and a whole boot of shim, GRUB and Linux as firmware and boot loaders log it.
import { hash as digestOf } from 'node:crypto'
import { GUID, guidBytes } from '../../src/formats/efi/guid.ts'
import { type HashName, hashByName } from '../../src/formats/hash.ts'
import { EV } from '../../src/layers/firmware/tcg-log/event-types.table.ts'
import { writeVariableData } from '../../src/layers/firmware/tcg-log/payload.ts'

export interface MadeEvent {
  readonly register: number
  readonly type: number
  readonly data: Uint8Array
  /** What the digests are of, where it is not the data. */
  readonly measured?: Uint8Array
}

const u16 = (value: number) => Buffer.from(Uint16Array.of(value).buffer)
const u32 = (value: number) => Buffer.from(Uint32Array.of(value).buffer)
const u64 = (value: number) => Buffer.from(BigUint64Array.of(BigInt(value)).buffer)
const sized = (data: Uint8Array) => Buffer.concat([u32(data.length), data])
const wide = (text: string) => Buffer.from(text, 'utf16le')

/** TCG_PCR_EVENT. */
export function oldEvent({ register, type, data, measured = data }: MadeEvent): Buffer {
  const digest = type === EV.NO_ACTION ? Buffer.alloc(20) : digestOf('sha1', measured, 'buffer')
  return Buffer.concat([u32(register), u32(type), digest, sized(data)])
}

/** The head of a crypto-agile log. @param more algorithms that nobody knows: number → size */
export function specId(banks: readonly HashName[], more: ReadonlyMap<number, number> = new Map()): Buffer {
  const sizes = [...banks.map((bank) => [hashByName(bank)!.id, hashByName(bank)!.size] as const), ...more]
  const algorithms = Buffer.concat(sizes.flatMap(([id, size]) => [u16(id), u16(size)]))
  const data = Buffer.concat([Buffer.from('Spec ID Event03\0'), u32(0), Buffer.of(0, 2, 0, 2), u32(sizes.length), algorithms, Buffer.of(0)])
  return oldEvent({ register: 0, type: EV.NO_ACTION, data })
}

/** TCG_PCR_EVENT2. */
export function newEvent(banks: readonly HashName[], { register, type, data, measured = data }: MadeEvent): Buffer {
  const digests = banks.flatMap((bank) => {
    const { id, size } = hashByName(bank)!
    return [u16(id), type === EV.NO_ACTION ? Buffer.alloc(size) : digestOf(bank, measured, 'buffer')]
  })
  return Buffer.concat([u32(register), u32(type), u32(banks.length), ...digests, sized(data)])
}

export const eventLog = (events: readonly MadeEvent[], banks: readonly HashName[] = ['sha1', 'sha256']): Buffer =>
  Buffer.concat([specId(banks), ...events.map((event) => newEvent(banks, event))])

/** UEFI_VARIABLE_DATA. */
export const variableData = (guid: string, name: string, data: Uint8Array) => writeVariableData({ guid, name, data: Buffer.from(data) })

/** EFI_SIGNATURE_LIST with entries of one size. */
export function signatureList(type: string, ...entries: readonly Uint8Array[]): Buffer {
  const size = 16 + entries[0]!.length
  const owned = entries.map((entry) => Buffer.concat([Buffer.alloc(16, 7), entry]))
  return Buffer.concat([guidBytes(type), u32(28 + size * entries.length), u32(0), u32(size), ...owned])
}

/** UEFI_IMAGE_LOAD_EVENT of a file. */
export function imageLoad(path: string): Buffer {
  const node = Buffer.concat([Buffer.of(4, 4), u16(4 + 2 * (path.length + 1)), wide(`${path}\0`)])
  const devicePath = Buffer.concat([node, Buffer.of(0x7f, 0xff, 4, 0)])
  return Buffer.concat([u64(0), u64(0), u64(0), u64(devicePath.length), devicePath])
}

export const separator = (register: number, value = 0): MadeEvent => ({ register, type: EV.SEPARATOR, data: u32(value) })
export const action = (register: number, text: string): MadeEvent => ({ register, type: EV.EFI_ACTION, data: Buffer.from(text) })
export const grub = (text: string): MadeEvent => spoken('grub_cmd: ', text)
export const commandLine = (text: string): MadeEvent => spoken('kernel_cmdline: ', text)
const spoken = (prefix: string, text: string): MadeEvent => ({
  register: 8,
  type: EV.IPL,
  data: Buffer.from(`${prefix}${text}\0`),
  measured: Buffer.from(text),
})
export const file = (path: string, contents: Uint8Array): MadeEvent => ({
  register: 9,
  type: EV.IPL,
  data: Buffer.from(`${path}\0`),
  measured: contents,
})
export const secureVariable = (name: string, data: Uint8Array): MadeEvent => ({
  register: 7,
  type: EV.EFI_VARIABLE_DRIVER_CONFIG,
  data: variableData(name === 'db' || name === 'dbx' ? GUID.imageSecurityDatabase : GUID.globalVariable, name, data),
})
export const authority = (guid: string, name: string, data: Uint8Array): MadeEvent => ({
  register: 7,
  type: EV.EFI_VARIABLE_AUTHORITY,
  data: variableData(guid, name, data),
})
/** @param measured stands for the image's hash */
export const application = (path: string, measured: Uint8Array): MadeEvent => ({
  register: 4,
  type: EV.EFI_BOOT_SERVICES_APPLICATION,
  data: path === '' ? Buffer.alloc(32) : imageLoad(path),
  measured,
})

export interface BootRequest {
  readonly secureBoot?: boolean
  readonly firmware?: string
  /** Certificates in DER. */
  readonly db?: readonly Uint8Array[]
  /** SHA-256 hashes of images. */
  readonly dbx?: readonly Uint8Array[]
  readonly commandLine?: string
  /** Stand for images and files, by their contents. */
  readonly shim?: string
  readonly grub?: string
  readonly kernel?: string
  readonly initrd?: string
  readonly grubCfg?: string
  readonly sbatLevel?: string
}

/** What such a boot extends, in its order. */
export function linuxBoot({
  secureBoot = true,
  firmware = 'Made 1.0',
  db = [],
  dbx = [Buffer.alloc(32)],
  commandLine: words = '/vmlinuz root=/dev/vda ro',
  shim = 'shim',
  grub: grubImage = 'grub',
  kernel = 'kernel',
  initrd = 'initrd',
  grubCfg = 'linux /vmlinuz',
  sbatLevel = 'sbat,1,2025021800\n',
}: BootRequest = {}): readonly MadeEvent[] {
  const lists = (certificates: readonly Uint8Array[]) => Buffer.concat(certificates.map((each) => signatureList(GUID.certX509, each)))
  return [
    { register: 0, type: EV.S_CRTM_VERSION, data: wide(`${firmware}\0`) },
    { register: 0, type: EV.EFI_PLATFORM_FIRMWARE_BLOB, data: Buffer.alloc(16), measured: Buffer.from(`blob of ${firmware}`) },
    secureVariable('SecureBoot', secureBoot ? Buffer.of(1) : Buffer.of(0)),
    secureVariable('PK', lists(db)),
    secureVariable('KEK', lists(db)),
    secureVariable('db', lists(db)),
    secureVariable('dbx', dbx.length === 0 ? Buffer.alloc(0) : signatureList(GUID.certSha256, ...dbx)),
    separator(7),
    action(4, 'Calling EFI Application from Boot Option'),
    ...[0, 1, 2, 3, 4, 5, 6].map((register) => separator(register)),
    ...(secureBoot && db[0] !== undefined
      ? [authority(GUID.imageSecurityDatabase, 'db', Buffer.concat([Buffer.alloc(16, 7), db[0]]))]
      : []),
    application('\\EFI\\debian\\shimx64.efi', Buffer.from(shim)),
    { register: 14, type: EV.IPL, data: Buffer.from('MokList\0'), measured: Buffer.from('mok') },
    authority(GUID.shimLock, 'SbatLevel', Buffer.from(sbatLevel)),
    application('\\EFI\\debian\\grubx64.efi', Buffer.from(grubImage)),
    file('(hd0,gpt1)/EFI/debian/grub.cfg', Buffer.from(grubCfg)),
    grub(`linux ${words}`),
    file('/vmlinuz', Buffer.from(kernel)),
    application('', Buffer.from(kernel)),
    commandLine(words),
    grub('initrd /initrd.img'),
    file('/initrd.img', Buffer.from(initrd)),
    action(5, 'Exit Boot Services Invocation'),
    action(5, 'Exit Boot Services Returned with Success'),
  ]
}
