// Authorizations (part 1, 19): each proves to the TPM that its caller may, and to the caller that it is the TPM that answers. Secrets go through
// sessions that are salted to a key of the TPM, and whose first parameter is encrypted (part 1, 21).
import { createCipheriv, createDecipheriv, createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { ThymusError } from '../../../core/errors.ts'
import { type HashName, hashByName } from '../../../formats/hash.ts'
import { sized, u8, u16, u32 } from './abi/marshal.ts'
import { type Entity, HANDLE } from './entity.ts'
import { kdfa } from './kdf.ts'

/** TPMA_SESSION (part 2, 8.4). "decrypt" and "encrypt" are what the TPM does: to the command's first parameter, and to the answer's. */
export const ATTRIBUTE = { continue: 0x01, decrypt: 0x20, encrypt: 0x40, audit: 0x80 } as const

/** AES-128 in CFB mode. */
const CIPHER = 'aes-128-cfb'
const CIPHER_KEY = 16
const CIPHER_IV = 16

export interface Proof {
  readonly nonce: Buffer
  readonly attributes: number
  readonly hmac: Buffer
}

/** An authorization as it is used in one command. */
export interface Use {
  readonly session: Session | undefined
  readonly attributes: number
  begin(entity: Entity | undefined, random: (size: number) => Buffer): Round
}

/** One command's turn of an authorization, in the order of its steps. */
export interface Round {
  encrypt(parameters: Buffer): Buffer
  /** What the first session's proof takes in of this one (part 1, 19.6.5). */
  readonly companionNonces: readonly Buffer[]
  /** TPMS_AUTH_COMMAND. */
  authorize(code: number, names: readonly Buffer[], parameters: Buffer, companions: readonly Buffer[]): Buffer
  /** @throws ThymusError TPM_SESSION */
  verify(code: number, parameters: Buffer, proof: Proof): void
  decrypt(parameters: Buffer): Buffer
}

/** The authorization of what has an empty one; anything else would cross the bus. @throws ThymusError INTERNAL for another */
export const EMPTY: Use = {
  session: undefined,
  attributes: ATTRIBUTE.continue,
  begin(entity) {
    if (entity !== undefined && entity.auth.length > 0) throw new ThymusError('INTERNAL', 'a password would go in clear')
    return {
      companionNonces: [],
      encrypt: (parameters) => parameters,
      authorize: () => Buffer.concat([u32(HANDLE.password), sized(), u8(ATTRIBUTE.continue), sized()]),
      verify() {}, // it proves nothing
      decrypt: (parameters) => parameters,
    }
  },
}

export class Session {
  readonly handle: number
  readonly kind: 'hmac' | 'policy'
  readonly hash: HashName
  /** Set by PolicyAuthValue: the proof takes in what authorizes the entity. */
  withAuthValue = false
  readonly #key: Buffer
  /** Rolls with every response; PolicySigned and PolicySecret may bind themselves to it. */
  nonceTpm: Buffer

  /**
   * A session as StartAuthSession made it (part 1, 19.6.8).
   * @param salt what only the caller and the TPM know; empty for a session that keeps no secrets
   */
  constructor(kind: 'hmac' | 'policy', hash: HashName, handle: number, salt: Buffer, nonceTpm: Buffer, nonceCaller: Buffer) {
    this.kind = kind
    this.hash = hash
    this.handle = handle
    this.nonceTpm = nonceTpm
    this.#key = salt.length === 0 ? salt : kdfa(hashByName(hash)!, salt, 'ATH', nonceTpm, nonceCaller, 8 * hashByName(hash)!.size)
  }

  /** Whether it keeps secrets. */
  get salted(): boolean {
    return this.#key.length > 0
  }

  /** Its use in one command. @param attributes of ATTRIBUTE, beside `continue`: sessions are flushed, not used up */
  use(attributes = 0): Use {
    const secret = (attributes & (ATTRIBUTE.decrypt | ATTRIBUTE.encrypt)) !== 0
    if (secret && !this.salted) throw new ThymusError('INTERNAL', 'a session without a salt keeps no secrets')
    const all = attributes | ATTRIBUTE.continue
    return { session: this, attributes: all, begin: (entity, random) => this.#begin(all, entity, random(hashByName(this.hash)!.size)) }
  }

  #begin(attributes: number, entity: Entity | undefined, nonceCaller: Buffer): Round {
    const authValue = entity === undefined ? Buffer.alloc(0) : withoutTrailingZeros(entity.auth)
    // Who sees a proof that nothing but a password keys can try passwords at home.
    if (authValue.length > 0 && !this.salted) throw new ThymusError('INTERNAL', 'a session without a salt keeps no password')
    const hmacKey = this.kind === 'hmac' || this.withAuthValue ? Buffer.concat([this.#key, authValue]) : this.#key
    const cipherKey = Buffer.concat([this.#key, authValue])
    const nonceBefore = this.nonceTpm
    const digest = (...parts: readonly Uint8Array[]) => createHash(this.hash).update(Buffer.concat(parts)).digest()
    const hmac = (...parts: readonly Uint8Array[]) =>
      hmacKey.length === 0 ? Buffer.alloc(0) : createHmac(this.hash, hmacKey).update(Buffer.concat(parts)).digest()
    const cipher = (newer: Buffer, older: Buffer) => {
      const bytes = kdfa(hashByName(this.hash)!, cipherKey, 'CFB', newer, older, 8 * (CIPHER_KEY + CIPHER_IV))
      return [CIPHER, bytes.subarray(0, CIPHER_KEY), bytes.subarray(CIPHER_KEY)] as const
    }
    const has = (attribute: number) => (attributes & attribute) !== 0
    return {
      companionNonces: has(ATTRIBUTE.decrypt | ATTRIBUTE.encrypt) ? [nonceBefore] : [],
      encrypt: (parameters) =>
        has(ATTRIBUTE.decrypt) ? overFirst(parameters, createCipheriv(...cipher(nonceCaller, nonceBefore))) : parameters,
      authorize: (code, names, parameters, companions) => {
        const cpHash = digest(u32(code), ...names, parameters)
        const proof = hmac(cpHash, nonceCaller, nonceBefore, ...companions, u8(attributes))
        return Buffer.concat([u32(this.handle), sized(nonceCaller), u8(attributes), sized(proof)])
      },
      verify: (code, parameters, proof) => {
        const expected = hmac(digest(u32(0), u32(code), parameters), proof.nonce, nonceCaller, u8(proof.attributes))
        if (expected.length !== proof.hmac.length || !timingSafeEqual(expected, proof.hmac)) {
          throw new ThymusError('TPM_SESSION', 'the answer does not carry the proof that its session asks for: it is not believed')
        }
        this.nonceTpm = proof.nonce
      },
      decrypt: (parameters) =>
        has(ATTRIBUTE.encrypt) ? overFirst(parameters, createDecipheriv(...cipher(this.nonceTpm, nonceCaller))) : parameters,
    }
  }
}

/** Runs the content of the TPM2B that stands first through a cipher; its size stays in clear (part 1, 21.1). */
function overFirst(parameters: Buffer, cipher: { update(data: Buffer): Buffer }): Buffer {
  const end = parameters.length < 2 ? Number.POSITIVE_INFINITY : 2 + parameters.readUInt16BE(0)
  if (end > parameters.length) throw new ThymusError('FORMAT', 'the first parameter is cut off', { at: 'parameters at byte 0' })
  return Buffer.concat([u16(end - 2), cipher.update(parameters.subarray(2, end)), parameters.subarray(end)])
}

/** Authorization values are compared without them (part 1, 19.6.5). */
function withoutTrailingZeros(auth: Buffer): Buffer {
  let end = auth.length
  while (end > 0 && auth[end - 1] === 0) end--
  return auth.subarray(0, end)
}
