// The key behind a public area, in the form that certificates have it.
import { ThymusError } from '../../../../core/errors.ts'
import { DerReader } from '../../../../formats/der/reader.ts'
import { TAG } from '../../../../formats/der/tags.ts'
import { bits, element, integer, oid, sequence } from '../../../../formats/der/writer.ts'
import { CURVES, KEY_OID, readPublicKeyInfo, type SubjectPublicKey } from '../../../../formats/x509/public-key.ts'
import { ECC_CURVES } from '../abi/algorithms.ts'
import type { EccArea, PublicArea, RsaArea } from '../abi/public-area.ts'

/** An exponent of 0 stands for this one (part 2, 12.2.3.5). */
const DEFAULT_EXPONENT = 0x10001

/** Undefined where the area has no key that can be verified with: symmetric ones, templates, curves that are not known, a point off its curve. */
export function subjectPublicKeyOf(area: PublicArea): SubjectPublicKey | undefined {
  const info = area.type === 'rsa' ? rsaInfo(area) : area.type === 'ecc' ? eccInfo(area) : undefined
  if (info === undefined) return undefined
  try {
    return readPublicKeyInfo(new DerReader(info))
  } catch (error) {
    if (error instanceof ThymusError) return undefined
    throw error
  }
}

/** Whether both are the same key, however it is written. */
export function isSameKey(one: SubjectPublicKey, other: SubjectPublicKey): boolean {
  const [a, b] = [one.key, other.key]
  if (a.kind === 'rsa' && b.kind === 'rsa') return a.modulus === b.modulus && a.exponent === b.exponent
  if (a.kind === 'ec' && b.kind === 'ec') return a.curve === b.curve && a.x === b.x && a.y === b.y
  return one.raw.equals(other.raw)
}

function rsaInfo({ keyBits, exponent, modulus }: RsaArea): Buffer | undefined {
  if (modulus.length * 8 !== keyBits || (modulus[0] ?? 0) < 0x80) return undefined
  const key = sequence(integer(BigInt(`0x${modulus.toString('hex')}`)), integer(BigInt(exponent || DEFAULT_EXPONENT)))
  return sequence(sequence(oid(KEY_OID.rsa), element(TAG.null)), bits(key))
}

function eccInfo({ curve: id, x, y }: EccArea): Buffer | undefined {
  const curve = CURVES.find(({ name }) => name === ECC_CURVES.find((each) => each.id === id)?.name)
  if (curve === undefined || x.length > curve.bytes || y.length > curve.bytes) return undefined
  const point = Buffer.concat([Buffer.of(4), padded(x, curve.bytes), padded(y, curve.bytes)])
  return sequence(sequence(oid(KEY_OID.ec), oid(curve.oid)), bits(point))
}

/** Zeros before a number, so that it has this many bytes. */
export const padded = (number: Buffer, bytes: number): Buffer => Buffer.concat([Buffer.alloc(Math.max(0, bytes - number.length)), number])
