// An endorsement key: that a maker vouches for a TPM. It says nothing of who signed a quote, until a credential has shown that the key is in it.
import { hash } from 'node:crypto'
import { checked } from '../../../core/appraisal.ts'
import { type Check, unknown } from '../../../core/verdict.ts'
import type { NamedEvidence } from '../../../formats/evidence/bundle.ts'
import { nameOf, type PublicArea, readPublicArea } from '../../../layers/hardware/tpm/abi/public-area.ts'
import { TPM_CHECKS } from '../../../layers/hardware/tpm/checks.ts'
import { kindOf } from '../../../layers/hardware/tpm/templates.ts'
import { type Authorities, examineEk } from '../../../layers/hardware/tpm/verify/endorsement.ts'
import type { Appraiser } from '../appraise.ts'
import type { Endorsement, Reference } from '../reference.ts'
import { bytesOf, enrolledKey } from './tpm.ts'

export interface AppraisedEk {
  readonly area: PublicArea
  readonly checks: readonly Check[]
  /** What it is known by; undefined where a check that this takes did not pass. */
  readonly endorsement: Endorsement | undefined
  /** Milliseconds since 1970. */
  readonly until: number
}

/** `key`: the public area of the endorsement key. `certificate`, `chain`: as they lie in the TPM's NV memory; the chain may be left out. */
export const appraiseEndorsement: Appraiser = (evidence, { authorities, now, reference }, all) => {
  const { checks, endorsement, until, area } = appraiseEk(evidence, authorities, now)
  const quote = all.find(({ type }) => type === 'tpm-quote')
  return {
    checks: [...checks, ...credentialCheck(area, quote, reference)],
    claims: endorsement === undefined ? { key: nameOf(area)?.toString('hex') ?? null } : { ...endorsement },
    expires: until,
  }
}

/** @throws ThymusError FORMAT, EVIDENCE */
export function appraiseEk(evidence: NamedEvidence, authorities: Authorities = { roots: [], intermediates: [] }, now: number): AppraisedEk {
  const area = readPublicArea(bytesOf(evidence, 'key'))
  const chain = Object.hasOwn(evidence.parts, 'chain') ? bytesOf(evidence, 'chain') : undefined
  const examined = examineEk({ certificate: bytesOf(evidence, 'certificate'), chain }, authorities, now, area)
  const { certificate, identity, root, until } = examined
  const kind = kindOf(area)
  const known = kind !== undefined && identity !== undefined && root !== undefined
  return {
    ...{ area, until },
    checks: [...examined.checks, checked(TPM_CHECKS, 'TPM_EK_TEMPLATE', kind !== undefined, kind === undefined ? {} : { got: kind })],
    endorsement: known
      ? {
          ...{ kind, key: nameOf(area)!.toString('hex'), certificate: hash('sha256', certificate.raw) },
          ...{ serial: certificate.serial.toString(16), ...identity, root: root.name, lab: root.lab },
        }
      : undefined,
  }
}

/** Of a key of another kind than the credential was encrypted to nothing is asked: which TPM it is in, only its certificate says. */
function credentialCheck(area: PublicArea, quote: NamedEvidence | undefined, reference: Reference): readonly Check[] {
  const enrolled = quote && enrolledKey(quote, reference)
  if (enrolled?.by !== 'credential') {
    const why = unknown('NOT_ENROLLED', 'no credential has shown that the attestation key is in this TPM: thymus attest challenge')
    return [checked(TPM_CHECKS, 'TPM_CREDENTIAL', why)]
  }
  const { kind, key: expected } = enrolled.endorsement
  const got = nameOf(area)?.toString('hex') ?? ''
  return kind === kindOf(area) ? [checked(TPM_CHECKS, 'TPM_CREDENTIAL', got === expected, { expected, got })] : []
}
