// A boot told in words, step by step.
import { printable } from '../../../core/quote.ts'
import { signatureName } from '../secure-boot/signature-name.ts'
import type { Measurement } from './measurement.ts'
import { bootState, FLAGS, isVariable, KEY_VARIABLES, type LoggedAuthority, trySignatures } from './state.ts'

/** Of text that the log holds. */
const SHOWN = 512
/** Lists of keys are told by name up to here. */
const NAMED = 4

/**
 * The steps of a boot, in their order.
 * @param all of one bank, as `bootOf` has them
 * @param known digests of images in hex → what they are, as "shim 15.8", from files that are at hand
 */
export function narrative(all: readonly Measurement[], known: ReadonlyMap<string, string> = new Map()): readonly string[] {
  const state = bootState(all)
  const steps: string[] = []
  let verifiers: string[] = []
  let next = 0
  for (const each of all) {
    const authority = each.kind === 'authority' && each.variable !== undefined ? state.authorities[next++] : undefined
    if (authority?.vouches && !authority.beforeSeparator) verifiers.push(printable(authority.name))
    const step = authority === undefined ? stepOf(calledBy(each, known), verifiers) : authorityStep(authority)
    if (step !== undefined && step !== steps.at(-1)) steps.push(step)
    if (each.kind === 'application') verifiers = []
  }
  return steps
}

function calledBy(each: Measurement, known: ReadonlyMap<string, string>): Measurement {
  const name = each.kind === 'application' ? known.get(each.digest.toString('hex')) : undefined
  return name === undefined ? each : { ...each, subject: printable(name) }
}

/** Text of strangers in backticks, on one line. */
export const shown = (text: string) => `\`${printable(text.replace(/\s+/g, ' ').trim(), SHOWN)}\``

function stepOf(each: Measurement, verifiers: readonly string[]): string | undefined {
  const { kind, subject, text, path, binding } = each
  if (binding === 'contradicted') return `${capital(subject)} was measured, but what the log says of it is not what was measured.`
  switch (kind) {
    case 'firmware-version':
      return text === undefined ? undefined : `The firmware calls its version ${shown(text)}.`
    case 'secure-boot':
      return variableStep(each)
    case 'driver':
      return `A driver was loaded${from(path)}.`
    case 'application':
      return `${capital(subject)}${verifiedBy(verifiers)} was loaded${from(path)}.`
    case 'command-line':
      return text === undefined ? `${capital(subject)} was measured; the log does not hold it.` : `${capital(subject)} is ${shown(text)}.`
    case 'grub-command':
      return text !== undefined && /^(?:linux|initrd|chainloader|multiboot)/.test(text) ? `GRUB ran ${shown(text)}.` : undefined
    case 'initrd':
    case 'file':
      return `${capital(subject)} was measured.`
    case 'section':
      return subject.includes('name of') ? undefined : `${capital(subject)} was measured.`
    case 'action':
      return text === undefined ? undefined : actionStep(text)
    default:
      return undefined
  }
}

function verifiedBy(verifiers: readonly string[]): string {
  if (verifiers.length === 0) return ''
  const more = verifiers.length - NAMED
  return `, verified by ${[...verifiers.slice(0, NAMED), ...(more > 0 ? [`${more} more`] : [])].join(' and ')},`
}

function variableStep(each: Measurement): string | undefined {
  for (const name of FLAGS) {
    if (isVariable(each, name)) return `${capital(each.subject)} is ${each.variable!.data[0] === 1 ? 'on' : 'off'}.`
  }
  for (const name of KEY_VARIABLES) {
    if (isVariable(each, name)) return keysStep(each, name)
  }
  return undefined
}

function keysStep(each: Measurement, name: string): string {
  const signatures = trySignatures(each.variable!.data)
  if (signatures === undefined) return `${capital(each.subject)} cannot be read.`
  if (signatures.length === 0) return `${capital(each.subject)}: none.`
  const names = name === 'dbx' ? [] : signatures.slice(0, NAMED).map((signature) => printable(signatureName(signature)))
  const more = signatures.length - names.length
  if (more > 0) names.push(`${more} ${names.length > 0 ? 'more' : more === 1 ? 'entry' : 'entries'}`)
  return `${capital(each.subject)}: ${names.join(', ')}.`
}

const ACTIONS: Readonly<Record<string, string>> = {
  'Calling EFI Application from Boot Option': 'The firmware began to boot an option.',
  'Returning from EFI Application from Boot Option': 'The option came back: it did not boot.',
  'Exit Boot Services Invocation': 'The operating system took over from the firmware.',
  'Exit Boot Services Returned with Failure': 'The firmware did not let go of its services.',
  'DMA Protection Disabled': 'The firmware left its memory open to devices (no DMA protection).',
  'UEFI Debug Mode': 'The firmware ran in debug mode.',
}

function actionStep(text: string): string | undefined {
  if (text === 'Exit Boot Services Returned with Success') return undefined
  return Object.hasOwn(ACTIONS, text) ? ACTIONS[text] : `The firmware reported ${shown(text)}.`
}

function authorityStep({ variable, vouches, beforeSeparator, name }: LoggedAuthority): string | undefined {
  if (variable === 'SbatLevel') return `shim holds images to SBAT level ${shown(name)}.`
  if (vouches) return beforeSeparator ? `${printable(name)} verified a driver.` : undefined
  return `shim's setting ${printable(variable)} was measured.`
}

/** Where an image is said to lie, behind what was made of it. */
export const from = (path: string | undefined) => (path === undefined ? '' : ` (the log says from ${shown(path)})`)
/** The first word of a sentence. */
export const capital = (text: string) => (text.startsWith('shim') ? text : text.charAt(0).toUpperCase() + text.slice(1))
