// Does what was measured meet a policy? Only entries that a quote attests may be given; which file is another is said by its name.

import { checked } from '../../../core/appraisal.ts'
import { ThymusError } from '../../../core/errors.ts'
import { type Check, unknown } from '../../../core/verdict.ts'
import { hashesTo } from '../../../formats/hash.ts'
import { BOOT_AGGREGATE } from './boot-aggregate.ts'
import { bufferOf } from './buffer.ts'
import { IMA_CHECKS } from './checks.ts'
import type { ImaEntry } from './entry.ts'
import { evmStateOf, type Keyrings } from './evm.ts'
import type { ImaPolicy, Names } from './policy.ts'
import { type FileKey, fileKeyOf, readFileSignature, type SignatureState, stateOf } from './signature.ts'
import { SignatureVerifier } from './verifier.ts'
import { some } from './words.ts'

/** What a policy says of an entry. */
export type Judgement =
  /** Its name has this digest, or a key that is known signed it. */
  | { readonly is: 'allowed'; readonly by: 'digest' | 'signature' }
  /** The policy does not judge it. */
  | { readonly is: 'excluded' }
  /** The policy knows its name with another digest. */
  | { readonly is: 'changed'; readonly known: readonly string[] }
  /** The policy does not know its name. */
  | { readonly is: 'unknown' }
  /** Its digest is not known, and too many signatures were verified before its own. */
  | { readonly is: 'undecided' }
  /** The file was written while it was measured, so that nobody knows what was read. */
  | { readonly is: 'violation' }

export interface JudgedEntry {
  readonly entry: ImaEntry
  readonly judgement: Judgement
  /** IMA's, or EVM's. `wrong` is worth a look whatever the digest: somebody holds a signature against another file. */
  readonly signature: 'none' | SignatureState
}

export interface ValidateOptions {
  /** Whether a file that was written while it was measured is forgiven, as daemons' own logs are. */
  readonly allowViolations?: boolean
  /** How many signatures are verified, at the most. */
  readonly mostSignatures?: number
}

/** security/integrity/digsig.c; keys in others sign nothing, and those in `.blacklist` are refused. */
const SIGNING: ReadonlyMap<string, keyof Keyrings> = new Map([
  ['.ima', 'ima'],
  ['_ima', 'ima'],
  ['.evm', 'evm'],
  ['_evm', 'evm'],
])

/**
 * Judges each entry. A key that the log shows entering the keyring of IMA or EVM signs for it what follows, if the policy allows it in; a key of the policy
 * signs for both.
 */
export function judge(entries: readonly ImaEntry[], policy: ImaPolicy, { mostSignatures }: ValidateOptions = {}): readonly JudgedEntry[] {
  const keys: Keyrings = { ima: [...policy.keys], evm: [...policy.keys] }
  const verifier = new SignatureVerifier(mostSignatures)
  return entries.map((entry) => {
    const signature = signatureOf(entry, keys, verifier)
    const judgement = judgementOf(entry, policy, signature)
    const buffer = judgement.is === 'allowed' ? bufferOf(entry) : undefined
    const keyring = buffer?.kind === 'key' ? SIGNING.get(buffer.keyring) : undefined
    if (keyring !== undefined && buffer?.kind === 'key' && hashOf(entry, buffer.certificate.raw))
      enter(keys[keyring], fileKeyOf(buffer.certificate.raw))
    return { entry, judgement, signature }
  })
}

/** A key that enters again and again is one. */
function enter(keyring: FileKey[], key: FileKey): void {
  if (!keyring.some(({ key: { raw } }) => raw.equals(key.key.raw))) keyring.push(key)
}

/** Checks of all entries together. */
export function validate(entries: readonly ImaEntry[], policy: ImaPolicy, options: ValidateOptions = {}): readonly Check[] {
  const judged = judge(entries, policy, options)
  const of = (is: Judgement['is'], keyring: boolean) =>
    judged.filter(({ entry, judgement }) => judgement.is === is && isKey(entry) === keyring)
  /** @param late what was not looked at: nothing that is wrong was found, and nobody knows whether there is */
  const say = (code: keyof typeof IMA_CHECKS, wrong: readonly string[], late: readonly JudgedEntry[] = []) =>
    wrong.length > 0
      ? checked(IMA_CHECKS, code, false, { got: some(wrong) })
      : checked(IMA_CHECKS, code, late.length === 0 || unknown('IMA_MANY_SIGNATURES', unverified(late)))
  const violations = options.allowViolations ? [] : judged.filter(({ judgement }) => judgement.is === 'violation')
  const wrong = judged.filter(({ signature }) => signature === 'wrong')
  return [
    say('IMA_CHANGED', of('changed', false).map(changed)),
    say(
      'IMA_FILE',
      of('unknown', false).map(({ entry, signature }) => `${entry.name} is not known${UNKNOWN_BECAUSE[signature] ?? ''}`),
      of('undecided', false),
    ),
    say(
      'IMA_KEYRING',
      [...of('changed', true), ...of('unknown', true)].map(({ entry }) => `a key of ${entry.name} that is not known: ${digestOf(entry)}`),
      of('undecided', true),
    ),
    say(
      'IMA_SIGNATURE',
      wrong.map(({ entry }) => `${entry.name} is not what was signed`),
      judged.filter(({ signature }) => signature === 'unverified'),
    ),
    say(
      'IMA_VIOLATION',
      violations.map(({ entry }) => `${entry.name} was written while it was read`),
    ),
  ]
}

/** What else is to be said of a file that the policy does not know. */
const UNKNOWN_BECAUSE: Readonly<Partial<Record<JudgedEntry['signature'], string>>> = {
  stranger: ', and none of the keys signed it',
  unsupported: ', and its signature cannot be verified: its kind or hash is not known, or its entry does not carry what was signed',
}

const unverified = (late: readonly JudgedEntry[]): string =>
  `too many signatures for one list: ${late.length} were not verified, of ${some(late.map(({ entry }) => entry.name))}`

function judgementOf(entry: ImaEntry, policy: ImaPolicy, signature: JudgedEntry['signature']): Judgement {
  const { name } = entry
  // Nothing binds its name: an exclude would forgive any file that was written.
  if (entry.violation) return { is: 'violation' }
  if (name === BOOT_AGGREGATE && entry.number === 1 && !policy.files.has(name)) return { is: 'excluded' }
  const key = isKey(entry)
  if (key ? policy.ignoredKeyrings.has('*') || policy.ignoredKeyrings.has(name) : isExcluded(name, policy)) return { is: 'excluded' }
  if (signature === 'good') return { is: 'allowed', by: 'signature' }
  const known = knownDigests(entry, policy, key)
  if (known?.has(entry.digest.bytes.toString('hex'))) return { is: 'allowed', by: 'digest' }
  if (signature === 'unverified') return { is: 'undecided' }
  return known === undefined ? { is: 'unknown' } : { is: 'changed', known: [...known] }
}

function knownDigests(entry: ImaEntry, { files, keyrings, buffers }: ImaPolicy, key: boolean): ReadonlySet<string> | undefined {
  const names: Names = key ? keyrings : entry.field('buf') === undefined ? files : buffers
  return names.get(entry.name)
}

const isKey = (entry: ImaEntry): boolean => bufferOf(entry)?.kind === 'key'
/** Whether a path is not judged. */
export const isExcluded = (name: string, { excludes }: ImaPolicy): boolean => excludes.some((pattern) => pattern.matcher(name).lookingAt())

function signatureOf(entry: ImaEntry, keys: Keyrings, verifier: SignatureVerifier): JudgedEntry['signature'] {
  if (entry.violation) return 'none'
  const [ima, evm] = [entry.field('sig'), entry.field('evmsig')]
  const state =
    ima === undefined || ima.length === 0 ? 'none' : orUnsupported(() => stateOf(readFileSignature(ima), entry.digest, keys.ima, verifier))
  if (evm === undefined || evm.length === 0 || state === 'good' || state === 'wrong') return state
  return orUnsupported(() => evmStateOf(entry, evm, keys, verifier))
}

function orUnsupported(state: () => SignatureState): SignatureState {
  try {
    return state()
  } catch (error) {
    if (error instanceof ThymusError) return 'unsupported'
    throw error
  }
}

/** Whether the buffer is what its digest, which the policy allowed, is of. */
function hashOf({ digest }: ImaEntry, bytes: Buffer): boolean {
  return digest.algorithm === 'sha256' && hashesTo('sha256', bytes, digest.bytes)
}

const digestOf = ({ digest: { algorithm, bytes } }: ImaEntry) => `${algorithm}:${bytes.toString('hex')}`

function changed({ entry, judgement }: JudgedEntry): string {
  const known = judgement.is === 'changed' ? judgement.known : []
  return `${entry.name} is another file: ${digestOf(entry)}, where ${known.slice(0, 2).join(' or ')}${known.length > 2 ? ` or ${known.length - 2} others` : ''} is known`
}
