// What an update of packages changes in a boot, derived from its files before any machine has booted them.
import { hash as digestOf } from 'node:crypto'
import { GUID } from '../../../formats/efi/guid.ts'
import type { EfiSignature } from '../../../formats/efi/signature-list.ts'
import type { HashName } from '../../../formats/hash.ts'
import { imageDigest, type PeImage, readImage, sectionData, sectionDigest } from '../../../formats/pe/image.ts'
import { trySignatures } from '../boot/state.ts'
import { vouchersOf } from '../secure-boot/image.ts'
import { writeVariableData } from '../tcg-log/payload.ts'
import { allowing, type BootReference, type Reference } from './reference.ts'

export interface Update {
  /** How it is called, as `linux-image 6.1.0-56`. */
  readonly name: string
  /** PE images: what they are measured as, as `shim`, `GRUB`, `the kernel`, `the unified kernel image`. */
  readonly images?: Readonly<Record<string, Buffer>>
  /** Files that boot loaders read, by a pattern of their path: `/vmlinuz`, `/initrd`, `grub.cfg`. */
  readonly files?: Readonly<Record<string, Buffer>>
  readonly initrd?: Buffer
  /** New contents of PK, KEK, db, dbx, or of shim's SbatLevel: all of it, as the variable will hold it. */
  readonly variables?: Readonly<Record<string, Buffer>>
  /** Words that change in commands and command lines, as the release in a kernel's path: old → new. */
  readonly words?: Readonly<Record<string, string>>
}

/**
 * The reference with what the update may bring. The former values stay allowed until `settled` takes them back; until then a boot may mix both.
 * @throws ThymusError FORMAT for an image that is none
 */
export function allowUpdate(
  reference: BootReference,
  { name, images = {}, files = {}, initrd, variables = {}, words = {} }: Update,
): BootReference {
  const { bank } = reference
  const read = Object.entries(images).map(([subject, bytes]) => ({ subject, image: readImage(bytes) }))
  const unified = read.find(({ subject }) => subject === 'the unified kernel image')?.image
  const db = trySignatures(variables.db ?? dataOf(reference, 'db')) ?? []
  const vouchers = read.flatMap(({ image }) => vouchersOf(image, db))
  return allowing(reference, name, (each) => [
    ...read
      .filter(({ subject }) => each.kind === 'application' && each.subject === subject)
      .map(({ image }) => ({ digest: imageDigest(image, bank) })),
    ...(unified === undefined ? [] : ofUnified(each, unified, bank)),
    ...Object.entries(files)
      .filter(([pattern]) => isFile(each) && each.subject.includes(pattern))
      .map(([, bytes]) => ({ digest: digestOf(bank, bytes, 'buffer') })),
    ...(initrd !== undefined && isInitrd(each) ? [{ digest: digestOf(bank, initrd, 'buffer') }] : []),
    ...Object.entries(variables)
      .filter(([variable]) => variableOf(each) === variable)
      .map(([variable, data]) => ({
        digest: digestOf(bank, writeVariableData({ guid: guidOf(variable), name: variable, data }), 'buffer'),
      })),
    ...(isDbAuthority(each) ? vouchers.map((entry) => ({ digest: digestOf(bank, authorityEvent(entry), 'buffer') })) : []),
    ...reworded(each, words, bank),
  ])
}

const isFile = ({ kind }: Reference) => kind === 'file' || kind === 'initrd'
const isInitrd = ({ kind, subject }: Reference) => kind === 'initrd' || (kind === 'file' && /init(?:rd|ramfs)/.test(subject))

/** The variable that a measurement is of, if it is one of Secure Boot or of shim. */
const variableOf = ({ kind, subject }: Reference) =>
  kind === 'secure-boot' || kind === 'authority' ? /(?:\((\w+)\)|^shim's variable (\w+))$/.exec(subject)?.slice(1).find(Boolean) : undefined
const guidOf = (variable: string) =>
  variable === 'db' || variable === 'dbx'
    ? GUID.imageSecurityDatabase
    : variable === 'PK' || variable === 'KEK'
      ? GUID.globalVariable
      : GUID.shimLock
const dataOf = ({ measurements }: BootReference, variable: string) =>
  Buffer.from(measurements.find((each) => variableOf(each) === variable)?.data ?? '', 'base64')

/** What verified an image changes with who signed it, as from Microsoft's roots of 2011 to those of 2023. */
const isDbAuthority = ({ kind, subject }: Reference) => kind === 'authority' && subject === 'an authority of db'
const authorityEvent = ({ owner, data }: EfiSignature) =>
  writeVariableData({ guid: GUID.imageSecurityDatabase, name: 'db', data: Buffer.concat([owner, data]) })

/** systemd-stub measures each section, and starts the kernel that lies in one of them as an image of its own. */
function ofUnified({ kind, subject }: Reference, image: PeImage, bank: HashName): readonly { digest: Buffer }[] {
  const name = kind === 'section' ? /(\.[a-z0-9]+)/.exec(subject)?.[1] : kind === 'initrd' ? '.initrd' : undefined
  const digest = name === undefined || subject.startsWith('the name') ? undefined : sectionDigest(image, name, bank)
  if (digest !== undefined) return [{ digest }]
  const kernel = kind === 'application' && subject === 'the kernel' ? sectionData(image, '.linux') : undefined
  return kernel === undefined ? [] : [{ digest: imageDigest(readImage(kernel), bank) }]
}

/** Text that is measured as it stands in the log, with other words in it. */
function reworded(
  { allowed, kind }: Reference,
  words: Readonly<Record<string, string>>,
  bank: HashName,
): readonly { digest: Buffer; text: string }[] {
  if (kind !== 'grub-command' && kind !== 'command-line') return []
  return allowed.flatMap(({ text, digest }) => {
    // Only what is measured as this text, and not in UTF-16 or with its NUL, can be said anew.
    if (text === undefined || digestOf(bank, text, 'hex') !== digest) return []
    const changed = Object.entries(words).reduce((now, [from, to]) => now.replaceAll(from, () => to), text)
    return changed === text ? [] : [{ digest: digestOf(bank, changed, 'buffer'), text: changed }]
  })
}
