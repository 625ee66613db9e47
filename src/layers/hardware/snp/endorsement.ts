// Who vouches for the key that signs reports: AMD, down from its root key for the line of processors. All that does not depend on a report is
// computed once, and can be kept for every report of the chip.
import { createHash, type KeyObject } from 'node:crypto'
import { checked } from '../../../core/appraisal.ts'
import { quote } from '../../../core/quote.ts'
import { type Check, FAIL, PASS, unknown } from '../../../core/verdict.ts'
import type { Certificate } from '../../../formats/x509/certificate.ts'
import { type Crl, newestListOf, revocationIn } from '../../../formats/x509/crl.ts'
import { commonName } from '../../../formats/x509/name.ts'
import { keyObject } from '../../../formats/x509/public-key.ts'
import { isSignedBy } from '../../../formats/x509/signature.ts'
import { SNP_CHECKS } from './checks.ts'
import type { ProductLine } from './product.ts'
import { AMD_ROOTS, type AmdRoots } from './roots.table.ts'
import { readVek, type Vek } from './vek.ts'

export interface Endorsement extends Vek {
  /** For verifying; undefined where OpenSSL does not take it. */
  readonly key: KeyObject | undefined
  /** The line whose root vouches for the key; undefined where none does. */
  readonly root: ProductLine | undefined
  /** Milliseconds since 1970 within which every certificate of the chain is valid, and every list that was asked. */
  readonly from: number
  readonly until: number
  /** What holds at a time (milliseconds since 1970), whatever the report says. */
  readonly checksAt: (now: number) => readonly Check[]
}

export interface Endorsing {
  /** ASK or ASVK, and ARK, in any order; others are passed over. */
  readonly authorities: readonly Certificate[]
  /** Lists of the ARK. Without this, whether a certificate is revoked is not asked; with an empty list it is asked, and not known. */
  readonly crls?: readonly Crl[]
  /** Keys that are trusted; AMD's. */
  readonly roots?: AmdRoots
}

interface Chain {
  readonly authority: Certificate
  readonly root: Certificate
  readonly line: ProductLine
}

/** @throws ThymusError FORMAT where `leaf` is no certificate of a key that signs reports */
export function endorse(leaf: Certificate, { authorities, crls, roots = AMD_ROOTS }: Endorsing): Endorsement {
  const vek = readVek(leaf)
  const chain = findChain(vek, authorities, roots)
  const links = chain === undefined ? [leaf] : [leaf, chain.authority, chain.root]
  const list = chain && newestListOf(chain.root, crls ?? [])
  const from = Math.max(...links.map(({ notBefore }) => notBefore.milliseconds))
  const until = Math.min(...links.map(({ notAfter }) => notAfter.milliseconds))
  const validity = `${day(from)} to ${day(until)}`
  const fixed = [chainCheck(leaf, chain, authorities), ...(chain === undefined ? [] : [lineCheck(vek, chain.line)])]
  const listEnds = crls === undefined ? undefined : list?.nextUpdate?.milliseconds
  return {
    ...vek,
    key: keyObject(leaf.publicKey),
    root: chain?.line,
    from,
    until: Math.min(until, listEnds ?? until),
    checksAt: (now) => [
      ...fixed,
      checked(SNP_CHECKS, 'SNP_CERT_TIME', from <= now && now <= until, { expected: validity, got: day(now) }),
      ...(crls === undefined || chain === undefined
        ? []
        : [checked(SNP_CHECKS, 'SNP_REVOKED', revocationIn(list, chain.authority, now, 'the root'))]),
    ],
  }
}

/** ECMAScript has no date beyond. */
const LAST_TIME = 8.64e15
const day = (milliseconds: number) => (Math.abs(milliseconds) <= LAST_TIME ? new Date(milliseconds).toISOString() : String(milliseconds))

/** Where no authority was given, nothing is said against the key: `thymus tee collateral` keeps theirs. */
function chainCheck(leaf: Certificate, chain: Chain | undefined, authorities: readonly Certificate[]): Check {
  if (chain !== undefined) return checked(SNP_CHECKS, 'SNP_CHAIN', true, { got: commonName(chain.root.subject) })
  if (authorities.some(({ raw }) => !raw.equals(leaf.raw))) return checked(SNP_CHECKS, 'SNP_CHAIN', false, { got: 'no root' })
  const issuer = commonName(leaf.issuer)
  return checked(
    SNP_CHECKS,
    'SNP_CHAIN',
    unknown('NO_ISSUER', `the certificate of ${quote(issuer)}, who issued that of the key, was not given`),
  )
}

function lineCheck({ line, product }: Vek, root: ProductLine): Check {
  const verdict = line === undefined ? unknown('PRODUCT_UNKNOWN', `"${product}" is no product that is known`) : line === root ? PASS : FAIL
  return checked(SNP_CHECKS, 'SNP_LINE', verdict, { expected: root, got: product })
}

/**
 * A root vouches for itself, so that its dates are its own; the key in between may sign keys of this kind alone. Of certificates for the same
 * key the one that lasts longest is taken.
 */
function findChain(vek: Vek, given: readonly Certificate[], roots: AmdRoots): Chain | undefined {
  const authorities = given.toSorted((one, other) => other.notAfter.milliseconds - one.notAfter.milliseconds)
  const trusted = authorities.flatMap((root) => {
    const line = roots.get(createHash('sha256').update(root.publicKey.raw).digest('hex'))
    return line !== undefined && mayIssue(root, root) ? [{ root, line }] : []
  })
  for (const authority of authorities) {
    const isLending = commonName(authority.subject).startsWith('SEV-VLEK-')
    if (isLending !== (vek.kind === 'VLEK') || !mayIssue(authority, vek.certificate)) continue
    const above = trusted.find(({ root }) => !root.publicKey.raw.equals(authority.publicKey.raw) && mayIssue(root, authority))
    if (above !== undefined) return { authority, ...above }
  }
  return undefined
}

const KEY_CERT_SIGN = 1 << 5

/** Names, constraints (RFC 5280 §6.1.4) and signature. */
function mayIssue(issuer: Certificate, child: Certificate): boolean {
  const { basicConstraints, keyUsage, unhandled } = issuer.extended
  if (!issuer.rawSubject.equals(child.rawIssuer) || basicConstraints?.isCa !== true || unhandled.length > 0) return false
  if (child.extended.unhandled.length > 0 || (keyUsage !== undefined && (keyUsage & KEY_CERT_SIGN) === 0)) return false
  const length = basicConstraints.maxPathLength
  const hasCaBelow = child.extended.basicConstraints?.isCa === true && child !== issuer
  if (length !== undefined && hasCaBelow && length < 1n) return false
  return isSignedBy(issuer.publicKey, child.signatureAlgorithm, child.rawBody, child.signature)
}
