// A TPM whose maker vouches for it: an endorsement key made as its template has it, a certificate of it, and what the machine then presents.
import type { Bundle } from '../../src/formats/evidence/bundle.ts'
import { readCertificate } from '../../src/formats/x509/certificate.ts'
import { writePublicArea } from '../../src/layers/hardware/tpm/abi/public-area.ts'
import type { EndorsementKind } from '../../src/layers/hardware/tpm/kinds.ts'
import { ENDORSEMENT } from '../../src/layers/hardware/tpm/templates.ts'
import type { Authorities } from '../../src/layers/hardware/tpm/verify/endorsement.ts'
import { isCa } from './certificates.ts'
import { type MachineRequest, machine } from './machine.ts'
import { type Authority, ekCertificate, newAuthority } from './tpm-certificates.ts'
import { newEccKey, newRsaKey, type TpmKey } from './tpm-evidence.ts'

/** Its root is pinned nowhere: it counts as a lab's. */
export const MAKER = newAuthority('Maker of TPMs', undefined, { extensions: [isCa(1)] })
export const ISSUER = newAuthority('Issuer', MAKER)
/** The lab's flag names the root; the chain comes with the TPM. */
export const LAB: Authorities = { roots: [], labRoots: [readCertificate(MAKER.der)], intermediates: [] }

/** An endorsement key with what its template says of it. */
export function newEk(kind: EndorsementKind = 'p256', change: { readonly attributes?: number } = {}): TpmKey {
  const { area } = ENDORSEMENT[kind]
  const request = { storage: true, attributes: area.attributes, authPolicy: area.authPolicy, ...change }
  return area.type === 'rsa' ? newRsaKey(request) : newEccKey(request)
}

export const EK = newEk()

export interface PresentedRequest extends MachineRequest {
  readonly about?: string
  readonly ek?: TpmKey
  readonly certificate?: Buffer
  readonly issuer?: Authority
  readonly kind?: EndorsementKind
}

/** What `thymus attest collect --endorsement` writes there. */
export function endorsed({
  about = 'node-1',
  ek = EK,
  issuer = ISSUER,
  certificate,
  kind = 'p256',
  ...request
}: PresentedRequest = {}): Bundle {
  const { evidence, ...rest } = machine(request)
  const parts = { key: writePublicArea(ek.area), certificate: certificate ?? ekCertificate(ek, issuer), chain: ISSUER.der }
  const all = [...evidence, { name: `ek-${kind}`, type: 'tpm-endorsement', about, parts }]
  return { ...rest, about, evidence: all.map((each) => ({ ...each, about })) }
}
