// `.signatures.json`: a signed list of the hashes of all files (docs of OPA, "Bundle signature format").
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { ThymusError } from '../../../core/errors.ts'
import { ALGORITHMS, verifies } from '../builtins/jwt/algorithms.ts'
import type { Key } from '../builtins/jwt/key.ts'
import { verificationKeys } from '../builtins/jwt/keys.ts'
import { decodeHeader, decodePart, signedPart, splitToken, type Token } from '../builtins/jwt/token.ts'
import { DEFAULT_LIMITS, Runtime, type Surroundings } from '../codegen/runtime.ts'
import { BuiltinError } from '../errors.ts'
import { compareStrings } from '../values/order.ts'
import { printJson } from '../values/text.ts'
import { isArray, isNumber, RegoObject, type Value } from '../values/value.ts'

export interface Verification {
  /** PEM of a public key or certificate, or the secret of HS256, HS384 and HS512. */
  readonly key: string
  /** `RS256` and the like: what the token says of it counts for nothing. */
  readonly algorithm: string
  /** Which key this is; a token that names another one is refused. */
  readonly keyId: string
  readonly scope: string
}

const SIGNATURES = z.object({ signatures: z.array(z.string()).length(1, 'exactly one signature is wanted') })
const SIGNED = z.object({
  files: z.array(z.object({ name: z.string(), hash: z.string().regex(/^[\da-f]*$/i), algorithm: z.string() })),
  keyid: z.string().default(''),
  scope: z.string().default(''),
})

/** Hashes by OPA's names, and by OpenSSL's. MD5 and SHA-1, which OPA takes, no longer tell files apart. */
const HASHES: Readonly<Record<string, string>> = {
  'SHA-224': 'sha224',
  'SHA-256': 'sha256',
  'SHA-384': 'sha384',
  'SHA-512': 'sha512',
  'SHA-512-224': 'sha512-224',
  'SHA-512-256': 'sha512-256',
}

export interface SignedFile {
  readonly hash: string
  readonly algorithm: string
}

/** The files of a signature that holds, by path. Throws ThymusError BUNDLE. */
export function verifySignature(text: string, verification: Verification, surroundings: Surroundings): ReadonlyMap<string, SignedFile> {
  const { signatures } = read(SIGNATURES, text)
  try {
    const token = splitToken(signatures[0]!)
    const signed = read(SIGNED, decodePart(token.payload, 'payload').toString())
    const named = decodeHeader(token).get('kid') ?? signed.keyid
    if (named !== verification.keyId) fail(`the signature is by the key ${printJson(named)}, not by ${JSON.stringify(verification.keyId)}`)
    if (!isSigned(token, verification, surroundings)) fail('the signature is not by this key')
    if (signed.scope !== verification.scope) fail('the signature is for another scope')
    return new Map(signed.files.map(({ name, hash, algorithm }) => [name, { hash: hash.toLowerCase(), algorithm }]))
  } catch (cause) {
    if (cause instanceof BuiltinError) return fail(cause.message)
    throw cause
  }
}

function isSigned(token: Token, { key, algorithm }: Verification, surroundings: Surroundings): boolean {
  const runtime = new Runtime(DEFAULT_LIMITS, surroundings, true)
  const known = ALGORITHMS.get(algorithm)
  if (known === undefined) throw new ThymusError('USAGE', `no algorithm ${JSON.stringify(algorithm)}`, { at: '--signing-alg' })
  const keys: readonly Key[] =
    known.family === 'HS' ? [{ kind: 'secret', secret: Buffer.from(key) }] : verificationKeys(runtime, key).map(({ key }) => key)
  const signature = decodePart(token.signature, 'signature')
  return keys.some((each) => verifies(known, each, signedPart(token), signature, 'rfc7518'))
}

/** Throws ThymusError BUNDLE where the content is not what was signed: bytes, or a document however it is written. */
export function checkFile(path: string, content: Buffer | Value, { hash, algorithm }: SignedFile): void {
  const name = Object.hasOwn(HASHES, algorithm) ? HASHES[algorithm]! : fail(`a hash of the kind ${JSON.stringify(algorithm)}`, path)
  const bytes = Buffer.isBuffer(content) ? content : Buffer.from(canonical(content))
  if (createHash(name).update(bytes).digest('hex') !== hash) fail('it is not the file that was signed', path)
}

/** JSON without spaces, names in order, numbers as they were written, and nothing escaped that needs not be. */
function canonical(value: Value): string {
  if (typeof value === 'string') return plainQuote(value)
  if (isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (!(value instanceof RegoObject) || isNumber(value)) return printJson(value)
  const entries = value.entries().map(([key, item]) => [String(key), item] as const)
  return `{${entries
    .toSorted(([a], [b]) => compareStrings(a, b))
    .map(([key, item]) => `${plainQuote(key)}:${canonical(item)}`)
    .join(',')}}`
}

const plainQuote = (text: string) =>
  JSON.stringify(text.toWellFormed()).replace(/[\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16)}`)

function read<T>(schema: z.ZodType<T>, text: string): T {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch {
    return fail('it is no JSON')
  }
  const parsed = schema.safeParse(document)
  if (parsed.success) return parsed.data
  const { path, message } = parsed.error.issues[0]!
  return fail(message, ['.signatures.json', ...path].join('.'))
}

function fail(what: string, at = '.signatures.json'): never {
  throw new ThymusError('BUNDLE', what, { at })
}
