// Templates: what a TPM makes keys after. The same template and seed make the same key, so those of endorsement and storage keys are standards.
import { type HashName, hashByName } from '../../../formats/hash.ts'
import { ALG, OBJECT } from './abi/algorithms.ts'
import { type EccArea, type KeyedHashArea, type PublicArea, type RsaArea, writePublicArea } from './abi/public-area.ts'
import type { Scheme, SymmetricDefinition } from './abi/schemes.ts'
import { NV, nvName } from './commands/nv.ts'
import { fixed, HANDLE } from './entity.ts'
import { ENDORSEMENT_KINDS, type EndorsementKind, type KeyKind } from './kinds.ts'
import { authorizeNv, or, policyDigest, secret } from './policy.ts'

const AES_128: SymmetricDefinition = { algorithm: ALG.aes, keyBits: 128, mode: ALG.cfb }
const AES_256: SymmetricDefinition = { algorithm: ALG.aes, keyBits: 256, mode: ALG.cfb }
const NONE = Buffer.alloc(0)
/** TPM_ECC_CURVE. */
const CURVE = { p256: 3, p384: 4 } as const
/** Coordinates and moduli that the templates of the low range fill with zeros. */
const [ZEROS_32, ZEROS_256] = [Buffer.alloc(32), Buffer.alloc(256)]

const STORAGE =
  OBJECT.fixedTpm | OBJECT.fixedParent | OBJECT.sensitiveDataOrigin | OBJECT.userWithAuth | OBJECT.noDa | OBJECT.restricted | OBJECT.decrypt
const ENDORSEMENT_LOW =
  OBJECT.fixedTpm | OBJECT.fixedParent | OBJECT.sensitiveDataOrigin | OBJECT.adminWithPolicy | OBJECT.restricted | OBJECT.decrypt
const ENDORSEMENT_HIGH = ENDORSEMENT_LOW | OBJECT.userWithAuth
const CHILD = OBJECT.fixedTpm | OBJECT.fixedParent | OBJECT.userWithAuth

/** PolicySecret of the endorsement hierarchy (TCG EK Credential Profile 2.5, annex B: PolicyA). */
const policyA = (hash: HashName) => policyDigest(hash, secret(fixed(HANDLE.endorsement)))

/** What an index of the platform holds (PolicyC). */
function policyC(hash: HashName, index: number): Buffer {
  const { id, size } = hashByName(hash)!
  const attributes = NV.policyWrite | NV.writeAll | NV.platformRead | NV.ownerRead | NV.authRead | NV.policyRead | NV.noDa | NV.written
  return policyDigest(hash, authorizeNv(nvName({ index, nameHash: id, attributes, authPolicy: policyA(hash), size: 2 + size })))
}

/** One of both (PolicyB). */
export const policyBOptions = (hash: HashName): readonly [Buffer, Buffer] => [
  policyA(hash),
  policyC(hash, hash === 'sha256' ? 0x01c07f01 : 0x01c07f02),
]
const policyB = (hash: HashName) => policyDigest(hash, or(...policyBOptions(hash)))

const rsa = (hash: HashName, attributes: number, more: Partial<RsaArea>): RsaArea => ({
  ...{ type: 'rsa', nameHash: hashByName(hash)!.id, attributes, authPolicy: NONE, symmetric: null, scheme: null },
  ...{ keyBits: 2048, exponent: 0, modulus: NONE, ...more },
})
const ecc = (hash: HashName, attributes: number, more: Partial<EccArea>): EccArea => ({
  ...{ type: 'ecc', nameHash: hashByName(hash)!.id, attributes, authPolicy: NONE, symmetric: null, scheme: null },
  ...{ curve: CURVE.p256, kdf: null, x: NONE, y: NONE, ...more },
})

export interface EndorsementTemplate {
  readonly area: PublicArea
  /** The NV index of its certificate. */
  readonly certificate: number
  /** Its policy is PolicyB: PolicySecret of the endorsement hierarchy alone does not satisfy it. */
  readonly policyB: boolean
}

/** Endorsement keys (TCG EK Credential Profile 2.5, annex B). Those of the low range go by size alone, for they are what most TPMs have. */
export const ENDORSEMENT: Readonly<Record<EndorsementKind, EndorsementTemplate>> = {
  p256: {
    area: ecc('sha256', ENDORSEMENT_LOW, { authPolicy: policyA('sha256'), symmetric: AES_128, x: ZEROS_32, y: ZEROS_32 }),
    certificate: 0x01c0000a,
    policyB: false,
  },
  p384: {
    area: ecc('sha384', ENDORSEMENT_HIGH, { authPolicy: policyB('sha384'), symmetric: AES_256, curve: CURVE.p384 }),
    certificate: 0x01c00016,
    policyB: true,
  },
  rsa2048: {
    area: rsa('sha256', ENDORSEMENT_LOW, { authPolicy: policyA('sha256'), symmetric: AES_128, modulus: ZEROS_256 }),
    certificate: 0x01c00002,
    policyB: false,
  },
  'p256-high': {
    area: ecc('sha256', ENDORSEMENT_HIGH, { authPolicy: policyB('sha256'), symmetric: AES_128 }),
    certificate: 0x01c00014,
    policyB: true,
  },
  'rsa2048-high': {
    area: rsa('sha256', ENDORSEMENT_HIGH, { authPolicy: policyB('sha256'), symmetric: AES_128 }),
    certificate: 0x01c00012,
    policyB: true,
  },
  rsa3072: {
    area: rsa('sha384', ENDORSEMENT_HIGH, { authPolicy: policyB('sha384'), symmetric: AES_256, keyBits: 3072 }),
    certificate: 0x01c0001c,
    policyB: true,
  },
}

/** The kind whose template made an endorsement key: all but what is unique about it is the same. Undefined for one that none of them made. */
export const kindOf = (area: PublicArea): EndorsementKind | undefined =>
  ENDORSEMENT_KINDS.find((kind) => withoutUnique(area).equals(withoutUnique(ENDORSEMENT[kind].area)))

function withoutUnique(area: PublicArea): Buffer {
  const unique = area.type === 'rsa' ? { modulus: NONE } : area.type === 'ecc' ? { x: NONE, y: NONE } : {}
  return writePublicArea({ ...area, ...unique } as PublicArea)
}

/** The storage root that key files below TPM_RH_OWNER mean (draft-bottomley-tpm-keys-00: P-256, nothing unique). */
export const STORAGE_ROOT: PublicArea = ecc('sha256', STORAGE, { symmetric: AES_128 })

/**
 * A key that signs.
 * @param restricted signs nothing but what the TPM made itself: an attestation key
 * @param authPolicy what must hold for its use, beside or instead of its password; empty for nothing
 */
export function signingKey(kind: KeyKind, restricted: boolean, authPolicy: Buffer = NONE): PublicArea {
  const hash: HashName = kind === 'p384' || kind === 'rsa3072' ? 'sha384' : 'sha256'
  const attributes =
    (authPolicy.length > 0 ? CHILD & ~OBJECT.userWithAuth : CHILD) |
    (OBJECT.sensitiveDataOrigin | OBJECT.sign) |
    (restricted ? OBJECT.restricted : 0)
  const scheme = (algorithm: number): Scheme | null => (restricted ? { algorithm, hash: hashByName(hash)!.id } : null)
  switch (kind) {
    case 'p256':
      return ecc('sha256', attributes, { authPolicy, scheme: scheme(ALG.ecdsa) })
    case 'p384':
      return ecc('sha256', attributes, { authPolicy, scheme: scheme(ALG.ecdsa), curve: CURVE.p384 })
    case 'rsa2048':
      return rsa('sha256', attributes, { authPolicy, scheme: scheme(ALG.rsassa) })
    case 'rsa3072':
      return rsa('sha256', attributes, { authPolicy, scheme: scheme(ALG.rsassa), keyBits: 3072 })
  }
}

/** Sealed data. With a policy, the policy alone decides; a password counts where the policy asks for it. */
export function sealedData(authPolicy: Buffer): KeyedHashArea {
  const attributes = authPolicy.length > 0 ? OBJECT.fixedTpm | OBJECT.fixedParent : CHILD
  return { type: 'keyedHash', nameHash: hashByName('sha256')!.id, attributes, authPolicy, scheme: null, unique: NONE }
}
