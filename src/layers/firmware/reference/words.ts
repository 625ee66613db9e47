// Differences between boots in words.
import { printable } from '../../../core/quote.ts'
import { type EfiSignature, hashEntry } from '../../../formats/efi/signature-list.ts'
import type { Measurement } from '../boot/measurement.ts'
import { capital, from, shown } from '../boot/narrative.ts'
import { FLAGS, isVariable, trySignatures } from '../boot/state.ts'
import { signatureName } from '../secure-boot/signature-name.ts'
import type { Difference } from './difference.ts'
import type { Reference } from './reference.ts'

/** That one text gained or lost. */
const MOST_WORDS = 12

/** One sentence. */
export function explain({ wanted, got }: Difference): string {
  if (got === undefined)
    return isVoucher(wanted!) ? `${vouched(wanted!)} no longer.` : `${told(wanted!.subject, wanted!.allowed[0]!.text)} was not measured.`
  if (got.binding === 'contradicted') return `${capital(got.subject)} was measured, but what the log says of it is not what was measured.`
  if (wanted === undefined) return gained(got)
  return changed(wanted, got)
}

function gained({ kind, subject, text, path }: Measurement): string {
  if (kind === 'application' || kind === 'driver') return `An image that nobody recorded was loaded: ${subject}${from(path)}.`
  if (isVoucher({ kind, subject })) return `${vouched({ subject, allowed: [{ text }] })}, and nobody recorded it.`
  if (kind === 'grub-command' && text !== undefined) return `GRUB also ran ${shown(text)}.`
  return `${told(subject, text)} was measured, and nobody recorded it.`
}

function changed(wanted: Reference, got: Measurement): string {
  const { subject } = got
  switch (got.kind) {
    case 'application':
    case 'driver':
      return `${capital(wanted.subject)} was replaced by an image that nobody recorded${from(got.path)} (${got.digest.toString('hex').slice(0, 16)}…).`
    case 'secure-boot':
      return variableChanged(wanted, got)
    case 'authority':
      return authorityChanged(wanted, got)
    case 'file':
      return wanted.subject === subject
        ? `${capital(subject)} has other contents.`
        : `${capital(subject)} was measured in place of ${wanted.subject}.`
    case 'separator':
      return `The separator of register ${got.event.register} is ${got.text ?? 'not bound'}: the firmware reports an error, or it is not the firmware's.`
    case 'grub-command':
    case 'command-line':
      return textChanged(wanted, got)
    case 'partitions':
      return 'The partition table is another one.'
    case 'settings':
      return 'Tables that describe the machine are others: its hardware, its processors, or its settings changed.'
    case 'firmware':
      return 'A part of the firmware is another one.'
    default:
      return got.text === undefined ? `${capital(subject)} has other contents.` : textChanged(wanted, got)
  }
}

function variableChanged(wanted: Reference, got: Measurement): string {
  const before = Buffer.from(wanted.data ?? '', 'base64')
  const after = got.variable?.data ?? Buffer.alloc(0)
  if (FLAGS.some((name) => isVariable(got, name))) {
    const state = (data: Buffer) => (data[0] === 1 ? 'on' : 'off')
    return `${capital(got.subject)} is ${state(after)}; it was ${state(before)}.`
  }
  const [old, now] = [trySignatures(before), trySignatures(after)]
  if (old === undefined || now === undefined) return `${capital(got.subject)} has other contents.`
  const counts = [entries(without(now, old), 'more'), entries(without(old, now), 'fewer')].filter((text) => text !== '')
  const name = got.variable!.name
  return counts.length === 0 ? `${name} holds the same in another order.` : `${name} was updated: ${counts.join(', ')}.`
}

/** Whether it is what verified an image, and not one of shim's settings. */
const isVoucher = ({ kind, subject }: { readonly kind: string; readonly subject: string }) =>
  kind === 'authority' && !/ (?:SbatLevel|MokListTrusted|Mok\w*State)$/.test(subject)

/** "Debian Secure Boot CA vouches (an authority of db)". */
function vouched({
  subject,
  allowed,
}: {
  readonly subject: string
  readonly allowed: readonly { readonly text?: string | undefined }[]
}): string {
  return `${printable(allowed[0]?.text ?? 'Something that nothing names')} vouches for what is loaded (${subject})`
}

function authorityChanged(wanted: Reference, got: Measurement): string {
  if (!isVoucher(wanted) || !isVoucher(got)) return textChanged(wanted, got)
  return `${vouched({ subject: got.subject, allowed: [{ text: got.text }] })} in place of ${printable(wanted.allowed[0]!.text ?? 'another')}.`
}

const without = (these: readonly EfiSignature[], those: readonly EfiSignature[]) => {
  const known = new Set(those.map(identity))
  return these.filter((each) => !known.has(identity(each)))
}
const identity = ({ type, data }: EfiSignature) => `${type} ${data.toString('base64')}`

/** "3 hashes more", "Windows UEFI CA 2023 more". */
function entries(signatures: readonly EfiSignature[], how: 'more' | 'fewer'): string {
  const hashes = signatures.filter((each) => hashEntry(each) !== undefined)
  const names = signatures.filter((each) => hashEntry(each) === undefined).map((each) => printable(signatureName(each)))
  const counted = hashes.length === 0 ? [] : [`${hashes.length} ${hashes.length === 1 ? 'hash' : 'hashes'}`]
  const all = [...names, ...counted]
  return all.length === 0 ? '' : `${all.join(' and ')} ${how}`
}

/** "the kernel command line gained `init=/bin/sh`". */
function textChanged(wanted: Reference, got: Measurement): string {
  const before = wanted.allowed[0]!.text
  const name =
    got.kind === 'grub-command' && got.text !== undefined ? `GRUB's command ${shown(got.text.split(' ', 1)[0]!)}` : capital(got.subject)
  if (got.text === undefined || before === undefined) return `${capital(got.subject)} is another one.`
  if (got.text === before) return `${capital(got.subject)} has other contents, and still calls itself ${shown(before)}.`
  const [more, fewer] = [beyond(got.text, before), beyond(before, got.text)]
  if (more.length === 0 && fewer.length === 0) return `${name} has its words in another order: ${shown(got.text)}.`
  const said = [...(more.length > 0 ? [`gained ${words(more)}`] : []), ...(fewer.length > 0 ? [`lost ${words(fewer)}`] : [])]
  return `${name} ${said.join(' and ')}.`
}

/** Words of one text that the other does not have as often. */
function beyond(text: string, other: string): readonly string[] {
  const left = new Map<string, number>()
  for (const word of other.split(/\s+/)) left.set(word, (left.get(word) ?? 0) + 1)
  return text.split(/\s+/).filter((word) => {
    const count = left.get(word) ?? 0
    left.set(word, count - 1)
    return word !== '' && count <= 0
  })
}

function words(these: readonly string[]): string {
  const more = these.length - MOST_WORDS
  const first = these.slice(0, MOST_WORDS).map(shown).join(' ')
  return more > 0 ? `${first} and ${more} more` : first
}

const told = (subject: string, text: string | undefined) => (text === undefined ? capital(subject) : `${capital(subject)} ${shown(text)}`)
