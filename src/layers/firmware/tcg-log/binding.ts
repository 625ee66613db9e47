// What an event says against what was measured. Only the digest goes into a register: data that does not hash to it can be rewritten by
// whoever hands over the log, without any register changing.
import { type HashName, hashesTo } from '../../../formats/hash.ts'
import type { LoggedEvent } from './event-log.ts'
import { EV } from './event-types.table.ts'
import { readTaggedEvent, tryVariableData } from './payload.ts'

/**
 * `bound`: the data, or what stands behind a prefix in it, hashes to the digest. `contradicted`: the rule of the event's type is known, and the
 * data does not follow it. `free`: the digest is of something else, as an image or a file; the data is text that anybody could have written.
 */
export type Binding = 'bound' | 'contradicted' | 'free'

/** Types whose data is what is measured (PFP table 27). */
const MEASURED: ReadonlySet<number> = new Set<number>([
  EV.SEPARATOR,
  EV.ACTION,
  EV.EFI_ACTION,
  EV.EFI_VARIABLE_DRIVER_CONFIG,
  EV.EFI_VARIABLE_BOOT,
  EV.EFI_VARIABLE_BOOT2,
  EV.EFI_VARIABLE_AUTHORITY,
  EV.EFI_GPT_EVENT,
  EV.OMIT_BOOT_DEVICE_EVENTS,
])
/** What GRUB writes before a command or a command line; what is measured stands behind it. */
const GRUB_PREFIX = /^(?:grub_cmd:? |(?:grub_)?kernel_cmdline:? |module_cmdline:? )/

/** The prefix that GRUB put before what it measured; empty where there is none. */
export const grubPrefix = (data: Buffer): string => GRUB_PREFIX.exec(data.toString('latin1', 0, LONGEST_PREFIX))?.[0] ?? ''
const LONGEST_PREFIX = 24

export interface Bound {
  readonly binding: Binding
  /** What hashes to the digest: all of the data, or the part of it that was measured. Undefined unless bound. */
  readonly measured: Buffer | undefined
}

/** Whether the event's data is what its digest in a bank is of. */
export function bindingOf(event: LoggedEvent, bank: HashName): Bound {
  const digest = event.digests.find(({ hash }) => hash === bank)?.value
  if (digest === undefined || event.type === EV.NO_ACTION) return { binding: 'free', measured: undefined }
  for (const measured of candidates(event)) {
    if (hashesTo(bank, measured, digest)) return { binding: 'bound', measured }
  }
  const ruled = MEASURED.has(event.type) || (event.type === EV.IPL && grubPrefix(event.data) !== '')
  return { binding: ruled ? 'contradicted' : 'free', measured: undefined }
}

/** All that could have been measured, the likeliest first: each costs a hash. */
function candidates({ type, data }: LoggedEvent): readonly Buffer[] {
  switch (type) {
    case EV.EFI_VARIABLE_BOOT: {
      // Older EDK II measures the data of the variable alone.
      const content = tryVariableData(data)?.data
      return content === undefined ? [data] : [data, content]
    }
    case EV.EFI_VARIABLE_AUTHORITY:
      // shim before 15.3 counts a byte too few: the last one of a certificate's own signature.
      return [data, data.subarray(0, -1)]
    case EV.EVENT_TAG: {
      const tagged = readTaggedEvent(data)
      return tagged === undefined ? [data] : [data, tagged.data]
    }
    case EV.IPL:
      return spokenByLoader(data)
    default:
      return [data]
  }
}

function spokenByLoader(data: Buffer): readonly Buffer[] {
  const prefix = grubPrefix(data)
  const rest = data.subarray(prefix.length)
  const end = rest.indexOf(0)
  // The NUL at the end is not measured; some builds of GRUB log another byte in its place, or more behind it.
  const isCut = end > 1 && end < rest.length - 1 // In UTF-16 the second byte is a NUL, and ends nothing.
  const text = [rest.subarray(0, -1), ...(isCut ? [rest.subarray(0, end)] : [])]
  if (prefix !== '') return [...text, rest, data]
  const isWide = data.length % 2 === 0 && data.at(-1) === 0 && data.at(-2) === 0
  // systemd-stub writes the name of a section in UTF-16, and measures it in ASCII with its NUL. Other characters would be folded into ASCII ones.
  const isAscii = isWide && data.every((byte, at) => at % 2 === 0 || byte === 0)
  return [data, ...text, ...(isWide ? [data.subarray(0, -2)] : []), ...(isAscii ? [Buffer.from(data.toString('utf16le'), 'latin1')] : [])]
}
