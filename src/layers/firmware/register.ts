// A register that only its own former value leads to: a PCR, or an RTMR of a TDX guest.
import { hash } from 'node:crypto'
import { type HashName, hashByName } from '../../formats/hash.ts'

/**
 * What a register holds in one bank. Its bytes are kept as they are hashed, and `hash` makes a digest as a string of bytes three times as fast
 * as one in a Buffer: a list of IMA extends it a thousand times.
 */
export class Register {
  readonly #bank: HashName
  readonly #size: number
  /** The value, and behind it room for what extends it. */
  readonly #bytes: Buffer

  /** @param value after the start; zeros where it is not given */
  constructor(bank: HashName, value?: Uint8Array) {
    this.#bank = bank
    this.#size = hashByName(bank)!.size
    this.#bytes = Buffer.alloc(2 * this.#size)
    if (value !== undefined) this.#bytes.set(value)
  }

  /** TPM 2.0 part 1, 17.2. @param digest of the bank's size, as bytes or as a string of bytes ('latin1') */
  extend(digest: Uint8Array | string): void {
    if (typeof digest === 'string') this.#bytes.write(digest, this.#size, 'latin1')
    else this.#bytes.set(digest, this.#size)
    this.#bytes.write(hash(this.#bank, this.#bytes, 'binary'), 'latin1')
  }

  is(value: Uint8Array): boolean {
    return value.length === this.#size && value[0] === this.#bytes[0] && this.#bytes.compare(value, 0, value.length, 0, this.#size) === 0
  }

  get value(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.#size))
  }
}
