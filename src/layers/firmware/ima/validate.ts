// Does what was measured meet a policy? Only entries that a quote attests may be given; which file is another is said by its name.

import { checked } from '../../../core/appraisal.ts'
import { ThymusError } from '../../../core/errors.ts'
import type { Check } from '../../../core/verdict.ts'
import { hashesTo } from '../../../formats/hash.ts'
import { BOOT_AGGREGATE } from './boot-aggregate.ts'
import { bufferOf } from './buffer.ts'
import { IMA_CHECKS } from './checks.ts'
import type { ImaEntry } from './entry.ts'
import type { ImaPolicy, Names } from './policy.ts'
import { type FileKey, fileKeyOf, fileKeysOf, readFileSignature, stateOf } from './signature.ts'
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
  /** The file was written while it was measured, so that nobody knows what was read. */
  | { readonly is: 'violation' }

export interface JudgedEntry {
  readonly entry: ImaEntry
  readonly judgement: Judgement
  /** `wrong` is worth a look whatever the digest: somebody holds a signature against another file. */
  readonly signature: 'none' | 'good' | 'wrong' | 'stranger' | 'unsupported'
}

export interface ValidateOptions {
  /** Whether a file that was written while it was measured is forgiven, as daemons' own logs are. */
  readonly allowViolations?: boolean
}

/** IMA's own (security/integrity/digsig.c); keys in others sign no files, and those in `.blacklist` are refused. */
const SIGNING: ReadonlySet<string> = new Set(['.ima', '_ima'])

/** Judges each entry. A key that the log shows entering IMA's keyring signs what follows, if the policy allows it in. @throws ThymusError FORMAT for keys of the policy that are none */
export function judge(entries: readonly ImaEntry[], policy: ImaPolicy): readonly JudgedEntry[] {
  const keys: FileKey[] = [...fileKeysOf(policy.keys)]
  return entries.map((entry) => {
    const signature = signatureOf(entry, keys)
    const judgement = judgementOf(entry, policy, signature === 'good')
    const buffer = judgement.is === 'allowed' ? bufferOf(entry) : undefined
    if (buffer?.kind === 'key' && SIGNING.has(buffer.keyring) && hashOf(entry, buffer.certificate.raw))
      keys.push(fileKeyOf(buffer.certificate.raw))
    return { entry, judgement, signature }
  })
}

/** Checks of all entries together. */
export function validate(
  entries: readonly ImaEntry[],
  policy: ImaPolicy,
  { allowViolations = false }: ValidateOptions = {},
): readonly Check[] {
  const judged = judge(entries, policy)
  const of = (is: Judgement['is'], keyring: boolean) =>
    judged.filter(({ entry, judgement }) => judgement.is === is && isKey(entry) === keyring)
  const say = (code: keyof typeof IMA_CHECKS, wrong: readonly string[]) =>
    checked(IMA_CHECKS, code, wrong.length === 0, wrong.length === 0 ? {} : { got: some(wrong) })
  const violations = allowViolations ? [] : judged.filter(({ judgement }) => judgement.is === 'violation')
  const wrong = judged.filter(({ signature }) => signature === 'wrong')
  return [
    say('IMA_CHANGED', of('changed', false).map(changed)),
    say(
      'IMA_FILE',
      of('unknown', false).map(({ entry }) => `${entry.name} is not known`),
    ),
    say(
      'IMA_KEYRING',
      [...of('changed', true), ...of('unknown', true)].map(({ entry }) => `a key of ${entry.name} that is not known: ${digestOf(entry)}`),
    ),
    say(
      'IMA_SIGNATURE',
      wrong.map(({ entry }) => `${entry.name} is not what was signed`),
    ),
    say(
      'IMA_VIOLATION',
      violations.map(({ entry }) => `${entry.name} was written while it was read`),
    ),
  ]
}

function judgementOf(entry: ImaEntry, policy: ImaPolicy, signed: boolean): Judgement {
  const { name } = entry
  // Nothing binds its name: an exclude would forgive any file that was written.
  if (entry.violation) return { is: 'violation' }
  if (name === BOOT_AGGREGATE && entry.number === 1 && !policy.files.has(name)) return { is: 'excluded' }
  const key = isKey(entry)
  if (key ? policy.ignoredKeyrings.has('*') || policy.ignoredKeyrings.has(name) : isExcluded(name, policy)) return { is: 'excluded' }
  if (signed) return { is: 'allowed', by: 'signature' }
  const known = knownDigests(entry, policy, key)
  if (known === undefined) return { is: 'unknown' }
  return known.has(entry.digest.bytes.toString('hex')) ? { is: 'allowed', by: 'digest' } : { is: 'changed', known: [...known] }
}

function knownDigests(entry: ImaEntry, { files, keyrings, buffers }: ImaPolicy, key: boolean): ReadonlySet<string> | undefined {
  const names: Names = key ? keyrings : entry.field('buf') === undefined ? files : buffers
  return names.get(entry.name)
}

const isKey = (entry: ImaEntry): boolean => bufferOf(entry)?.kind === 'key'
/** Whether a path is not judged. */
export const isExcluded = (name: string, { excludes }: ImaPolicy): boolean => excludes.some((pattern) => pattern.matcher(name).lookingAt())

function signatureOf(entry: ImaEntry, keys: readonly FileKey[]): JudgedEntry['signature'] {
  const bytes = entry.field('sig')
  if (bytes === undefined || bytes.length === 0 || entry.violation) return 'none'
  try {
    return stateOf(readFileSignature(bytes), entry.digest, keys)
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
