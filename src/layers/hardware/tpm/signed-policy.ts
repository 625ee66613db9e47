// A signed policy: "these PCRs have these values, and the counter has not gone past this number", approved by a key that the sealed object names.
// The number makes it revocable. An update signs the values of tomorrow with the next number, which holds already; once they are in force the
// counter moves on, and the policy of yesterday holds no more.
import { createHash, type KeyObject, sign } from 'node:crypto'
import { z } from 'zod'
import { ThymusError } from '../../../core/errors.ts'
import { HASHES, type HashName, hashByName } from '../../../formats/hash.ts'
import { ALG, OBJECT } from './abi/algorithms.ts'
import { sized, u16 } from './abi/marshal.ts'
import { type PcrSelection, selectPcrs } from './abi/pcr-selection.ts'
import type { PublicArea } from './abi/public-area.ts'
import { readTpmSignature } from './abi/signature.ts'
import { handleText } from './entity.ts'
import { approval, nv, pcr, policyDigest } from './policy.ts'
import { subjectPublicKeyOf } from './verify/public-key.ts'
import { isSigned } from './verify/signature.ts'

export type PcrTable = ReadonlyMap<number, Buffer>

export interface SignedPolicy {
  readonly bank: HashName
  readonly pcrs: PcrTable
  readonly counter: {
    readonly index: number
    /** Of the index once it is written. */
    readonly name: Buffer
    /** Holds while the counter is not greater. */
    readonly atMost: bigint
  }
  /** What else the key's approval is bound to: an object that names another takes it not. */
  readonly ref: Buffer
  /** TPMT_SIGNATURE of `approval`. */
  readonly signature: Buffer
}

/** Policies and the names of objects here are by it. */
export const POLICY_HASH: HashName = 'sha256'
const MAX_TEXT = 65_536

/** What the key approves. */
export function approvedDigest({ bank, pcrs, counter }: Omit<SignedPolicy, 'signature' | 'ref'>): Buffer {
  return policyDigest(
    POLICY_HASH,
    pcr(pcrDigest(POLICY_HASH, pcrs), selectionOf(bank, pcrs)),
    nv(counter.name, { operand: counter.atMost, offset: 0, operation: 'at-most' }),
  )
}

export const selectionOf = (bank: HashName, pcrs: PcrTable): readonly PcrSelection[] => [selectPcrs(bank, [...pcrs.keys()])]

/** Of the values in the order of the PCRs (part 1, 17.4.4). */
export function pcrDigest(hash: HashName, pcrs: PcrTable): Buffer {
  const values = [...pcrs].sort(([a], [b]) => a - b).map(([, value]) => value)
  return createHash(hash).update(Buffer.concat(values)).digest()
}

export const approvalOf = (policy: Omit<SignedPolicy, 'signature'>): Buffer => approval(POLICY_HASH, approvedDigest(policy), policy.ref)

/** @param key P-256 or P-384, or RSA from 2,048 bits @throws ThymusError USAGE for another */
export function signPolicy(policy: Omit<SignedPolicy, 'signature'>, key: KeyObject): SignedPolicy {
  const signed = Buffer.concat([approvedDigest(policy), policy.ref])
  const head = (algorithm: number) => Buffer.concat([u16(algorithm), u16(hashByName(POLICY_HASH)!.id)])
  if (authorityArea(key).type === 'rsa') {
    return { ...policy, signature: Buffer.concat([head(ALG.rsassa), sized(sign(POLICY_HASH, signed, key))]) }
  }
  const both = sign(POLICY_HASH, signed, { key, dsaEncoding: 'ieee-p1363' })
  const half = both.length / 2
  return { ...policy, signature: Buffer.concat([head(ALG.ecdsa), sized(both.subarray(0, half)), sized(both.subarray(half))]) }
}

/** The public area that a TPM names the approving key by. @param key public or private @throws ThymusError USAGE for one that is not taken */
export function authorityArea(key: KeyObject): PublicArea {
  const common = {
    nameHash: hashByName(POLICY_HASH)!.id,
    attributes: OBJECT.sign | OBJECT.userWithAuth,
    authPolicy: Buffer.alloc(0),
    symmetric: null,
  }
  const { kty, crv, n, e, x, y } = key.export({ format: 'jwk' }) as Readonly<Record<string, string | undefined>>
  const bytes = (text: string | undefined) => Buffer.from(text ?? '', 'base64url')
  if (kty === 'RSA' && bytes(n).length >= 256 && e === 'AQAB') {
    const modulus = bytes(n)
    return { type: 'rsa', ...common, scheme: null, keyBits: modulus.length * 8, exponent: 0, modulus }
  }
  const curve = kty !== 'EC' ? undefined : crv === 'P-256' ? 3 : crv === 'P-384' ? 4 : undefined
  if (curve !== undefined) return { type: 'ecc', ...common, scheme: null, curve, kdf: null, x: bytes(x), y: bytes(y) }
  throw new ThymusError('USAGE', 'policies are signed by a key on P-256 or P-384, or by RSA of 2,048 bits or more')
}

const HEX = z
  .string()
  .regex(/^([0-9a-f]{2})*$/)
  .max(MAX_TEXT)
const DOCUMENT = z.strictObject({
  kind: z.literal('TpmSignedPolicy'),
  bank: z.enum(HASHES.map(({ name }) => name)),
  pcrs: z.record(z.string().regex(/^(\d|1\d|2[0-3])$/), HEX),
  counter: z.strictObject({ index: z.string().regex(/^0x01[0-9a-f]{6}$/), name: HEX, atMost: z.string().regex(/^\d{1,20}$/) }),
  ref: HEX,
  signature: HEX,
})

export function writeSignedPolicy({ bank, pcrs, counter, ref, signature }: SignedPolicy): string {
  const document: z.infer<typeof DOCUMENT> = {
    kind: 'TpmSignedPolicy',
    bank,
    pcrs: Object.fromEntries([...pcrs].sort(([a], [b]) => a - b).map(([number, value]) => [String(number), value.toString('hex')])),
    counter: {
      index: handleText(counter.index),
      name: counter.name.toString('hex'),
      atMost: counter.atMost.toString(),
    },
    ref: ref.toString('hex'),
    signature: signature.toString('hex'),
  }
  return `${JSON.stringify(document, null, 2)}\n`
}

/** Its signature is not looked at: the TPM does that. @throws ThymusError FORMAT */
export function readSignedPolicy(text: string): SignedPolicy {
  const { bank, pcrs, counter, ref, signature } = parsed(text)
  const size = hashByName(bank)!.size
  const values = new Map(Object.entries(pcrs).map(([number, value]) => [Number(number), Buffer.from(value, 'hex')]))
  if (values.size === 0 || [...values.values()].some((value) => value.length !== size)) {
    throw new ThymusError('FORMAT', `each PCR of the bank ${bank} has ${size} bytes, and there is at least one`, { at: 'pcrs' })
  }
  const atMost = BigInt(counter.atMost)
  if (atMost >= 1n << 64n) throw new ThymusError('FORMAT', 'a counter has 64 bits', { at: 'counter.atMost' })
  const hex = (value: string) => Buffer.from(value, 'hex')
  return {
    ...{ bank, pcrs: values, ref: hex(ref), signature: hex(signature) },
    counter: { index: Number(counter.index), name: hex(counter.name), atMost },
  }
}

function parsed(text: string): z.infer<typeof DOCUMENT> {
  let value: unknown
  try {
    value = text.length > MAX_TEXT ? undefined : JSON.parse(text)
  } catch {}
  const { success, data, error } = DOCUMENT.safeParse(value)
  if (success) return data
  const [issue] = error.issues
  throw new ThymusError('FORMAT', `no signed policy: ${issue!.message}`, { at: issue!.path.join('.') || 'document' })
}

/** Whether the key has approved the policy. @param key public */
export function isApprovedBy(policy: SignedPolicy, key: KeyObject): boolean {
  const area = authorityArea(key)
  const publicKey = subjectPublicKeyOf(area)
  const signed = Buffer.concat([approvedDigest(policy), policy.ref])
  return publicKey !== undefined && isSigned({ key: publicKey, area }, readTpmSignature(policy.signature), signed)
}
