// Sessions that keep secrets: salted to a key of the TPM that somebody has vouched for. A key that only the TPM itself vouches for may be that of
// whoever sits on the bus.
import { randomBytes } from 'node:crypto'
import { ThymusError } from '../../../core/errors.ts'
import { type HashName, hashByName } from '../../../formats/hash.ts'
import { entityOf, type Loaded } from '../../../layers/hardware/tpm/commands/objects.ts'
import { startAuthSession } from '../../../layers/hardware/tpm/commands/sessions.ts'
import { type Entity, fixed, HANDLE } from '../../../layers/hardware/tpm/entity.ts'
import { EMPTY, Session, type Use } from '../../../layers/hardware/tpm/session.ts'
import { shareSecret } from '../../../layers/hardware/tpm/shared-secret.ts'
import type { Tpm } from './tpm.ts'

/** A decryption key of this TPM, and who vouches for it. Only `endorsement.ts` makes one. */
export interface VerifiedKey {
  readonly key: Loaded
  readonly by: 'pin' | 'certificate'
}

export type HeldSession = AsyncDisposable & { readonly session: Session }

const HASH: HashName = 'sha256'
const NOBODY = fixed(HANDLE.null)

/** A session that is flushed at the end of its `await using`. Without a key it keeps no secrets, and proves nothing of the TPM. */
export async function openSession(tpm: Tpm, kind: 'hmac' | 'policy', verified?: VerifiedKey, hash: HashName = HASH): Promise<HeldSession> {
  const nonceCaller = randomBytes(hashByName(hash)!.size)
  const salt = verified === undefined ? { secret: Buffer.alloc(0), encrypted: Buffer.alloc(0) } : shareSecret(verified.key.area, 'SECRET')
  const saltKey = verified === undefined ? NOBODY : entityOf(verified.key)
  const started = await tpm.hold(startAuthSession(kind, hash, saltKey, salt.encrypted, nonceCaller, NOBODY))
  const session = new Session(kind, hash, started.handle, salt.secret, started.nonceTpm, nonceCaller)
  return { session, [Symbol.asyncDispose]: () => started[Symbol.asyncDispose]() }
}

/** How an entity is authorized: by the session, which keeps what it authorizes itself by; one with nothing to keep needs none. */
export function authorizing(entity: Entity, session: Session | undefined, attributes = 0): Use {
  if (session !== undefined) return session.use(attributes)
  if (entity.auth.length > 0) throw new ThymusError('INTERNAL', 'a password needs a session that keeps it')
  return EMPTY
}
