// Whom the caller believes about a TPM's endorsement key: a name on the command line, authorities in files, or the pins of before.
import { mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Pin, Trust } from '../../adapters/linux/tpm/endorsement.ts'
import { ThymusError, within } from '../../core/errors.ts'
import type { Certificate } from '../../formats/x509/certificate.ts'
import { readCrls } from '../../formats/x509/crl.ts'
import { readVendorCertificates } from '../../layers/hardware/tpm/abi/vendor-certificate.ts'
import type { Authorities } from '../../layers/hardware/tpm/verify/endorsement.ts'
import { readInput, writeOutput } from '../files.ts'
import { pin } from './parameters.ts'

export interface AuthorityFlags {
  readonly roots?: readonly string[]
  readonly 'lab-ca'?: readonly string[]
  readonly crl?: readonly string[]
}

export interface TrustFlags extends AuthorityFlags {
  readonly pin?: Pin
}

const MAX_BYTES = 4 << 20

const pinText = ({ kind, name }: Pin): string => `${kind}:${name.toString('hex')}`

/** What is named on the command line is all that counts; where nothing is, the pins do. @throws ThymusError USAGE, CONFIG, FORMAT */
export function trustOf(flags: TrustFlags, now: number): Trust {
  const isNamed = (flags.roots?.length ?? 0) + (flags['lab-ca']?.length ?? 0) > 0
  const pins = flags.pin !== undefined ? [flags.pin] : isNamed ? [] : knownPins()
  return { pins, now, ...authoritiesOf(flags) }
}

/** Authorities in files, and lists of what they have revoked. What does not vouch for itself may stand between. @throws ThymusError USAGE, FORMAT */
export function authoritiesOf(flags: AuthorityFlags): Authorities {
  const [makers, lab] = [certificatesOf(flags.roots), certificatesOf(flags['lab-ca'])]
  const intermediates = [...makers, ...lab].filter((each) => !isRoot(each))
  const named = [...(flags.roots ?? []), ...(flags['lab-ca'] ?? [])]
  if (named.length > 0 && intermediates.length === makers.length + lab.length)
    throw new ThymusError('USAGE', 'no certificate here vouches for itself, as a root does', { at: named.join(', ') })
  const crls = (flags.crl ?? []).flatMap((path) => within(path, () => readCrls(readInput(path, MAX_BYTES))))
  return { roots: makers.filter(isRoot), labRoots: lab.filter(isRoot), intermediates, crls }
}

/** Whether somebody is named who could vouch for a TPM. */
export const isVouchedFor = ({ pins, ...trust }: Trust): boolean => pins.length > 0 || namesAuthorities(trust)

export const namesAuthorities = ({ roots, labRoots = [] }: Pick<Trust, 'roots' | 'labRoots'>): boolean => roots.length + labRoots.length > 0

/** Where pins are: beside what configures, never where a process writes that listens to others. */
export function pinsFile(): string {
  const { THYMUS_HOME, XDG_CONFIG_HOME } = process.env
  if (THYMUS_HOME !== undefined) return join(THYMUS_HOME, 'tpm-pins')
  if (process.getuid!() === 0) return '/etc/thymus/tpm-pins'
  return join(XDG_CONFIG_HOME ?? join(homedir(), '.config'), 'thymus/tpm-pins')
}

export function knownPins(): readonly Pin[] {
  const path = pinsFile()
  let text: string
  try {
    text = readInput(path, MAX_BYTES).toString('utf8')
  } catch (error) {
    if (error instanceof ThymusError && error.message === 'there is no such file') return []
    throw error
  }
  try {
    return text.split('\n').filter(Boolean).map(pin)
  } catch (cause) {
    throw new ThymusError('CONFIG', (cause as Error).message, { at: path, cause })
  }
}

/** Beside those of other TPMs; one that is known already has one line. */
export function addPin(added: Pin): void {
  const path = pinsFile()
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 })
  const others = knownPins().filter((each) => !each.name.equals(added.name))
  writeOutput(path, [...others, added].map((each) => `${pinText(each)}\n`).join(''), { isPrivate: true, over: true })
}

const certificatesOf = (paths: readonly string[] = []): readonly Certificate[] =>
  paths.flatMap((path) => within(path, () => readVendorCertificates(readInput(path, MAX_BYTES))))

const isRoot = ({ rawSubject, rawIssuer }: Certificate): boolean => rawSubject.equals(rawIssuer)
