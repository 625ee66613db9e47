// What the kernel measures that is no file, in words: template ima-buf.
import { ThymusError } from '../../../core/errors.ts'
import { withoutNuls } from '../../../formats/bytes.ts'
import { type Certificate, readCertificate } from '../../../formats/x509/certificate.ts'
import type { ImaEntry } from './entry.ts'

export type MeasuredBuffer =
  | { readonly kind: 'command-line'; readonly text: string }
  /** A certificate that was loaded into a keyring. */
  | { readonly kind: 'key'; readonly keyring: string; readonly certificate: Certificate }
  /** A table of the device mapper: `key=value`, by commas, a group for the device and for each target (device-mapper/dm-ima.rst). */
  | { readonly kind: 'device-mapper'; readonly event: string; readonly groups: readonly Readonly<Record<string, string>>[] }
  /** Something that is only compared by its digest. */
  | { readonly kind: 'other'; readonly name: string; readonly bytes: Buffer }

const MAX_GROUPS = 4_096
const MAX_VALUES = 64

/** Undefined for an entry that measures no buffer. A buffer that is not what its name promises is `other`. */
export function bufferOf(entry: ImaEntry): MeasuredBuffer | undefined {
  const bytes = entry.field('buf')
  if (bytes === undefined) return undefined
  const { name } = entry
  if (name === 'kexec-cmdline') return { kind: 'command-line', text: withoutNuls(bytes).toString('utf8') }
  if (name.startsWith('dm_')) {
    const groups = groupsOf(bytes.toString('latin1'))
    if (groups !== undefined) return { kind: 'device-mapper', event: name, groups }
  }
  const certificate = certificateOf(bytes)
  return certificate === undefined ? { kind: 'other', name, bytes } : { kind: 'key', keyring: name, certificate }
}

function certificateOf(bytes: Buffer): Certificate | undefined {
  try {
    return readCertificate(bytes)
  } catch (error) {
    if (error instanceof ThymusError) return undefined
    throw error
  }
}

/** Groups end in `;`, values are parted by `,`. A backslash keeps what follows it from parting anything. */
function groupsOf(text: string): readonly Readonly<Record<string, string>>[] | undefined {
  const groups = parted(text, ';')
  if (groups.pop() !== '' || groups.length > MAX_GROUPS) return undefined
  const read = groups.map((group) => {
    const values = parted(group, ',').map((value) => /^([^=]+)=(.*)$/s.exec(value))
    return values.length > MAX_VALUES || values.includes(null)
      ? undefined
      : Object.fromEntries(values.map((value) => [value![1]!, value![2]!]))
  })
  return read.includes(undefined) ? undefined : (read as readonly Readonly<Record<string, string>>[])
}

function parted(text: string, mark: string): string[] {
  const parts: string[] = []
  let from = 0
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === mark) {
      parts.push(text.slice(from, at))
      from = at + 1
    }
  }
  return [...parts, text.slice(from)]
}
