// Evidence, reference and policy from files, appraised.
import { readdirSync, statSync } from 'node:fs'
import { basename, extname, join } from 'node:path'
import { ThymusError, within } from '../../core/errors.ts'
import { type Asked, appraise, type BundleAppraisal } from '../../crossings/attestation/appraise.ts'
import { readEvidence } from '../../crossings/attestation/foreign.ts'
import { type AppraisalPolicy, appraisalPolicy } from '../../crossings/attestation/policy.ts'
import { NO_REFERENCE, readReference } from '../../crossings/attestation/reference.ts'
import { appraisers } from '../../crossings/attestation/technologies/appraisers.ts'
import { verifyBoot, verifyGuestBoot } from '../../crossings/measured-boot/verify-boot.ts'
import type { Bundle } from '../../formats/evidence/bundle.ts'
import { faultsOf, faultText } from '../../lang/rego/faults.ts'
import { compilePolicy } from '../../lang/rego/policy.ts'
import { forPlatform, forReports, type Piece } from '../../layers/hardware/collateral/piece.ts'
import { readInput, readText } from '../files.ts'
import { surroundings } from '../rego/surroundings.ts'
import { heldHere } from '../tee/collateral.ts'
import { type AuthorityFlags, authoritiesOf } from '../tpm/trust.ts'
import { readDocument } from './json.ts'
import { KnownKeys } from './known-keys.ts'

export interface HeldFlags extends AuthorityFlags {
  readonly policy?: readonly string[]
  readonly reference?: string
  readonly nonce?: Buffer
  /** Who presents evidence that does not say so; left out, the file. */
  readonly about?: string
  /** A folder. */
  readonly known?: string
  readonly time?: number
  /** In seconds. */
  readonly 'valid-for'?: number
}

export interface Appraised {
  readonly bundle: Bundle
  readonly appraisal: BundleAppraisal
  /** As it was read. */
  readonly bytes: Buffer
  /** Keeps what was learned of keys. False where another verification was first, and this one is to be done again. */
  readonly keep: () => Promise<boolean>
}

const POLICIES = join(import.meta.dirname, '../../../policies/attestation')
/** What every policy may stand on. */
const LIBRARY = 'ar4si.rego'
const DEFAULT = 'default.rego'
const VALID_FOR = 600

/** Largest evidence that is read: a log has 128 MiB at most, and is written in base64. */
const MAX_BYTES = 256 << 20

/** @throws ThymusError USAGE, EVIDENCE, REFERENCE, REGO_REJECTED, KNOWN */
export const appraiseFile = (file: string, flags: HeldFlags): Appraised => appraiseBytes(readEvidenceFile(file), file, flags)

/** A file, or stdin for `-`. @throws ThymusError USAGE */
export const readEvidenceFile = (file: string): Buffer => readInput(file, MAX_BYTES)

/** As `appraiseFile`, of what was read from a file. */
export function appraiseBytes(bytes: Buffer, file: string, flags: HeldFlags): Appraised {
  const now = flags.time ?? Date.now()
  const bundle = within(file, () => readEvidence(bytes, { about: flags.about ?? basename(file), collected: now }))
  const reference = flags.reference === undefined ? NO_REFERENCE : readDocument(flags.reference, 'REFERENCE', readReference)
  const keys = flags.known === undefined ? undefined : new KnownKeys(flags.known)
  const asked: Asked = {
    ...{ now, reference, held: heldCollateral(), authorities: authoritiesOf(flags) },
    ...(flags.nonce === undefined ? {} : { nonce: flags.nonce }),
    ...(keys === undefined ? {} : { known: (key) => keys.get(key) }),
  }
  const verifier = {
    appraisers: appraisers({ toQuote: verifyBoot, toGuest: verifyGuestBoot }),
    policy: policyOf(flags.policy, now),
    context: { mode: 'enforce' },
    validFor: 1000 * (flags['valid-for'] ?? VALID_FOR),
  } as const
  const { learned, ...appraisal } = appraise(bundle, asked, verifier)
  return { bundle, appraisal, bytes, keep: async () => keys === undefined || keys.keep(learned) }
}

/** What is kept here of what vendors publish (`thymus tee collateral`), read where it is first asked for. */
function heldCollateral(): NonNullable<Asked['held']> {
  let kept: readonly Piece[] | undefined
  const pieces = () => {
    kept ??= heldHere().map(({ piece }) => piece)
    return kept
  }
  return { forReports: () => forReports(pieces()), forPlatform: (tee, fmspc) => forPlatform(tee, fmspc, pieces()) }
}

function policyOf(paths: readonly string[] | undefined, now: number): AppraisalPolicy {
  const files = paths === undefined ? [join(POLICIES, DEFAULT)] : paths.flatMap(modulesIn)
  const sources = Object.fromEntries([join(POLICIES, LIBRARY), ...files].map((file) => [file, readText(file)]))
  const name = paths === undefined ? 'thymus/default' : files.join(',')
  try {
    return appraisalPolicy(name, sources, compilePolicy, { ...surroundings(), now: BigInt(now) * 1_000_000n })
  } catch (error) {
    const faults = faultsOf(error)
    throw faults === undefined ? error : new ThymusError('REGO_REJECTED', faultText(faults).trim().replaceAll('\t', '  '), { cause: error })
  }
}

/** A file, or those of a folder that are no tests. */
function modulesIn(path: string): readonly string[] {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return [path]
  const names = readdirSync(path).filter((name) => extname(name) === '.rego' && !name.endsWith('_test.rego'))
  return names.toSorted().map((name) => join(path, name))
}
