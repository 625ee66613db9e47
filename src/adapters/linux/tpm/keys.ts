// Keys below the storage root: made, loaded for as long as they are used.
import type { PublicArea } from '../../../layers/hardware/tpm/abi/public-area.ts'
import {
  type Blob,
  create,
  createPrimary,
  entityOf,
  type Loaded,
  load,
  readPublicOf,
  type Secret,
} from '../../../layers/hardware/tpm/commands/objects.ts'
import { fixed, HANDLE } from '../../../layers/hardware/tpm/entity.ts'
import { ATTRIBUTE, EMPTY, type Session } from '../../../layers/hardware/tpm/session.ts'
import { STORAGE_ROOT, signingKey } from '../../../layers/hardware/tpm/templates.ts'
import type { HeldKey } from './endorsement.ts'
import { authorizing } from './sessions.ts'
import type { Tpm } from './tpm.ts'

export interface KeyAccess {
  readonly ownerAuth?: Buffer | undefined
  /** That keeps secrets: needed where there is a password of the owner's or of the new object, or something to seal. */
  readonly session?: Session | undefined
}

/** An object below a storage root. @param parent as a key file names it */
export async function createBlob(
  tpm: Tpm,
  template: PublicArea,
  secret: Secret = {},
  access: KeyAccess = {},
  parent: number = HANDLE.owner,
): Promise<Blob> {
  await using root = await parentOf(tpm, parent, access)
  const isSecret = (secret.auth?.length ?? 0) + (secret.data?.length ?? 0) > 0
  const by = entityOf(root)
  return await tpm.run(create(by, template, secret), [authorizing(by, access.session, isSecret ? ATTRIBUTE.decrypt : 0)])
}

/** Loaded until the end of its `await using`; its parent is not held any longer. @param parent as a key file names it */
export async function loadBlob(tpm: Tpm, blob: Blob, parent: number = HANDLE.owner, access: KeyAccess = {}): Promise<HeldKey> {
  await using root = await parentOf(tpm, parent, access)
  const by = entityOf(root)
  return await tpm.hold<Loaded>(load(by, blob), [authorizing(by, access.session)])
}

/**
 * The key that this machine attests by: of the endorsement hierarchy, made by its template the same each time, so that it can be enrolled once by
 * its name. Nothing of it stays in the TPM.
 */
export const attestationKey = (tpm: Tpm): Promise<HeldKey> =>
  tpm.hold<Loaded>(createPrimary(fixed(HANDLE.endorsement), signingKey('p256', true)), [EMPTY])

/** A hierarchy's storage root, made anew, or the object that is kept at the handle. */
async function parentOf(tpm: Tpm, parent: number, { ownerAuth, session }: KeyAccess): Promise<HeldKey> {
  if (parent >>> 24 === 0x81) return { ...(await tpm.run(readPublicOf(parent))), [Symbol.asyncDispose]: async () => {} }
  const hierarchy = fixed(parent, parent === HANDLE.owner ? ownerAuth : undefined)
  return tpm.hold<Loaded>(createPrimary(hierarchy, STORAGE_ROOT), [authorizing(hierarchy, session)])
}
