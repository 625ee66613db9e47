// The platform that a quote comes from: its certificates, wherever they are, read once and remembered.
import { createPublicKey, type KeyObject } from 'node:crypto'
import { ThymusError } from '../../../core/errors.ts'
import type { Certificate } from '../../../formats/x509/certificate.ts'
import { keyObject } from '../../../formats/x509/public-key.ts'
import { type Chain, chainOf, readChainFile, readPemChain } from './chain.ts'
import { type PckExtension, readPckExtension } from './pck.ts'

/** A platform as its certificate has it: to be trusted as far as the chain goes. */
export interface Platform {
  readonly certificate: Certificate
  readonly extension: PckExtension
  /** Undefined for a key that is not of P-256. */
  readonly key: KeyObject | undefined
  /** A text says what is wrong with it. */
  readonly chain: Chain | string
}

/** How many platforms, and how many attestation keys, are remembered. */
const REMEMBERED = 4_096
/** SubjectPublicKeyInfo of a point of P-256, up to its coordinates. */
const P256_HEAD = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex')

/** What many quotes have in common. An answer does not depend on what is remembered: it is kept by all of the bytes that it is made of. */
export class Platforms {
  readonly #anchors: readonly Buffer[]
  readonly #platforms = new Map<string, Platform | string>()
  readonly #ofFiles = new Map<string, Platform | string>()
  readonly #keys = new Map<string, KeyObject | undefined>()

  /** @param anchors public keys of roots, as SubjectPublicKeyInfo */
  constructor(anchors: readonly Buffer[]) {
    this.#anchors = anchors
  }

  /** The platform of a chain in PEM, as a quote has it; a text says why it cannot be read. */
  ofQuote(chain: Buffer): Platform | string {
    return remember(this.#platforms, chain.toString('latin1'), () => this.#read(() => readPemChain(chain)), isTrusted)
  }

  /** The platform of a chain that somebody gives beside the quote. */
  ofFile(chain: Buffer): Platform | string {
    return remember(this.#ofFiles, chain.toString('latin1'), () => this.#read(() => readChainFile(chain)), isTrusted)
  }

  /** The key that a quote is signed with (x and y); undefined where it is no point of the curve. */
  attestationKey(point: Buffer): KeyObject | undefined {
    return remember(this.#keys, point.toString('latin1'), () => {
      try {
        return createPublicKey({ key: Buffer.concat([P256_HEAD, point]), format: 'der', type: 'spki' })
      } catch {
        return undefined
      }
    })
  }

  #read(certificatesOf: () => readonly Certificate[]): Platform | string {
    try {
      const certificates = certificatesOf()
      const chain = chainOf(certificates, ['pck', 'pckAuthority', 'root'], this.#anchors)
      const certificate = typeof chain === 'string' ? certificates[0] : chain.leaf
      if (certificate === undefined) return 'no certificate'
      const { key } = certificate.publicKey
      const isP256 = key.kind === 'ec' && key.curve.name === 'P-256'
      return { certificate, extension: readPckExtension(certificate), key: isP256 ? keyObject(certificate.publicKey) : undefined, chain }
    } catch (error) {
      if (error instanceof ThymusError) return `${error.at ?? ''} ${error.message}`.trim()
      throw error
    }
  }
}

/** A stranger's chain is not remembered, so that strangers crowd nobody out. */
const isTrusted = (platform: Platform | string) => typeof platform !== 'string' && typeof platform.chain !== 'string'

/** What is forgotten is what was made first. */
function remember<T>(memory: Map<string, T>, key: string, make: () => T, worth: (value: T) => boolean = () => true): T {
  if (memory.has(key)) return memory.get(key)!
  const value = make()
  if (!worth(value)) return value
  if (memory.size >= REMEMBERED) memory.delete(memory.keys().next().value!)
  memory.set(key, value)
  return value
}
