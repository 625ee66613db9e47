// How many signatures are verified. One by ECDSA takes up to two milliseconds, and a list can hold hundreds of thousands.
import { isDigestSignedBy, type SigningHash } from '../../../formats/x509/prehashed.ts'
import type { FileKey } from './signature.ts'

/** For one list, or one set of packages. Servers list some thousands of files a boot. */
export const MAX_VERIFIED = 50_000

export class SignatureVerifier {
  #left: number
  /** What was verified before: the same file is listed again each time it changes and comes back. */
  readonly #known = new Map<FileKey, Map<string, boolean>>()

  /** @param most signatures that are verified; the same one once more is free */
  constructor(most = MAX_VERIFIED) {
    this.#left = most
  }

  /** Whether one of the keys signed a message with this digest; undefined where as many as may be were verified already. */
  isSignedBy(keys: readonly FileKey[], algorithm: SigningHash, digest: Buffer, signature: Buffer): boolean | undefined {
    const what = `${algorithm}:${digest.toString('latin1')}:${signature.toString('latin1')}`
    let isLate = false
    for (const key of keys) {
      const is = this.#verified(key, algorithm, digest, signature, what)
      if (is) return true
      isLate ||= is === undefined
    }
    return isLate ? undefined : false
  }

  #verified(key: FileKey, algorithm: SigningHash, digest: Buffer, signature: Buffer, what: string): boolean | undefined {
    const known = this.#known.get(key) ?? new Map<string, boolean>()
    const before = known.get(what)
    if (before !== undefined) return before
    if (this.#left === 0) return undefined
    this.#left--
    const is = isDigestSignedBy(key.key, algorithm, digest, signature)
    this.#known.set(key, known.set(what, is))
    return is
  }
}
