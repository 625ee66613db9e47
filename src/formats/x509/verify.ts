// Paths from a certificate to a root that is trusted (RFC 5280 §6), with the same outcome as Go's crypto/x509: names are compared as bytes,
// extended key usages are nested, MD5 and SHA-1 sign nothing, key usage counts where it forbids to sign certificates.
import { ThymusError } from '../../core/errors.ts'
import type { Certificate } from './certificate.ts'
import { EXTENSION } from './extensions.ts'
import { matchesHost } from './hostname.ts'
import { namesPermitted } from './name-constraints.ts'
import { policiesValid } from './policies.ts'
import { isSignedBy } from './signature.ts'

export interface VerifyOptions {
  readonly roots: readonly Certificate[]
  readonly intermediates: readonly Certificate[]
  /** Milliseconds since 1970. */
  readonly now: number
  /** A host name or an IP address that the certificate must be for. */
  readonly host?: string
  /** Extended key usages (dotted), of which the whole path must allow one. */
  readonly usages: readonly string[]
  /** Critical extensions of the leaf (dotted) that nothing here understands, but who asks does. */
  readonly understood?: readonly string[]
}

export const ANY_USAGE = '2.5.29.37.0'

/** Enough for every real chain; certificates that sign one another in circles end here. */
const MAX_SIGNATURE_CHECKS = 100
const KEY_CERT_SIGN = 1 << 5

type Place = 'leaf' | 'intermediate' | 'root'

/**
 * The first path that is valid, from `leaf` to a root.
 * @throws ThymusError UNTRUSTED where there is none
 */
export function verifyChain(leaf: Certificate, options: VerifyOptions): readonly Certificate[] {
  if (!fits(leaf, 'leaf', [], options)) throw untrusted('the certificate is not valid by itself')
  if (options.host !== undefined && options.host !== '' && !matchesHost(leaf.extended.names, options.host)) {
    throw untrusted('the certificate is for another host')
  }
  const isRoot = options.roots.some((root) => root.raw.equals(leaf.raw))
  for (const chain of isRoot ? [[leaf]] : chains([leaf], options, { checks: 0 })) {
    if (policiesValid(chain) && usable(chain, options.usages) && namesPermitted(chain)) return chain
  }
  throw untrusted('no path leads to a trusted root')
}

const untrusted = (message: string) => new ThymusError('UNTRUSTED', message)

/** All paths that go on from `chain`; to roots first, and by key identifiers. */
function* chains(chain: readonly Certificate[], options: VerifyOptions, budget: { checks: number }): Generator<readonly Certificate[]> {
  for (const place of ['root', 'intermediate'] as const) {
    for (const parent of parents(chain.at(-1)!, place === 'root' ? options.roots : options.intermediates)) {
      if (++budget.checks > MAX_SIGNATURE_CHECKS) return
      if (parent.publicKey.key.kind === 'unknown' || isInChain(parent, chain)) continue
      if (!hasSigned(parent, chain.at(-1)!) || !fits(parent, place, chain, options)) continue
      if (place === 'root') yield [...chain, parent]
      else yield* chains([...chain, parent], options, budget)
    }
  }
}

function parents(child: Certificate, pool: readonly Certificate[]): readonly Certificate[] {
  const wanted = child.extended.authorityKeyId ?? Buffer.alloc(0)
  const distance = (candidate: Certificate) => {
    const id = candidate.extended.subjectKeyId ?? Buffer.alloc(0)
    if (id.equals(wanted)) return 0
    return id.length === 0 || wanted.length === 0 ? 1 : 2
  }
  return pool.filter((candidate) => candidate.rawSubject.equals(child.rawIssuer)).sort((a, b) => distance(a) - distance(b))
}

/** Whether subject, key and names are those of one in the chain, so that paths do not go in circles. */
function isInChain(candidate: Certificate, chain: readonly Certificate[]): boolean {
  const namesOf = ({ extensions }: Certificate) => extensions.find(({ id }) => id === EXTENSION.subjectAltName)?.value
  const names = namesOf(candidate)
  return chain.some((each) => {
    if (!candidate.rawSubject.equals(each.rawSubject) || !candidate.publicKey.raw.equals(each.publicKey.raw)) return false
    const other = namesOf(each)
    return names === undefined || other === undefined ? names === other : names.equals(other)
  })
}

function hasSigned(parent: Certificate, child: Certificate): boolean {
  const { basicConstraints, keyUsage = 0 } = parent.extended
  if (basicConstraints === undefined ? parent.version === 3 : !basicConstraints.isCa) return false
  if (keyUsage !== 0 && (keyUsage & KEY_CERT_SIGN) === 0) return false
  return isSignedBy(parent.publicKey, child.signatureAlgorithm, child.rawBody, child.signature)
}

/** Whether the certificate may stand where it would: behind `chain`. */
function fits(certificate: Certificate, place: Place, chain: readonly Certificate[], { now, understood = [] }: VerifyOptions): boolean {
  const { unhandled, basicConstraints } = certificate.extended
  const strange = place === 'leaf' ? unhandled.filter((id) => !understood.includes(id)) : unhandled
  if (strange.length > 0 || now < certificate.notBefore.milliseconds || now > certificate.notAfter.milliseconds) return false
  if (place === 'intermediate' && basicConstraints?.isCa !== true) return false
  const length = basicConstraints?.maxPathLength
  return length === undefined || BigInt(chain.length - 1) <= length
}

/** Whether one of the usages is allowed by every certificate that names any. */
function usable(chain: readonly Certificate[], usages: readonly string[]): boolean {
  if (usages.includes(ANY_USAGE)) return true
  return (
    chain.reduceRight<readonly string[]>((left, { extended }) => {
      const named = extended.extendedKeyUsage ?? []
      return named.length === 0 || named.includes(ANY_USAGE) ? left : left.filter((usage) => named.includes(usage))
    }, usages).length > 0
  )
}
