// Sealing: data that only this TPM gives back, and only where a policy holds.
import { ThymusError } from '../../../core/errors.ts'
import { hashById } from '../../../formats/hash.ts'
import type { PcrSelection } from '../../../layers/hardware/tpm/abi/pcr-selection.ts'
import { nvEntity } from '../../../layers/hardware/tpm/commands/nv.ts'
import { entityOf, loadExternal } from '../../../layers/hardware/tpm/commands/objects.ts'
import { policyAuthorize, policyAuthValue, policyNv, policyPcr } from '../../../layers/hardware/tpm/commands/sessions.ts'
import { unseal, verifySignature } from '../../../layers/hardware/tpm/commands/signing.ts'
import { type KeyFile, OWNER_ROOT } from '../../../layers/hardware/tpm/key-file.ts'
import { policyDigest } from '../../../layers/hardware/tpm/policy.ts'
import { TpmRefusal } from '../../../layers/hardware/tpm/response-code.ts'
import { ATTRIBUTE, EMPTY, type Session } from '../../../layers/hardware/tpm/session.ts'
import {
  approvalOf,
  approvedDigest,
  POLICY_HASH,
  pcrDigest,
  type SignedPolicy,
  selectionOf,
} from '../../../layers/hardware/tpm/signed-policy.ts'
import { sealedData } from '../../../layers/hardware/tpm/templates.ts'
import { digestStep, nameOrFail, type WrittenStep } from '../../../layers/hardware/tpm/written-policy.ts'
import { protectedSession, protectedSessions, type Trust } from './endorsement.ts'
import { createBlob, loadBlob } from './keys.ts'
import { nvPublicOf } from './nv.ts'
import { readPcrs } from './pcrs.ts'
import type { Tpm } from './tpm.ts'

/** What every TPM takes (part 2, 11.1.14: MAX_SYM_DATA). */
export const MAX_SEALED = 128

export interface SealRequest {
  readonly data: Buffer
  /** PCRs that must be at the opening what they are at the sealing; before all other steps. */
  readonly pcrs?: PcrSelection | undefined
  readonly policy: readonly WrittenStep[]
  /** Empty for none. Beside a policy it counts where `authValue` is among the steps. */
  readonly auth: Buffer
  readonly ownerAuth?: Buffer | undefined
}

/** @throws ThymusError USAGE for more than a TPM seals, TPM_UNVERIFIED */
export async function seal(tpm: Tpm, trust: Trust, { data, pcrs, policy: more, auth, ownerAuth }: SealRequest): Promise<KeyFile> {
  if (data.length === 0 || data.length > MAX_SEALED) {
    throw new ThymusError('USAGE', `a TPM seals 1 to ${MAX_SEALED} bytes, not ${data.length}: seal a key, and encrypt by that`)
  }
  await using held = await protectedSession(tpm, trust)
  const policy = pcrs === undefined ? more : [await stepOf(tpm, held.session, pcrs), ...more]
  const digest = policy.length === 0 ? Buffer.alloc(0) : policyDigest(POLICY_HASH, ...policy.map(digestStep))
  const blob = await createBlob(tpm, sealedData(digest), { auth, data }, { session: held.session, ownerAuth })
  return { kind: 'sealed', blob, parent: OWNER_ROOT, emptyAuth: auth.length === 0, policy }
}

async function stepOf(tpm: Tpm, session: Session, selection: PcrSelection): Promise<WrittenStep> {
  const [table] = (await readPcrs(tpm, [selection], session)).values()
  return { step: 'pcr', digest: pcrDigest(POLICY_HASH, table!), selection: [selection] }
}

export interface UnsealRequest {
  readonly file: KeyFile
  readonly auth: Buffer
  readonly ownerAuth?: Buffer | undefined
  /** That the key of the file's policy approved; needed where the file asks for one. */
  readonly signed?: SignedPolicy | undefined
}

/** @throws ThymusError TPM_REFUSED with what does not hold; TPM_UNVERIFIED; USAGE where a signed policy is missing */
export async function unsealed(tpm: Tpm, trust: Trust, { file, auth, ownerAuth, signed }: UnsealRequest): Promise<Buffer> {
  const [setup, own] = await protectedSessions(tpm, trust, 'hmac', file.policy.length > 0 ? 'policy' : 'hmac')
  await using _setup = setup!
  await using held = own!
  const { session } = held
  for (const step of file.policy) await take(tpm, session, step, signed)
  await using object = await loadBlob(tpm, file.blob, file.parent, { session: setup!.session, ownerAuth })
  return await tpm.run(unseal(entityOf(object, auth)), [session.use(ATTRIBUTE.encrypt)])
}

async function take(tpm: Tpm, session: Session, step: WrittenStep, signed: SignedPolicy | undefined): Promise<void> {
  switch (step.step) {
    case 'pcr':
      return takePcrs(tpm, session, step)
    case 'authorize':
      if (signed === undefined) throw new ThymusError('USAGE', 'it is sealed to a signed policy: name one by --policy')
      return takeSigned(tpm, session, step, signed)
    case 'authValue':
      session.withAuthValue = true
      return tpm.run(policyAuthValue(session))
  }
}

async function takePcrs(tpm: Tpm, session: Session, { selection, digest }: Extract<WrittenStep, { step: 'pcr' }>): Promise<void> {
  try {
    await tpm.run(policyPcr(session, digest, selection))
  } catch (error) {
    if (!(error instanceof TpmRefusal) || !error.is('VALUE')) throw error
    const which = selection.map(({ hash, pcrs }) => `${hashById(hash)?.name ?? hash}:${pcrs.join(',')}`).join('+')
    throw new ThymusError('TPM_REFUSED', `the PCRs ${which} are not what they were when it was sealed: the machine booted something else`)
  }
}

async function takeSigned(
  tpm: Tpm,
  session: Session,
  step: Extract<WrittenStep, { step: 'authorize' }>,
  signed: SignedPolicy,
): Promise<void> {
  if (!signed.ref.equals(step.ref)) throw new ThymusError('TPM_REFUSED', 'the signed policy is for something else: its label is another')
  const { bank, pcrs, counter } = signed
  await demandPcrs(tpm, signed)
  await tpm.run(policyPcr(session, pcrDigest(POLICY_HASH, pcrs), selectionOf(bank, pcrs)))
  const index = nvEntity(await nvPublicOf(tpm, counter.index))
  if (!index.name.equals(counter.name)) throw new ThymusError('TPM_REFUSED', 'the counter that the policy names is another one now')
  await demandCounter(tpm, session, index, signed)
  await using key = await tpm.hold(loadExternal(step.key))
  const ticket = await approved(tpm, key, signed)
  await tpm.run(policyAuthorize(session, approvedDigest(signed), signed.ref, nameOrFail(step.key), ticket))
}

/** Says which PCR is not what the policy wants, which the TPM would not. @throws ThymusError TPM_REFUSED */
export async function demandPcrs(tpm: Tpm, { bank, pcrs }: Pick<SignedPolicy, 'bank' | 'pcrs'>, session?: Session): Promise<void> {
  const now = (await readPcrs(tpm, selectionOf(bank, pcrs), session)).get(bank)!
  const others = [...pcrs].filter(([pcr, value]) => !now.get(pcr)?.equals(value))
  if (others.length === 0) return
  const lines = others.map(
    ([pcr, value]) => `PCR ${pcr} is ${now.get(pcr)?.toString('hex')}, and the policy wants ${value.toString('hex')}`,
  )
  throw new ThymusError('TPM_REFUSED', `the signed policy is for another boot:\n${lines.join('\n')}`)
}

async function demandCounter(tpm: Tpm, session: Session, index: ReturnType<typeof nvEntity>, { counter }: SignedPolicy): Promise<void> {
  try {
    await tpm.run(policyNv(session, index, { operand: counter.atMost, offset: 0, operation: 'at-most' }), [EMPTY])
  } catch (error) {
    if (!(error instanceof TpmRefusal) || !error.is('POLICY')) throw error
    throw new ThymusError('TPM_REFUSED', `the signed policy is an old one: the counter has gone past ${counter.atMost}`)
  }
}

async function approved(tpm: Tpm, key: Parameters<typeof entityOf>[0], signed: SignedPolicy) {
  try {
    return await tpm.run(verifySignature(entityOf(key), approvalOf(signed), signed.signature))
  } catch (error) {
    if (!(error instanceof TpmRefusal)) throw error
    throw new ThymusError('TPM_REFUSED', `the policy is not signed by the key that it is sealed to (${error.message})`, { cause: error })
  }
}
