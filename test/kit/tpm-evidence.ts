// What a TPM would sign, made without one: attestation keys with their public areas, and quotes of PCR values.
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { type HashName, hashById, hashByName } from '../../src/formats/hash.ts'
import { ALG, OBJECT, TPM_GENERATED } from '../../src/layers/hardware/tpm/abi/algorithms.ts'
import { ATTEST } from '../../src/layers/hardware/tpm/abi/attest.ts'
import { sized, u8, u16, u32, u64 } from '../../src/layers/hardware/tpm/abi/marshal.ts'
import { selectPcrs, writePcrSelections } from '../../src/layers/hardware/tpm/abi/pcr-selection.ts'
import { bankOf, type PcrValues } from '../../src/layers/hardware/tpm/abi/pcr-values.ts'
import { nameOf, type PublicArea, writePublicArea } from '../../src/layers/hardware/tpm/abi/public-area.ts'
import type { Scheme } from '../../src/layers/hardware/tpm/abi/schemes.ts'
import { field } from './protobuf.ts'

export interface TpmKey {
  readonly area: PublicArea
  readonly privateKey: KeyObject
}

export const AK_ATTRIBUTES =
  OBJECT.fixedTpm | OBJECT.fixedParent | OBJECT.sensitiveDataOrigin | OBJECT.userWithAuth | OBJECT.restricted | OBJECT.sign

const SHA256 = hashByName('sha256')!.id
const AES_CFB = { algorithm: ALG.aes, keyBits: 128, mode: ALG.cfb }

export interface KeyRequest {
  readonly scheme?: Scheme | null
  readonly attributes?: number
  readonly authPolicy?: Buffer
  /** A storage key: it protects what is sent to it. */
  readonly storage?: boolean
}

export function newRsaKey({ scheme = { algorithm: ALG.rsassa, hash: SHA256 }, ...request }: KeyRequest = {}, keyBits = 2048): TpmKey {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: keyBits })
  const modulus = Buffer.from(publicKey.export({ format: 'jwk' }).n!, 'base64url')
  const common = commonOf(request)
  return { privateKey, area: { type: 'rsa', ...common, scheme: request.storage ? null : scheme, keyBits, exponent: 0, modulus } }
}

export function newEccKey({ scheme = { algorithm: ALG.ecdsa, hash: SHA256 }, ...request }: KeyRequest = {}, namedCurve = 'P-256'): TpmKey {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve })
  const { x, y } = publicKey.export({ format: 'jwk' })
  const point = { x: Buffer.from(x!, 'base64url'), y: Buffer.from(y!, 'base64url') }
  const curve = { 'P-256': 3, 'P-384': 4, 'P-521': 5 }[namedCurve]!
  return { privateKey, area: { type: 'ecc', ...commonOf(request), scheme: request.storage ? null : scheme, curve, kdf: null, ...point } }
}

function commonOf({ attributes = AK_ATTRIBUTES, authPolicy = Buffer.alloc(0), storage = false }: KeyRequest) {
  return { nameHash: SHA256, attributes, authPolicy, symmetric: storage ? AES_CFB : null }
}

export interface QuoteRequest {
  readonly nonce?: Buffer
  readonly bank?: HashName
  readonly pcrs?: ReadonlyMap<number, Buffer>
  readonly resetCount?: number
  readonly restartCount?: number
  readonly clock?: bigint
  readonly safe?: boolean
  readonly magic?: number
}

export interface MadeQuote {
  readonly message: Buffer
  /** TPMT_SIGNATURE. */
  readonly signature: Buffer
  readonly nonce: Buffer
  readonly pcrs: PcrValues
}

/** PCRs 0, 7 and 14 of a bank, each of bytes of its own number. */
export const somePcrs = (bank: HashName) => new Map([0, 7, 14].map((pcr) => [pcr, Buffer.alloc(hashByName(bank)!.size, pcr)]))

/** A quote as the TPM with that key would give it. */
export function quoteBy(key: TpmKey, request: QuoteRequest = {}): MadeQuote {
  const {
    nonce = Buffer.from('a nonce'),
    bank = 'sha256',
    pcrs = somePcrs(bank),
    resetCount = 3,
    restartCount = 0,
    clock = 5_000n,
    safe = true,
  } = request
  const hash = hashById(schemeOf(key).hash!)!.name
  const digest = createHash(hash)
  for (const [, value] of [...pcrs].sort(([a], [b]) => a - b)) digest.update(value)
  const message = Buffer.concat([
    ...[u32(request.magic ?? TPM_GENERATED), u16(ATTEST.quote), sized(nameOf(key.area)!), sized(nonce)],
    ...[u64(clock), u32(resetCount), u32(restartCount), u8(Number(safe)), u64(0x20191023_00163636n)],
    ...[writePcrSelections([selectPcrs(bank, [...pcrs.keys()])]), sized(digest.digest())],
  ])
  return { message, signature: signatureBy(key, message), nonce, pcrs: bankOf(bank, pcrs) }
}

/** TPMT_SIGNATURE of a message. */
export function signatureBy(key: TpmKey, message: Buffer): Buffer {
  const { algorithm, hash: id } = schemeOf(key)
  const head = [u16(algorithm), u16(id!)]
  const { name, size } = hashById(id!)!
  if (key.area.type === 'ecc') {
    const both = sign(name, message, { key: key.privateKey, dsaEncoding: 'ieee-p1363' })
    return Buffer.concat([...head, sized(both.subarray(0, both.length / 2)), sized(both.subarray(both.length / 2))])
  }
  // RSA_PKCS1_PSS_PADDING is 6, RSA_PKCS1_PADDING 1.
  const pss = algorithm === ALG.rsapss ? { padding: 6, saltLength: size } : { padding: 1 }
  return Buffer.concat([...head, sized(sign(name, message, { key: key.privateKey, ...pss }))])
}

function schemeOf({ area }: TpmKey): Scheme {
  const scheme = area.type === 'rsa' || area.type === 'ecc' ? area.scheme : null
  return scheme ?? { algorithm: area.type === 'ecc' ? ALG.ecdsa : ALG.rsassa, hash: SHA256 }
}

/** An attestation of go-tpm-tools, of one key, with a quote of each bank. */
export function goTpmAttestation(key: TpmKey, quotes: readonly MadeQuote[], eventLog: Uint8Array, more: readonly Buffer[] = []): Buffer {
  const pcrsOf = ({ pcrs }: MadeQuote) => {
    const [[hash, values]] = [...pcrs] as [[number, ReadonlyMap<number, Buffer>]]
    return [field(1, BigInt(hash)), ...[...values].map(([pcr, value]) => field(2, Buffer.concat([field(1, BigInt(pcr)), field(2, value)])))]
  }
  const quoteOf = (quote: MadeQuote) => [field(1, quote.message), field(2, quote.signature), field(3, Buffer.concat(pcrsOf(quote)))]
  return Buffer.concat([
    ...[field(1, writePublicArea(key.area)), ...quotes.map((quote) => field(2, Buffer.concat(quoteOf(quote))))],
    ...[field(3, eventLog), ...more],
  ])
}
