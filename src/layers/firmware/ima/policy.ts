// Which files, keys and buffers a node may measure: read from Keylime's runtime policies (version 1) and from allowlists, or made of a log.
import { RE2JS } from 're2js'
import { ThymusError } from '../../../core/errors.ts'
import { decodeBase64 } from '../../../formats/base64.ts'
import { BOOT_AGGREGATE } from './boot-aggregate.ts'
import type { FileDigest, ImaEntry } from './entry.ts'
import { bareKeyOf, type FileKey } from './signature.ts'

export interface ImaPolicy {
  /** Path → digests in hexadecimal. */
  readonly files: Names
  /** Keyring → digests of the certificates that may be loaded into it. */
  readonly keyrings: Names
  readonly ignoredKeyrings: ReadonlySet<string>
  /** Name of a measured buffer, as `kexec-cmdline` → its digests. */
  readonly buffers: Names
  /** Paths that are not judged. RE2 takes linear time, whatever the pattern; it must match from the path's first byte. */
  readonly excludes: readonly RE2JS[]
  /** These may sign files. */
  readonly keys: readonly FileKey[]
}

/** What an envelope (DSSE) says that it holds: whoever signs other things too has not signed them as a policy. */
export const KEYLIME_POLICY_TYPE = 'application/vnd.keylime+json'

export type Names = ReadonlyMap<string, ReadonlySet<string>>

/** Digest sizes of the kernel's hash algorithms that are good enough to name a file by; MD5 and SHA-1 are what old logs hold. */
const SIZES: ReadonlyMap<string, number> = new Map([
  ['md5', 16],
  ['sha1', 20],
  ['sha224', 28],
  ['sha256', 32],
  ['sha384', 48],
  ['sha512', 64],
  ['sm3', 32],
  ['sm3-256', 32],
  ['sm3_256', 32],
  ['sha3-256', 32],
  ['sha3-384', 48],
  ['sha3-512', 64],
])
const LENGTHS = new Set([40, 64, 96, 128])

/** Keylime's largest policies name some 100,000 files. */
const MAX_TEXT = 256 << 20
const MAX_EXCLUDES = 1_000
const MAX_PATTERN = 1_000
const MAX_KEYS = 1_000
const KEYRING = '%keyring:'

/** The digest in hexadecimal. @throws ThymusError REFERENCE for an algorithm that is not known, or a digest that is not as long as its own are */
export function hexOf({ algorithm, bytes }: FileDigest, at: string): string {
  const size = SIZES.get(algorithm)
  if (size === undefined) throw new ThymusError('REFERENCE', `the hash algorithm ${JSON.stringify(algorithm)} is not known`, { at })
  if (bytes.length !== size) throw new ThymusError('REFERENCE', `a digest of ${algorithm} has ${bytes.length} bytes, not ${size}`, { at })
  return bytes.toString('hex')
}

/**
 * The policy under which a log is what it is: every file, keyring and buffer that it names. Violations are left out, since they have no digest, and
 * so is the boot aggregate, which is another after every update of the firmware.
 * @throws ThymusError REFERENCE for a digest whose algorithm is not known
 */
export function policyFromLog(entries: readonly ImaEntry[]): ImaPolicy {
  const [files, keyrings, buffers] = [new Map(), new Map(), new Map()] as [Growing, Growing, Growing]
  for (const entry of entries) {
    if (entry.violation || entry.name === BOOT_AGGREGATE) continue
    const into = entry.field('buf') === undefined ? files : entry.name.startsWith('.') ? keyrings : buffers
    add(into, entry.name, hexOf(entry.digest, `entry ${entry.number}`))
  }
  return { ...EMPTY, files, keyrings, buffers }
}

/**
 * `DIGEST  PATH` lines, as sha256sum prints them; `%keyring:NAME` in place of a path names a keyring. A digest may have its algorithm before it.
 * @throws ThymusError REFERENCE for a line that is none
 */
export function policyFromAllowlist(text: string): ImaPolicy {
  if (text.length > MAX_TEXT) throw new ThymusError('REFERENCE', 'the allowlist is too long')
  const [files, keyrings] = [new Map(), new Map()] as [Growing, Growing]
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    const parts = /^(\S+) [ *]?(.+?)\r?$/.exec(line)
    if (parts === null) throw new ThymusError('REFERENCE', 'a line is not `DIGEST  PATH`', { at: `line ${index + 1}` })
    const [, digest, name] = parts as unknown as [string, string, string]
    const value = digestText(digest, `line ${index + 1}`)
    if (name.startsWith(KEYRING)) add(keyrings, name.slice(KEYRING.length), value)
    else add(files, name, value)
  }
  return { ...EMPTY, files, keyrings }
}

/** A runtime policy of Keylime. @throws ThymusError REFERENCE for a text that is none, with the field */
export function readKeylimePolicy(text: string): ImaPolicy {
  if (text.length > MAX_TEXT) throw new ThymusError('REFERENCE', 'the policy is too long')
  const policy = object(json(text, 'policy'), 'policy')
  const meta = member(policy, 'meta')
  if (meta.version !== 1)
    throw new ThymusError('REFERENCE', `version ${JSON.stringify(meta.version)} of the policy is not known`, { at: 'meta.version' })
  const ima = member(policy, 'ima')
  return {
    files: names(member(policy, 'digests'), 'digests'),
    keyrings: names(member(policy, 'keyrings'), 'keyrings'),
    buffers: names(member(policy, 'ima-buf'), 'ima-buf'),
    ignoredKeyrings: new Set(texts(ima.ignored_keyrings ?? [], 'ima.ignored_keyrings')),
    excludes: excludes(texts(policy.excludes ?? [], 'excludes')),
    keys: verificationKeys(policy['verification-keys'] ?? ''),
  }
}

/** A keyring as Keylime has it (keylime/ima/file_signatures.py, ImaKeyring): a text that is JSON, or JSON of such a text. */
function verificationKeys(text: unknown): readonly FileKey[] {
  const at = 'verification-keys'
  if (typeof text !== 'string') throw new ThymusError('REFERENCE', 'no text', { at })
  if (text === '') return []
  const once = json(text, at)
  const ring = object(typeof once === 'string' ? json(once, at) : once, at)
  const [keys, ids] = [texts(ring.pubkeys, `${at}.pubkeys`), ring.keyids ?? []]
  if (keys.length === 0 || keys.length > MAX_KEYS)
    throw new ThymusError('REFERENCE', `${keys.length} keys, where 1 to ${MAX_KEYS} are taken`, { at: `${at}.pubkeys` })
  if (!Array.isArray(ids) || !ids.every(isKeyId))
    throw new ThymusError('REFERENCE', 'no list of numbers of 32 bits', { at: `${at}.keyids` })
  return keys.map((key, index) => verificationKey(key, ids[index], `${at}.pubkeys[${index}]`))
}

/** @param id 0 or none stands for the usual one */
function verificationKey(base64: string, id: number | null | undefined, at: string): FileKey {
  const der = decodeBase64(base64, { padded: true })
  if (der === undefined) throw new ThymusError('REFERENCE', 'no base64', { at })
  let key: FileKey
  try {
    key = bareKeyOf(der, id || undefined)
  } catch (cause) {
    if (!(cause instanceof ThymusError)) throw cause
    throw new ThymusError('REFERENCE', `no public key: ${cause.message}`, { at, cause })
  }
  const { kind } = key.key.key
  if (kind !== 'rsa' && kind !== 'ec') throw new ThymusError('REFERENCE', 'neither RSA nor on a curve that is known', { at })
  return key
}

const isKeyId = (id: unknown): id is number | null => id === null || (Number.isInteger(id) && (id as number) >>> 0 === id)

/** Patterns of paths. @throws ThymusError REFERENCE for one that RE2 does not take */
export function excludes(patterns: readonly string[]): readonly RE2JS[] {
  if (patterns.length > MAX_EXCLUDES) throw new ThymusError('REFERENCE', `more than ${MAX_EXCLUDES} patterns`, { at: 'excludes' })
  return patterns.map((pattern, index) => {
    const at = `excludes[${index}]`
    if (pattern.length > MAX_PATTERN)
      throw new ThymusError('REFERENCE', `a pattern of ${pattern.length} characters, where ${MAX_PATTERN} are the most`, { at })
    if (pattern === '') throw new ThymusError('REFERENCE', 'an empty pattern excludes every path', { at })
    try {
      return RE2JS.compile(pattern)
    } catch (error) {
      throw new ThymusError('REFERENCE', `no pattern: ${error instanceof Error ? error.message : String(error)}`, { at })
    }
  })
}

/** As Keylime reads it. */
export function writeKeylimePolicy({ files, keyrings, buffers, ignoredKeyrings, excludes: patterns, keys }: ImaPolicy, at: Date): string {
  const object = (named: Names) => Object.fromEntries([...named].map(([name, digests]) => [name, [...digests]]))
  return `${JSON.stringify({
    meta: { version: 1, generator: 0, timestamp: at.toISOString() },
    release: 0,
    digests: object(files),
    excludes: patterns.map((pattern) => pattern.pattern()),
    keyrings: object(keyrings),
    ima: { ignored_keyrings: [...ignoredKeyrings], log_hash_alg: 'sha1', dm_policy: null },
    'ima-buf': object(buffers),
    'verification-keys': keyring(keys),
  })}\n`
}

/** What `verificationKeys` reads. */
const keyring = (keys: readonly FileKey[]): string =>
  keys.length === 0 ? '' : JSON.stringify({ pubkeys: keys.map(({ key }) => key.raw.toString('base64')), keyids: keys.map(({ id }) => id) })

export const EMPTY: ImaPolicy = {
  files: new Map(),
  keyrings: new Map(),
  buffers: new Map(),
  ignoredKeyrings: new Set(),
  excludes: [],
  keys: [],
}

/** What either of two allows. */
export function both(one: ImaPolicy, other: ImaPolicy): ImaPolicy {
  const merged = (left: Names, right: Names): Names => {
    const all: Growing = new Map()
    for (const side of [left, right]) for (const [name, digests] of side) for (const digest of digests) add(all, name, digest)
    return all
  }
  return {
    files: merged(one.files, other.files),
    keyrings: merged(one.keyrings, other.keyrings),
    buffers: merged(one.buffers, other.buffers),
    ignoredKeyrings: one.ignoredKeyrings.union(other.ignoredKeyrings),
    excludes: [...one.excludes, ...other.excludes],
    keys: [...one.keys, ...other.keys],
  }
}

/** A policy in the making. */
export type Growing = Map<string, Set<string>>

export function add(into: Growing, name: string, digest: string): void {
  const known = into.get(name)
  if (known === undefined) into.set(name, new Set([digest]))
  else known.add(digest)
}

/** `HEX` or `ALGORITHM:HEX`. */
function digestText(text: string, at: string): string {
  const [hex, algorithm] = text.split(':').reverse() as [string, string | undefined]
  if (!/^(?:[0-9a-fA-F]{2})+$/.test(hex)) throw new ThymusError('REFERENCE', `${JSON.stringify(text)} is no digest`, { at })
  if (algorithm !== undefined) return hexOf({ algorithm, bytes: Buffer.from(hex, 'hex'), of: 'file' }, at)
  if (!LENGTHS.has(hex.length)) throw new ThymusError('REFERENCE', `a digest of ${hex.length / 2} bytes is of no known algorithm`, { at })
  return hex.toLowerCase()
}

type Json = Readonly<Record<string, unknown>>

function json(text: string, at: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ThymusError('REFERENCE', 'no JSON', { at, cause })
  }
}

const member = (of: Json, name: string): Json => object(of[name] ?? {}, name)

function object(value: unknown, at: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new ThymusError('REFERENCE', 'no object', { at })
  return value as Json
}

function texts(value: unknown, at: string): readonly string[] {
  if (!Array.isArray(value) || !value.every((each) => typeof each === 'string'))
    throw new ThymusError('REFERENCE', 'no list of texts', { at })
  return value
}

function names(value: Json, at: string): Names {
  return new Map(
    Object.entries(value).map(([name, digests]) => [
      name,
      new Set(texts(digests, `${at}.${name}`).map((digest) => digestText(digest, `${at}.${name}`))),
    ]),
  )
}
