// What vendors publish about their hardware, held for when they cannot be asked: certificates and lists of AMD, documents of Intel. Reading a
// piece believes nothing; whoever uses it verifies it. What each says of its own time is what its age is told by.
import { ThymusError } from '../../../core/errors.ts'
import { DerReader } from '../../../formats/der/reader.ts'
import { contextConstructed, TAG } from '../../../formats/der/tags.ts'
import { readAllPem } from '../../../formats/pem.ts'
import { type Certificate, readCertificate } from '../../../formats/x509/certificate.ts'
import { type Crl, readCrl } from '../../../formats/x509/crl.ts'
import { commonName, readName } from '../../../formats/x509/name.ts'
import { type Collateral, openCollateral, readCollateral } from '../dcap/collateral.ts'
import { INTEL_SGX_ROOT_KEY } from '../dcap/intel.ts'
import { evaluationOf } from '../dcap/tcb.ts'
import type { CertificateTable } from '../snp/certificate-table.ts'
import { readVek, type Vek } from '../snp/vek.ts'

export type Piece =
  /** Of a key that signs reports of SEV-SNP. */
  | { readonly kind: 'vek'; readonly vek: Vek }
  /** ARK, ASK or ASVK. */
  | { readonly kind: 'authority'; readonly certificate: Certificate }
  | { readonly kind: 'crl'; readonly crl: Crl }
  /** All that Intel publishes about one kind of platform. */
  | { readonly kind: 'platform'; readonly text: string; readonly collateral: Collateral }

type Platform = Extract<Piece, { readonly kind: 'platform' }>

/** How old a piece is, by what it says itself. */
export interface Held {
  readonly kind: 'VCEK' | 'VLEK' | 'authority' | 'CRL' | 'platform'
  /** What it is about: a chip, an authority, a kind of platform. */
  readonly of: string
  /** When it was issued, and when it ends, in milliseconds since 1970; `until` is null where it does not say. */
  readonly from: number
  readonly until: number | null
  readonly state: 'current' | 'not yet' | 'ended'
}

const VEK = /^SEV-V[CL]EK$/
const AUTHORITY = /^(ARK|SEV)-/

/**
 * The pieces of a file: PEM with any number of them, one certificate or list in DER, or a JSON document of Intel's.
 * @param anchors public keys that documents must lead to: Intel's
 * @throws ThymusError FORMAT for what is none; COLLATERAL for a document that is not signed as it should be
 */
export function readPieces(bytes: Buffer, anchors: readonly Buffer[] = [INTEL_SGX_ROOT_KEY]): readonly Piece[] {
  const text = bytes.toString('latin1')
  if (/^\s*\{/.test(text)) return [readPlatform(bytes.toString('utf8'), anchors)]
  const blocks = readAllPem(text)
  if (blocks.length === 0) return [readDer(bytes)]
  return blocks.map(({ label, bytes: der }) =>
    label === 'X509 CRL' ? { kind: 'crl', crl: readCrl(der) } : readKnown(readCertificate(der)),
  )
}

function readPlatform(text: string, anchors: readonly Buffer[]): Piece {
  const collateral = openCollateral(readCollateral(text), anchors)
  const [problem] = collateral.problems
  if (problem !== undefined) throw new ThymusError('COLLATERAL', problem)
  return { kind: 'platform', text, collateral }
}

/** A certificate of version 3 begins with its version in brackets; a list does not. */
function readDer(bytes: Buffer): Piece {
  const body = new DerReader(bytes).enter(TAG.sequence).enter(TAG.sequence)
  return body.tag === contextConstructed(0) ? readKnown(readCertificate(bytes)) : { kind: 'crl', crl: readCrl(bytes) }
}

function readKnown(certificate: Certificate): Piece {
  const name = commonName(certificate.subject)
  if (VEK.test(name)) return { kind: 'vek', vek: readVek(certificate) }
  if (AUTHORITY.test(name)) return { kind: 'authority', certificate }
  throw new ThymusError('FORMAT', `a certificate of "${name}", which is no authority of AMD and no key of its chips`)
}

/** @param now milliseconds since 1970 */
export function held(piece: Piece, now: number): Held {
  const { kind, of, from, until } = described(piece)
  return { kind, of, from, until, state: now < from ? 'not yet' : until === null || now > until ? 'ended' : 'current' }
}

function described(piece: Piece): Omit<Held, 'state'> {
  switch (piece.kind) {
    case 'vek': {
      const { kind, product, chipId, csp, certificate } = piece.vek
      return { kind, of: `${product}, ${csp ?? `chip ${chipId!.toString('hex', 0, 8)}`}`, ...validity(certificate) }
    }
    case 'authority':
      return { kind: 'authority', of: commonName(piece.certificate.subject), ...validity(piece.certificate) }
    case 'crl': {
      const { rawIssuer, thisUpdate, nextUpdate } = piece.crl
      const of = commonName(readName(new DerReader(rawIssuer))) || '?'
      return { kind: 'CRL', of, from: thisUpdate.milliseconds, until: nextUpdate?.milliseconds ?? null }
    }
    case 'platform': {
      const { periods, tcbInfo, issued } = piece.collateral
      const ends = Math.min(...Object.values(periods).map(({ to }) => to))
      const until = Number.isFinite(ends) ? ends : null // a list in it may not say
      return { kind: 'platform', of: `${tcbInfo.id}, FMSPC ${tcbInfo.fmspc.toString('hex')}`, from: issued.from, until }
    }
  }
}

const validity = ({ notBefore, notAfter }: Certificate) => ({ from: notBefore.milliseconds, until: notAfter.milliseconds })

/** What reports of SEV-SNP can be verified with, beside what came with them. */
export function forReports(pieces: readonly Piece[]): CertificateTable {
  return {
    veks: pieces.flatMap((piece) => (piece.kind === 'vek' ? [piece.vek] : [])),
    authorities: pieces.flatMap((piece) => (piece.kind === 'authority' ? [piece.certificate] : [])),
    crls: pieces.flatMap((piece) => (piece.kind === 'crl' ? [piece.crl] : [])),
  }
}

/** The document about a platform of Intel's, as text: the latest evaluation; undefined where none is held. @param fmspc 6 bytes */
export function forPlatform(tee: 'SGX' | 'TDX', fmspc: Buffer, pieces: readonly Piece[]): string | undefined {
  const texts = pieces.flatMap((piece) => (piece.kind === 'platform' ? [piece] : []))
  const fits = texts.filter(({ collateral: { tcbInfo } }) => tcbInfo.id === tee && tcbInfo.fmspc.equals(fmspc))
  return fits.toSorted(laterFirst)[0]?.text
}

function laterFirst({ collateral: one }: Platform, { collateral: other }: Platform): number {
  const evaluation = ({ tcbInfo, qeIdentity }: Collateral) => evaluationOf(tcbInfo, qeIdentity)
  return evaluation(other) - evaluation(one) || other.issued.from - one.issued.from
}
