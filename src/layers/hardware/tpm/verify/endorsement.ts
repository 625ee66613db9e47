// An endorsement key by what is presented of it: its public area, the certificate and the chain that its maker wrote into the TPM.
import { checked } from '../../../../core/appraisal.ts'
import { ThymusError } from '../../../../core/errors.ts'
import { type Check, together } from '../../../../core/verdict.ts'
import type { Certificate } from '../../../../formats/x509/certificate.ts'
import { type Crl, newestListOf, revocationIn } from '../../../../formats/x509/crl.ts'
import { commonName } from '../../../../formats/x509/name.ts'
import type { PublicArea } from '../abi/public-area.ts'
import { readVendorCertificate, readVendorCertificates, type VendorCertificate } from '../abi/vendor-certificate.ts'
import { TPM_CHECKS } from '../checks.ts'
import { type TpmIdentity, verifyEkCertificate } from './ek-certificate.ts'
import { rootCheck, vendorRootOf } from './vendor-roots.ts'

/** Whom the caller believes about endorsement keys. */
export interface Authorities {
  /** Of these, only makers' roots that are known count. */
  readonly roots: readonly Certificate[]
  /** Taken for being given: those of emulators. */
  readonly labRoots?: readonly Certificate[]
  readonly intermediates: readonly Certificate[]
  /** Lists of what is revoked; where there are any, each certificate of the path must be in none, and have one that speaks of it. */
  readonly crls?: readonly Crl[]
}

export interface PresentedEk {
  /** As it lies in NV, with what is around it. */
  readonly certificate: Buffer
  /** Certificates one behind the other, between that and a root. They vouch for nothing by themselves: what is none is passed over. */
  readonly chain?: Buffer | undefined
}

export interface ExaminedEk {
  readonly certificate: VendorCertificate
  readonly identity: TpmIdentity | undefined
  /** Who vouches for it; undefined where no path leads to a root. */
  readonly root: Root | undefined
  /** Milliseconds since 1970, when the first certificate of the path ends. */
  readonly until: number
  readonly checks: readonly Check[]
}

export interface Root {
  /** The maker and its name, or its name alone. */
  readonly name: string
  /** It is no maker's, and was taken for being given. */
  readonly lab: boolean
}

/**
 * Holds what is presented of an endorsement key to authorities, at a time.
 * @param now milliseconds since 1970
 * @param ek the public area that the TPM shows
 * @throws ThymusError FORMAT for what is no certificate
 */
export function examineEk({ certificate: bytes, chain }: PresentedEk, authorities: Authorities, now: number, ek?: PublicArea): ExaminedEk {
  const certificate = readVendorCertificate(bytes)
  const { labRoots = [], crls = [] } = authorities
  const verified = verifyEkCertificate({
    ...{ certificate, now, roots: [...authorities.roots, ...labRoots] },
    intermediates: [...authorities.intermediates, ...(chain === undefined ? [] : certificatesIn(chain))],
    ...(ek === undefined ? {} : { ek }),
  })
  const path = verified.chain
  const root = path.at(-1)
  return {
    ...{ certificate, identity: verified.identity, root: root && rootOf(root) },
    until: Math.min(...[certificate, ...path].map(({ notAfter }) => notAfter.milliseconds)),
    checks: [
      ...verified.checks,
      ...(root === undefined ? [] : [rootCheck(root, { lab: labRoots.includes(root) })]),
      ...(root === undefined || crls.length === 0 ? [] : [revocationCheck(path, crls, now)]),
    ],
  }
}

function rootOf(certificate: Certificate): Root {
  const known = vendorRootOf(certificate)
  if (known !== undefined) return { name: `${known.maker}: ${known.name}`, lab: false }
  return { name: commonName(certificate.subject) || 'without a name', lab: true }
}

/** @param path to a root, which nobody revokes */
function revocationCheck(path: readonly Certificate[], crls: readonly Crl[], now: number): Check {
  const verdicts = path.slice(0, -1).map((certificate, at) => {
    const issuer = path[at + 1]!
    return revocationIn(newestListOf(issuer, crls), certificate, now, commonName(issuer.subject) || 'its issuer')
  })
  return checked(TPM_CHECKS, 'TPM_EK_REVOKED', together(verdicts))
}

function certificatesIn(chain: Buffer): readonly Certificate[] {
  try {
    return readVendorCertificates(chain)
  } catch (error) {
    if (error instanceof ThymusError && error.code === 'FORMAT') return []
    throw error
  }
}
