// TPMT_PUBLIC and TPM2B_PUBLIC (part 2, 12.2): what a TPM says of a key. Every field is kept as it was written, so that what is read and written
// again is the same bytes, and has the same name.
import { createHash } from 'node:crypto'
import type { ByteReader } from '../../../../formats/bytes.ts'
import { hashById } from '../../../../formats/hash.ts'
import { ALG, LIMIT } from './algorithms.ts'
import { readSized, sized, u16, u32, whole } from './marshal.ts'
import {
  readEccScheme,
  readKdfScheme,
  readKeyedHashScheme,
  readRsaScheme,
  readSymmetric,
  type Scheme,
  type SymmetricDefinition,
  writeScheme,
  writeSymmetric,
} from './schemes.ts'

interface Common {
  /** TPM_ALG_ID of the hash that the object is named by; `ALG.null` for one without a name. */
  readonly nameHash: number
  /** TPMA_OBJECT: bits of `OBJECT`. */
  readonly attributes: number
  /** Empty where there is none. */
  readonly authPolicy: Buffer
}

export interface RsaArea extends Common {
  readonly type: 'rsa'
  /** What a storage key protects its children by. */
  readonly symmetric: SymmetricDefinition | null
  readonly scheme: Scheme | null
  readonly keyBits: number
  /** 0 means 65537. */
  readonly exponent: number
  /** In a template anything, also empty. */
  readonly modulus: Buffer
}

export interface EccArea extends Common {
  readonly type: 'ecc'
  readonly symmetric: SymmetricDefinition | null
  readonly scheme: Scheme | null
  /** TPM_ECC_CURVE. */
  readonly curve: number
  readonly kdf: Scheme | null
  readonly x: Buffer
  readonly y: Buffer
}

/** An HMAC key, or sealed data. */
export interface KeyedHashArea extends Common {
  readonly type: 'keyedHash'
  readonly scheme: Scheme | null
  readonly unique: Buffer
}

export interface SymCipherArea extends Common {
  readonly type: 'symCipher'
  readonly symmetric: SymmetricDefinition
  readonly unique: Buffer
}

export type PublicArea = RsaArea | EccArea | KeyedHashArea | SymCipherArea

/** The content of a TPMT_PUBLIC. @throws ThymusError FORMAT */
export const readPublicArea = (bytes: Uint8Array): PublicArea => whole(bytes, 'TPMT_PUBLIC', readPublic)

/** A TPM2B_PUBLIC that is all of the bytes. @throws ThymusError FORMAT */
export const readSizedPublicArea = (bytes: Uint8Array): PublicArea => whole(bytes, 'TPM2B_PUBLIC', readSizedPublic)

/** A TPM2B_PUBLIC. @throws ThymusError FORMAT */
export function readSizedPublic(reader: ByteReader): PublicArea {
  const size = reader.u16('publicArea.size')
  if (size > LIMIT.publicArea) reader.fail('publicArea.size', `${size} bytes, where ${LIMIT.publicArea} are the most`)
  const inside = reader.inside(size, 'publicArea')
  const area = readPublic(inside)
  inside.finish('publicArea')
  return area
}

/** A TPMT_PUBLIC. @throws ThymusError FORMAT */
export function readPublic(reader: ByteReader): PublicArea {
  const type = reader.u16('type')
  const common = {
    nameHash: reader.u16('nameAlg'),
    attributes: reader.u32('objectAttributes'),
    authPolicy: readSized(reader, LIMIT.digest, 'authPolicy'),
  }
  switch (type) {
    case ALG.rsa: {
      const schemes = { symmetric: readSymmetric(reader), scheme: readRsaScheme(reader) }
      const size = { keyBits: reader.u16('keyBits'), exponent: reader.u32('exponent') }
      return { type: 'rsa', ...common, ...schemes, ...size, modulus: readSized(reader, LIMIT.rsa, 'unique') }
    }
    case ALG.ecc: {
      const schemes = { symmetric: readSymmetric(reader), scheme: readEccScheme(reader) }
      const curve = { curve: reader.u16('curveID'), kdf: readKdfScheme(reader) }
      const x = readSized(reader, LIMIT.coordinate, 'unique.x')
      return { type: 'ecc', ...common, ...schemes, ...curve, x, y: readSized(reader, LIMIT.coordinate, 'unique.y') }
    }
    case ALG.keyedHash:
      return { type: 'keyedHash', ...common, scheme: readKeyedHashScheme(reader), unique: readSized(reader, LIMIT.digest, 'unique') }
    case ALG.symCipher: {
      const symmetric = readSymmetric(reader) ?? reader.fail('symmetric', 'a symmetric key without a cipher')
      return { type: 'symCipher', ...common, symmetric, unique: readSized(reader, LIMIT.digest, 'unique') }
    }
    default:
      return reader.fail('type', `0x${type.toString(16)} is no type of an object`)
  }
}

/** The bytes of a TPMT_PUBLIC. */
export function writePublicArea(area: PublicArea): Buffer {
  const head = [u16(ALG[area.type]), u16(area.nameHash), u32(area.attributes), sized(area.authPolicy)]
  return Buffer.concat([...head, ...writeParameters(area)])
}

/** The bytes of a TPM2B_PUBLIC. */
export const writeSizedPublicArea = (area: PublicArea): Buffer => sized(writePublicArea(area))

function writeParameters(area: PublicArea): readonly Buffer[] {
  switch (area.type) {
    case 'rsa':
      return [writeSymmetric(area.symmetric), writeScheme(area.scheme), u16(area.keyBits), u32(area.exponent), sized(area.modulus)]
    case 'ecc': {
      const curve = [u16(area.curve), writeScheme(area.kdf)]
      return [writeSymmetric(area.symmetric), writeScheme(area.scheme), ...curve, sized(area.x), sized(area.y)]
    }
    case 'keyedHash':
      return [writeScheme(area.scheme), sized(area.unique)]
    case 'symCipher':
      return [writeSymmetric(area.symmetric), sized(area.unique)]
  }
}

/**
 * The name of an object: TPM_ALG_ID of its hash, then the hash of its TPMT_PUBLIC (part 1, 16). Empty for one without a hash; undefined for a
 * hash that is not known.
 */
export function nameOf(area: PublicArea): Buffer | undefined {
  if (area.nameHash === ALG.null) return Buffer.alloc(0)
  const hash = hashById(area.nameHash)
  return hash && Buffer.concat([u16(hash.id), createHash(hash.name).update(writePublicArea(area)).digest()])
}

/** Whether all of these bits of `OBJECT` are set. */
export const hasAttributes = ({ attributes }: PublicArea, ...bits: readonly number[]) => bits.every((bit) => (attributes & bit) !== 0)
