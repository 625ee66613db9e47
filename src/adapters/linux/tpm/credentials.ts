// Credentials: a secret that only the TPM of an endorsement key gives out, and only while the key that it was made for is loaded in it.
import { ThymusError } from '../../../core/errors.ts'
import { hashById } from '../../../formats/hash.ts'
import type { CredentialBlob } from '../../../layers/hardware/tpm/abi/credential.ts'
import { entityOf, type Loaded } from '../../../layers/hardware/tpm/commands/objects.ts'
import { activateCredential } from '../../../layers/hardware/tpm/commands/signing.ts'
import type { Entity } from '../../../layers/hardware/tpm/entity.ts'
import type { KeyFile } from '../../../layers/hardware/tpm/key-file.ts'
import type { EndorsementKind } from '../../../layers/hardware/tpm/kinds.ts'
import { ATTRIBUTE, type Session } from '../../../layers/hardware/tpm/session.ts'
import { kindOf } from '../../../layers/hardware/tpm/templates.ts'
import { authorizeEndorsement, endorsementKey, type Pin, protectedSession, type Trust, verifiedEndorsement } from './endorsement.ts'
import { attestationKey, loadBlob } from './keys.ts'
import { openSession, type VerifiedKey } from './sessions.ts'
import type { Tpm } from './tpm.ts'

export interface Activation {
  readonly file: KeyFile
  /** Of the key. */
  readonly auth: Buffer
  /** To whose key the credential was encrypted. */
  readonly endorsement: EndorsementKind
  readonly credential: CredentialBlob
}

/** @throws ThymusError TPM_REFUSED where the credential is for another key or TPM; TPM_UNVERIFIED */
export async function activated(tpm: Tpm, trust: Trust, { file, auth, endorsement, credential }: Activation): Promise<Buffer> {
  await using held = await protectedSession(tpm, trust)
  await using key = await loadBlob(tpm, file.blob, file.parent, { session: held.session })
  await using own = await endorsementKey(tpm, endorsement, ({ area }) => kindOf(area) === endorsement)
  return await opened(tpm, held.session, entityOf(key, auth), own, endorsement, credential)
}

export interface Challenge {
  /** To whose key the credential was encrypted: whoever made it has verified that key. */
  readonly endorsement: Pin
  /** The name of the attestation key that it was made for. */
  readonly key: Buffer
  readonly credential: CredentialBlob
}

/**
 * What a credential for the attestation key of this machine holds.
 * @throws ThymusError CREDENTIAL where the TPM has another endorsement or attestation key, TPM_REFUSED where the credential is none for them
 */
export async function answered(tpm: Tpm, { endorsement, key: name, credential }: Challenge): Promise<Buffer> {
  await using key = await attestationKey(tpm)
  if (!key.name.equals(name)) {
    throw new ThymusError(
      'CREDENTIAL',
      `the attestation key of this machine is ${key.name.toString('hex')}, and the challenge is for another`,
      {
        at: 'key',
      },
    )
  }
  await using verified = await namedEndorsement(tpm, endorsement)
  await using held = await openSession(tpm, 'hmac', verified)
  return await opened(tpm, held.session, entityOf(key), verified.key, endorsement.kind, credential)
}

/** Whoever made the challenge vouches for the key. */
async function namedEndorsement(tpm: Tpm, pin: Pin): Promise<VerifiedKey & AsyncDisposable> {
  try {
    return await verifiedEndorsement(tpm, { pins: [pin], roots: [], intermediates: [], now: Date.now() })
  } catch (cause) {
    if (!(cause instanceof ThymusError) || cause.code !== 'TPM_UNVERIFIED') throw cause
    throw new ThymusError('CREDENTIAL', 'the challenge is for another TPM', { at: 'endorsement', cause })
  }
}

/** @param session that keeps the secret on its way out */
async function opened(
  tpm: Tpm,
  session: Session,
  key: Entity,
  ek: Loaded,
  kind: EndorsementKind,
  credential: CredentialBlob,
): Promise<Buffer> {
  await using policy = await openSession(tpm, 'policy', undefined, hashById(ek.area.nameHash)!.name)
  await authorizeEndorsement(tpm, policy.session, kind)
  return await tpm.run(activateCredential(key, entityOf(ek), credential), [session.use(ATTRIBUTE.encrypt), policy.session.use()])
}
