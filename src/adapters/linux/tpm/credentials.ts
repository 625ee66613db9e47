// Credentials: a secret that only the TPM of an endorsement key gives out, and only while the key that it was made for is loaded in it.
import { hashById } from '../../../formats/hash.ts'
import type { CredentialBlob } from '../../../layers/hardware/tpm/abi/credential.ts'
import { entityOf, type Loaded } from '../../../layers/hardware/tpm/commands/objects.ts'
import { activateCredential } from '../../../layers/hardware/tpm/commands/signing.ts'
import type { KeyFile } from '../../../layers/hardware/tpm/key-file.ts'
import type { EndorsementKind } from '../../../layers/hardware/tpm/kinds.ts'
import { ATTRIBUTE } from '../../../layers/hardware/tpm/session.ts'
import { ENDORSEMENT } from '../../../layers/hardware/tpm/templates.ts'
import { authorizeEndorsement, endorsementKey, protectedSession, type Trust } from './endorsement.ts'
import { loadBlob } from './keys.ts'
import { openSession } from './sessions.ts'
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
  await using own = await endorsementKey(tpm, endorsement, (each) => isOf(each, endorsement))
  await using policy = await openSession(tpm, 'policy', undefined, hashById(own.area.nameHash)!.name)
  await authorizeEndorsement(tpm, policy.session, endorsement)
  const uses = [held.session.use(ATTRIBUTE.encrypt), policy.session.use()]
  return await tpm.run(activateCredential(entityOf(key, auth), entityOf(own), credential), uses)
}

/** Whether a key that the TPM keeps was made by this template: all but what is unique about it is the same. */
function isOf({ area }: Loaded, kind: EndorsementKind): boolean {
  const template = ENDORSEMENT[kind].area
  const same = area.type === template.type && area.nameHash === template.nameHash && area.attributes === template.attributes
  const size = (each: typeof area) => (each.type === 'rsa' ? each.keyBits : each.type === 'ecc' ? each.curve : 0)
  return same && area.authPolicy.equals(template.authPolicy) && size(area) === size(template)
}
