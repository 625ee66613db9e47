// The endorsement key: what tells one TPM from all others. Its maker vouches for it by a certificate, or its owner by a pin.
import { ThymusError } from '../../../core/errors.ts'
import type { PublicArea } from '../../../layers/hardware/tpm/abi/public-area.ts'
import { createPrimary, type Loaded, readPublicOf } from '../../../layers/hardware/tpm/commands/objects.ts'
import { policyOr, policySecret } from '../../../layers/hardware/tpm/commands/sessions.ts'
import { fixed, HANDLE } from '../../../layers/hardware/tpm/entity.ts'
import { ENDORSEMENT_KINDS, type EndorsementKind } from '../../../layers/hardware/tpm/kinds.ts'
import { EMPTY, type Session } from '../../../layers/hardware/tpm/session.ts'
import { ENDORSEMENT, kindOf, policyBOptions } from '../../../layers/hardware/tpm/templates.ts'
import { type Authorities, examineEk, type PresentedEk } from '../../../layers/hardware/tpm/verify/endorsement.ts'
import { nvContents, nvPublicOf } from './nv.ts'
import { type HeldSession, openSession, type VerifiedKey } from './sessions.ts'
import type { Tpm } from './tpm.ts'

export interface Pin {
  readonly kind: EndorsementKind
  /** Of the key: it says all about it. */
  readonly name: Buffer
}

/** Whom the caller believes about endorsement keys. */
export interface Trust extends Authorities {
  readonly pins: readonly Pin[]
  /** Milliseconds since 1970. */
  readonly now: number
}

export type HeldKey = Loaded & AsyncDisposable

/** Where makers keep their keys (TCG Registry of Reserved TPM 2.0 Handles). */
const KEPT_BY_MAKER = { first: 0x81010000, last: 0x8101ffff }

/** Where a maker's chain is (TCG EK Credential Profile 2.5, 2.2.1.5.2). */
const STORED_CHAIN = { first: 0x01c00100, last: 0x01c001ff }

/** One that the TPM keeps, or else made anew by its template. It is not vouched for by that. */
export async function endorsementKey(tpm: Tpm, kind: EndorsementKind, accept: (key: Loaded) => boolean = () => false): Promise<HeldKey> {
  for (const handle of await tpm.handles(KEPT_BY_MAKER.first)) {
    if (handle < KEPT_BY_MAKER.first || handle > KEPT_BY_MAKER.last) continue
    const key = await publicOf(tpm, handle)
    if (key !== undefined && accept(key)) return { ...key, [Symbol.asyncDispose]: async () => {} }
  }
  return tpm.hold(createPrimary(fixed(HANDLE.endorsement), ENDORSEMENT[kind].area), [EMPTY])
}

/** Undefined for an object of a kind that is not known, which is none of ours. */
async function publicOf(tpm: Tpm, handle: number): Promise<Loaded | undefined> {
  try {
    return await tpm.run(readPublicOf(handle))
  } catch (error) {
    if (error instanceof ThymusError && error.code === 'FORMAT') return undefined
    throw error
  }
}

/** What the maker wrote into the TPM about a kind of key, as it stands there; undefined where there is nothing. */
async function endorsementCertificate(tpm: Tpm, kind: EndorsementKind): Promise<Buffer | undefined> {
  const index = ENDORSEMENT[kind].certificate
  if (!(await tpm.handles(index)).includes(index)) return undefined
  return nvContents(tpm, await nvPublicOf(tpm, index))
}

/** Certificates between that and a root, which some makers write one behind the other into indices of their own; undefined where there are none. */
async function storedChain(tpm: Tpm): Promise<Buffer | undefined> {
  const indices = (await tpm.handles(STORED_CHAIN.first)).filter((index) => index >= STORED_CHAIN.first && index <= STORED_CHAIN.last)
  const pieces: Buffer[] = []
  for (const index of indices) pieces.push(await nvContents(tpm, await nvPublicOf(tpm, index)))
  return pieces.length === 0 ? undefined : Buffer.concat(pieces)
}

/** The kinds for which there is a certificate. */
export async function certifiedKinds(tpm: Tpm): Promise<readonly EndorsementKind[]> {
  const indices = new Set(await tpm.handles(0x01c00000))
  return ENDORSEMENT_KINDS.filter((kind) => indices.has(ENDORSEMENT[kind].certificate))
}

/**
 * An endorsement key that is pinned, or that a certificate under one of the roots is about.
 * @throws ThymusError TPM_UNVERIFIED where there is none: no secret is sent
 */
export async function verifiedEndorsement(tpm: Tpm, trust: Trust): Promise<VerifiedKey & AsyncDisposable> {
  const faults: string[] = []
  for (const { kind, name } of trust.pins) {
    const isPinned = (key: Loaded) => key.name.equals(name)
    const found = await accepted(tpm, kind, isPinned)
    if (found !== undefined) return { key: found, by: 'pin', [Symbol.asyncDispose]: found[Symbol.asyncDispose] }
    faults.push(`its ${kind} key is not the one that is pinned`)
  }
  const namesAuthorities = trust.roots.length + (trust.labRoots?.length ?? 0) > 0
  for (const kind of namesAuthorities ? await certifiedKinds(tpm) : []) {
    const found = await certified(tpm, kind, trust)
    if (typeof found !== 'string') return { key: found, by: 'certificate', [Symbol.asyncDispose]: found[Symbol.asyncDispose] }
    faults.push(`of the certificate of its ${kind} key: ${found}`)
  }
  const why = faults.length > 0 ? faults.join('; ') : namesAuthorities ? 'it has no certificate' : 'nobody vouches for it'
  throw new ThymusError(
    'TPM_UNVERIFIED',
    `a secret would go to a TPM that may be another: ${why}; thymus tpm ek --help says how to vouch for it`,
  )
}

/** Sessions that keep secrets, one of each kind that is named; the key they are salted to is not held any longer. */
export async function protectedSessions(tpm: Tpm, trust: Trust, ...kinds: readonly ('hmac' | 'policy')[]): Promise<readonly HeldSession[]> {
  await using verified = await verifiedEndorsement(tpm, trust)
  const opened: HeldSession[] = []
  for (const kind of kinds) opened.push(await openSession(tpm, kind, verified))
  return opened
}

export async function protectedSession(tpm: Tpm, trust: Trust): Promise<HeldSession> {
  const [session] = await protectedSessions(tpm, trust, 'hmac')
  return session!
}

/** Brings a policy session to where it may use the endorsement key (TCG EK Credential Profile 2.5, annex B). */
export async function authorizeEndorsement(tpm: Tpm, session: Session, kind: EndorsementKind): Promise<void> {
  await tpm.run(policySecret(session, fixed(HANDLE.endorsement)), [EMPTY])
  if (ENDORSEMENT[kind].policyB) await tpm.run(policyOr(session, policyBOptions(session.hash)))
}

/** What the TPM has about a kind of key; undefined for nothing. */
export async function presentedEk(tpm: Tpm, kind: EndorsementKind): Promise<PresentedEk | undefined> {
  const certificate = await endorsementCertificate(tpm, kind)
  return certificate && { certificate, chain: await storedChain(tpm) }
}

/** As it is presented, with the public area of the key: a key of that kind which the TPM keeps, or else makes. */
export async function presentedKeys(
  tpm: Tpm,
): Promise<readonly (PresentedEk & { readonly kind: EndorsementKind; readonly area: PublicArea })[]> {
  const found = []
  for (const kind of await certifiedKinds(tpm)) {
    await using key = await endorsementKey(tpm, kind, ({ area }) => kindOf(area) === kind)
    found.push({ ...(await presentedEk(tpm, kind))!, kind, area: key.area })
  }
  return found
}

/** The key of a kind that a maker whom somebody trusts vouches for; or why there is none, in words. */
async function certified(tpm: Tpm, kind: EndorsementKind, trust: Trust): Promise<HeldKey | string> {
  try {
    const presented = (await presentedEk(tpm, kind))!
    const faults = (ek: PublicArea) => examineEk(presented, trust, trust.now, ek).checks.filter(({ verdict }) => verdict.is !== 'pass')
    const accept = ({ area }: Loaded) => faults(area).length === 0
    const key = await endorsementKey(tpm, kind, accept)
    if (accept(key)) return key
    await key[Symbol.asyncDispose]()
    return faults(key.area)
      .map(({ title, got }) => `not so: ${title}${got === undefined ? '' : ` (${got})`}`)
      .join('; ')
  } catch (error) {
    if (error instanceof ThymusError && error.code === 'FORMAT') return error.message
    throw error
  }
}

async function accepted(tpm: Tpm, kind: EndorsementKind, accept: (key: Loaded) => boolean): Promise<HeldKey | undefined> {
  const key = await endorsementKey(tpm, kind, accept)
  if (accept(key)) return key
  await key[Symbol.asyncDispose]()
  return undefined
}
