// What each event of a boot is about, in words that are the same for every boot: they name its steps, and pair what two boots measured.
import { hash as digestOf } from 'node:crypto'
import { printable } from '../../../core/quote.ts'
import { withoutNuls } from '../../../formats/bytes.ts'
import { loadOptionName, readUtf16 } from '../../../formats/efi/device-path.ts'
import { GUID } from '../../../formats/efi/guid.ts'
import type { HashName } from '../../../formats/hash.ts'
import { readAuthority } from '../secure-boot/authority.ts'
import { type Binding, bindingOf, grubPrefix } from '../tcg-log/binding.ts'
import type { EventLog, LoggedEvent } from '../tcg-log/event-log.ts'
import { EV, eventTypeName } from '../tcg-log/event-types.table.ts'
import { loadedFile, readTaggedEvent, tryVariableData, type VariableData } from '../tcg-log/payload.ts'

export type Kind =
  | 'firmware'
  | 'firmware-version'
  | 'settings'
  | 'secure-boot'
  | 'variable'
  | 'authority'
  | 'boot-option'
  | 'driver'
  | 'application'
  | 'partitions'
  | 'separator'
  | 'action'
  | 'grub-command'
  | 'command-line'
  | 'file'
  | 'initrd'
  | 'section'
  | 'mok'
  | 'other'

export interface Measurement {
  readonly event: LoggedEvent
  /** In the bank that was asked for. */
  readonly digest: Buffer
  readonly binding: Binding
  readonly kind: Kind
  /** What was measured, as "Secure Boot", "GRUB", "the file /vmlinuz". A name in it that nothing binds is only a name. */
  readonly subject: string
  /** What was measured, where it is text and bound. */
  readonly text?: string
  /** Of a variable that is bound. */
  readonly variable?: VariableData
  /** Where the log says that the image lies. Nothing binds it. */
  readonly path?: string
}

/** Tags of EV_EVENT_TAG: of Linux's EFI stub (drivers/firmware/efi/libstub/efistub.h) and of systemd (src/boot/measure.h). */
const TAGS: ReadonlyMap<number, { readonly kind: Kind; readonly subject: string }> = new Map([
  [0x8f3b22ec, { kind: 'initrd', subject: 'the initrd' }],
  [0x8f3b22ed, { kind: 'command-line', subject: 'the command line that the kernel was given' }],
  [0xf5bc582a, { kind: 'file', subject: 'the configuration of systemd-boot' }],
  [0x6c46f751, { kind: 'other', subject: 'a device tree' }],
  [0x49dffe0f, { kind: 'initrd', subject: 'an additional initrd' }],
  [0xdac08e1a, { kind: 'initrd', subject: 'an initrd of microcode' }],
  [0x13aed6db, { kind: 'section', subject: 'the profile of the unified kernel image' }],
])

const VARIABLES: ReadonlyMap<string, string> = new Map([
  ['SecureBoot', 'Secure Boot'],
  ['SetupMode', 'setup mode'],
  ['AuditMode', 'audit mode'],
  ['DeployedMode', 'deployed mode'],
  ['PK', 'the platform key (PK)'],
  ['KEK', 'the key exchange keys (KEK)'],
  ['db', 'the allowed signatures (db)'],
  ['dbx', 'the forbidden signatures (dbx)'],
  ['dbt', 'the time stamping signatures (dbt)'],
  ['dbr', 'the recovery signatures (dbr)'],
  ['BootOrder', 'the boot order'],
])

/** All that extended a register, in the log's order; a bank that an event has no digest of does not see the event. */
export function measurements(log: EventLog, bank: HashName): readonly Measurement[] {
  return log.events.flatMap((event) => {
    const digest = event.digests.find(({ hash }) => hash === bank)?.value
    if (digest === undefined || event.type === EV.NO_ACTION) return []
    const { binding, measured } = bindingOf(event, bank)
    const told = about(event, measured)
    return [{ event, digest, binding, ...(isAtHome(log, event.register, told.kind) ? told : { ...told, kind: 'other' as const }) }]
  })
}

/**
 * Those that are of these bytes, whatever the log calls them: a type and data are what somebody wrote beside a digest, and an event of a type
 * that binds no data can hide any other.
 * @param all of one bank
 */
export function measuring(all: readonly Measurement[], bytes: Buffer): readonly Measurement[] {
  const bank = all[0]?.event.digests.find(({ value }) => value === all[0]!.digest)?.hash
  if (bank === undefined) return []
  const wanted = digestOf(bank, bytes, 'buffer')
  return all.filter(({ digest }) => digest.equals(wanted))
}

/** PCRs that software may reset at any time: what is measured there is no part of the boot. */
const RESETTABLE = [16, 23]

/** Where firmware and boot loaders measure such things (PFP §3.3.4; UAPI's Linux TPM PCR Registry). */
const HOMES: Readonly<Partial<Record<Kind, readonly number[]>>> = {
  'firmware-version': [0],
  'secure-boot': [7],
  authority: [7],
  application: [4],
  'grub-command': [8],
  'command-line': [8, 9, 12],
  section: [11],
  mok: [14],
}

/**
 * Whether it is measured where such things are. Who runs later can extend other registers by the same words, and stand them first in the log.
 */
function isAtHome({ registers }: EventLog, register: number, kind: Kind): boolean {
  const homes = HOMES[kind]
  if (registers === 'pcr') return homes === undefined ? !RESETTABLE.includes(register) : homes.includes(register)
  return homes === undefined || homes.some((pcr) => guestRegisters(pcr).includes(register))
}

/** The registers of a confidential guest that stand for a PCR (UEFI 2.10 §38.4.1). OVMF measures the firmware that the launch did not in the next. */
function guestRegisters(pcr: number): readonly number[] {
  if (pcr === 0) return [0, 1]
  if (pcr === 1 || pcr === 7) return [1]
  return pcr < 7 ? [2] : [3]
}

/** Of a file in a subject. */
const MAX_NAME = 256

type About = Omit<Measurement, 'event' | 'digest' | 'binding'>

function about(event: LoggedEvent, measured: Buffer | undefined): About {
  const { type, data } = event
  switch (type) {
    case EV.S_CRTM_VERSION:
      return { kind: 'firmware-version', subject: 'the version of the firmware', ...(measured && { text: versionText(measured) }) }
    case EV.S_CRTM_CONTENTS:
    case EV.POST_CODE:
    case EV.EFI_PLATFORM_FIRMWARE_BLOB:
    case EV.EFI_PLATFORM_FIRMWARE_BLOB2:
    case EV.EFI_HCRTM_EVENT:
    case EV.CPU_MICROCODE:
      return { kind: 'firmware', subject: 'a part of the firmware' }
    case EV.PLATFORM_CONFIG_FLAGS:
    case EV.TABLE_OF_DEVICES:
    case EV.EFI_HANDOFF_TABLES:
    case EV.EFI_HANDOFF_TABLES2:
      return { kind: 'settings', subject: 'tables that describe the machine' }
    case EV.EFI_VARIABLE_DRIVER_CONFIG:
    case EV.EFI_VARIABLE_AUTHORITY:
    case EV.EFI_VARIABLE_BOOT:
    case EV.EFI_VARIABLE_BOOT2:
      return aboutVariable(type, data, measured)
    case EV.EFI_BOOT_SERVICES_APPLICATION:
      return { kind: 'application', subject: 'a boot application', ...path(data) }
    case EV.EFI_BOOT_SERVICES_DRIVER:
    case EV.EFI_RUNTIME_SERVICES_DRIVER:
      return { kind: 'driver', subject: 'a driver', ...path(data) }
    case EV.EFI_GPT_EVENT:
    case EV.EFI_GPT_EVENT2:
      return { kind: 'partitions', subject: 'the partition table' }
    case EV.SEPARATOR:
      return { kind: 'separator', subject: 'a separator', ...(measured && { text: measured.toString('hex') }) }
    case EV.ACTION:
    case EV.EFI_ACTION:
    case EV.OMIT_BOOT_DEVICE_EVENTS:
      return { kind: 'action', subject: 'an action', ...(measured && { text: utf8(measured) }) }
    case EV.EVENT_TAG:
      return aboutTag(data, measured)
    case EV.IPL:
      return aboutLoader(event, measured)
    default:
      return { kind: 'other', subject: `an event of type ${eventTypeName(type)}` }
  }
}

function path(data: Buffer): { path?: string } {
  const file = loadedFile(data)
  return file === undefined ? {} : { path: file }
}

function aboutVariable(type: number, data: Buffer, measured: Buffer | undefined): About {
  const variable = tryVariableData(data)
  const name = printable(variable?.name ?? 'that cannot be read')
  // Where only its content was measured, nothing binds the name beside it; old releases of shim leave out the last byte.
  const bound = variable !== undefined && measured !== undefined && measured.length + 1 >= data.length ? { variable } : {}
  if (type === EV.EFI_VARIABLE_AUTHORITY) {
    const own = variable?.guid === GUID.shimLock
    const text = measured === undefined || variable === undefined ? {} : { text: readAuthority(variable).name }
    return { kind: 'authority', subject: own ? `shim's variable ${name}` : `an authority of ${name}`, ...text, ...bound }
  }
  const global = variable?.guid === GUID.globalVariable || variable?.guid === GUID.imageSecurityDatabase
  const known = global && type === EV.EFI_VARIABLE_DRIVER_CONFIG ? VARIABLES.get(name) : undefined
  if (/^Boot[0-9A-F]{4}$/.test(name)) {
    const text = measured === undefined || variable === undefined ? undefined : loadOptionName(variable.data)
    return { kind: 'boot-option', subject: `the boot option ${name}`, ...(text !== undefined && { text }), ...bound }
  }
  return {
    kind: name === 'BootOrder' ? 'boot-option' : known === undefined ? 'variable' : 'secure-boot',
    subject: known ?? `the variable ${name}`,
    ...bound,
  }
}

function aboutTag(data: Buffer, measured: Buffer | undefined): About {
  const tagged = readTaggedEvent(data)
  const known = TAGS.get(tagged?.id ?? 0) ?? { kind: 'other', subject: 'a tagged event' }
  return { ...known, ...(measured && tagged && { text: utf8(tagged.data) }) }
}

/** EV_IPL and what boot loaders write in it. */
function aboutLoader({ data }: LoggedEvent, measured: Buffer | undefined): About {
  const prefix = grubPrefix(data)
  if (prefix !== '') {
    const said = measured && { text: utf8(measured) }
    if (prefix.includes('kernel_cmdline')) return { kind: 'command-line', subject: 'the kernel command line', ...said }
    if (prefix.includes('module_cmdline')) return { kind: 'command-line', subject: 'the command line of a module', ...said }
    return { kind: 'grub-command', subject: 'a command of GRUB', ...said }
  }
  const wide = data.length >= 4 && data.length % 2 === 0 && data[1] === 0 ? readUtf16(data) : undefined
  if (wide !== undefined) {
    if (/^\.[a-z0-9]{1,7}$/.test(wide)) {
      return { kind: 'section', subject: `${measured ? 'the name of section' : 'the section'} ${wide} of the unified kernel image` }
    }
    return { kind: 'command-line', subject: 'the kernel command line', ...(measured && { text: wide }) }
  }
  const text = data.toString('utf8').replace(/\0.*$/s, '')
  if (/^Mok|^Sbat|^Shim$/.test(text)) return { kind: 'mok', subject: `shim's list ${printable(text, MAX_NAME)}` }
  if (/^grub_linux(?:efi)? Kernel|^grub_linuxefi$/.test(text)) return { kind: 'file', subject: 'the kernel that GRUB read' }
  if (/^grub_linux(?:efi)? Initrd/.test(text)) return { kind: 'initrd', subject: 'the initrd' }
  return { kind: 'file', subject: `the file ${printable(text, MAX_NAME)}` }
}

/** Versions are in UTF-16 or ASCII, and a few are binary. */
function versionText(data: Buffer): string {
  const text = data.length >= 2 && data[1] === 0 ? readUtf16(data) : withoutNuls(data).toString('latin1')
  return /^[ -~]+$/.test(text) ? text : `0x${data.toString('hex')}`
}

/** Text in UTF-8 without the NULs at its end. It comes from strangers: who shows it escapes it. */
const utf8 = (bytes: Buffer) => withoutNuls(bytes).toString('utf8')
