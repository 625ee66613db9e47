// Whether firmware with these lists would start an image (UEFI 2.10 §32.5.3.3, as EDK II does it). No clock applies: firmware has none that it
// could trust, and what was signed in time stays signed.

import { type CheckTable, checked } from '../../../core/appraisal.ts'
import { ThymusError } from '../../../core/errors.ts'
import { printable } from '../../../core/quote.ts'
import { type Check, FAIL, unknown } from '../../../core/verdict.ts'
import type { SignedData, Signer } from '../../../formats/cms/signed-data.ts'
import { isNamedBy, signatureFault } from '../../../formats/cms/verify.ts'
import { GUID } from '../../../formats/efi/guid.ts'
import { type EfiSignature, hashEntry } from '../../../formats/efi/signature-list.ts'
import { type ImageSignature, imageSignatures, isOfImage } from '../../../formats/pe/authenticode.ts'
import { imageDigest, type PeImage, readImage } from '../../../formats/pe/image.ts'
import type { Certificate } from '../../../formats/x509/certificate.ts'
import { isSignedBy } from '../../../formats/x509/signature.ts'
import { belowLevel, imageSbat, type SbatEntry } from './sbat.ts'
import { certificateName, hashListed, tryCertificate } from './signature-name.ts'

export const IMAGE_CHECKS = {
  UEFI_IMAGE: { title: 'the image can be read', clause: 'PE/COFF, Authenticode 2008' },
  UEFI_FORBIDDEN: { title: 'neither the image nor who signed it is forbidden (dbx)', clause: 'UEFI 2.10 §32.5.3.3' },
  UEFI_ALLOWED: { title: 'the image, or who signed it, is allowed (db)', clause: 'UEFI 2.10 §32.5.3.3' },
  UEFI_SBAT: { title: 'no component of the image is below the SBAT level', clause: 'shim SBAT.md' },
} as const satisfies CheckTable

export interface ImageTrust {
  readonly db: readonly EfiSignature[]
  readonly dbx: readonly EfiSignature[]
  /** A level of shim's. */
  readonly sbatLevel?: readonly SbatEntry[]
}

/** Deeper chains sign no boot loader. */
const MAX_DEPTH = 8
/** Of one image, in each of both lists. */
const MAX_SIGNATURE_CHECKS = 64

/** Signatures of certificates that may still be tried; below zero once one was not. */
interface Budget {
  left: number
}
const newBudget = (): Budget => ({ left: MAX_SIGNATURE_CHECKS })

export function verifyImage(bytes: Buffer, { db, dbx, sbatLevel }: ImageTrust): readonly Check[] {
  let image: PeImage
  let signatures: readonly ImageSignature[]
  try {
    image = readImage(bytes)
    signatures = imageSignatures(image)
  } catch (error) {
    if (!(error instanceof ThymusError)) throw error
    return [checked(IMAGE_CHECKS, 'UEFI_IMAGE', FAIL, { got: `${error.message} (${error.at ?? ''})` })]
  }
  // A signature that is of another image says nothing of this one.
  const own = signatures.filter((signature) => isOfImage(signature, image))
  const forbidden = hasHash(dbx, image) ? 'the image' : forbiddenIn(own, db, dbx)
  const budget = newBudget()
  const allowed = hasHash(db, image) ? 'its hash' : first(own, (signature) => vouchedBy(signature, anchorsOf(db), budget))
  return [
    checked(IMAGE_CHECKS, 'UEFI_IMAGE', true),
    checked(IMAGE_CHECKS, 'UEFI_FORBIDDEN', forbidden === undefined, forbidden === undefined ? {} : { got: forbidden }),
    checked(IMAGE_CHECKS, 'UEFI_ALLOWED', allowed !== undefined, { got: allowed ?? whyNot(signatures, own) }),
    ...(sbatLevel === undefined ? [] : [sbat(image, sbatLevel)]),
  ]
}

function whyNot(all: readonly ImageSignature[], own: readonly ImageSignature[]): string {
  if (all.length === 0) return 'not signed'
  if (own.length === 0) return 'signed, but as another image'
  const signers = own.flatMap(({ data }) => data.certificates.filter((each) => data.signers.some((signer) => isNamedBy(signer, each))))
  return `signed by ${signers.map(({ raw }) => printable(certificateName(raw))).join(' and ') || 'somebody unknown'}`
}

function hasHash(list: readonly EfiSignature[], image: PeImage): boolean {
  const digests = new Map<string, Buffer>()
  return list.some((entry) => {
    const known = hashEntry(entry)
    if (known?.of !== 'image') return false
    const digest = digests.get(known.hash) ?? imageDigest(image, known.hash)
    digests.set(known.hash, digest)
    return digest.equals(known.value)
  })
}

const anchorsOf = (list: readonly EfiSignature[]) =>
  list.flatMap(({ type, data }) => (type === GUID.certX509 ? (tryCertificate(data) ?? []) : []))

/** Certificates of a list that vouch for an image, one for each of its signatures. @throws ThymusError FORMAT */
export function vouchersOf(image: PeImage, db: readonly EfiSignature[]): readonly EfiSignature[] {
  const own = imageSignatures(image).filter((signature) => isOfImage(signature, image))
  const budget = newBudget()
  const raw = own.flatMap((signature) => voucherOf(signature, anchorsOf(db), budget)?.raw ?? [])
  return db.filter(({ data }) => raw.some((each) => each.equals(data)))
}

/** The name of the entry that vouches for a signature; undefined where none does. */
function vouchedBy(signature: ImageSignature, anchors: readonly Certificate[], budget: Budget): string | undefined {
  const anchor = voucherOf(signature, anchors, budget)
  return anchor && printable(certificateName(anchor.raw))
}

function voucherOf({ data }: ImageSignature, anchors: readonly Certificate[], budget: Budget): Certificate | undefined {
  return first(data.signers, (signer) => {
    const leaf = leafOf(data, signer)
    if (leaf === undefined || signatureFault(data, signer, leaf.publicKey) !== undefined) return undefined
    return anchorOf(leaf, data.certificates, anchors, budget)
  })
}

/** The signer's certificate, which must be inside: firmware looks for it nowhere else. */
const leafOf = ({ certificates }: SignedData, signer: Signer) => certificates.find((each) => isNamedBy(signer, each))

/** What is forbidden of the signatures. Where not all could be looked at, that is: what was not seen may be. */
function forbiddenIn(own: readonly ImageSignature[], db: readonly EfiSignature[], dbx: readonly EfiSignature[]): string | undefined {
  if (dbx.length === 0) return undefined
  // Whoever signs may leave a certificate out of the image. Those of db are at hand all the same.
  const isListed = hashListed(dbx)
  const forbidden = [...anchorsOf(dbx), ...anchorsOf(db).filter(isListed)]
  const budget = newBudget()
  const found = first(own, (signature) => forbiddenBy(signature, isListed, forbidden, budget))
  return found ?? (budget.left < 0 ? 'more certificates than are looked at' : undefined)
}

function forbiddenBy(
  signature: ImageSignature,
  isListed: (certificate: Certificate) => boolean,
  forbidden: readonly Certificate[],
  budget: Budget,
): string | undefined {
  const { data } = signature
  if (data.signers.some((signer) => leafOf(data, signer) === undefined)) return 'a signer whose certificate is not in the image'
  const listed = data.certificates.find(isListed)
  return listed === undefined ? vouchedBy(signature, forbidden, budget) : printable(certificateName(listed.raw))
}

/** The anchor to which a certificate leads through others, or which it is. */
function anchorOf(
  leaf: Certificate,
  others: readonly Certificate[],
  anchors: readonly Certificate[],
  budget: Budget,
): Certificate | undefined {
  if (anchors.length === 0) return undefined
  const climb = (child: Certificate, depth: number): Certificate | undefined => {
    const self = anchors.find(({ raw }) => raw.equals(child.raw))
    if (self !== undefined || depth === MAX_DEPTH) return self
    for (const parent of [...anchors, ...others]) {
      if (parent === child || !parent.rawSubject.equals(child.rawIssuer) || !mayIssue(parent)) continue
      if (budget.left-- <= 0) return undefined
      if (!isSignedBy(parent.publicKey, child.signatureAlgorithm, child.rawBody, child.signature)) continue
      const found = climb(parent, depth + 1)
      if (found !== undefined) return found
    }
    return undefined
  }
  return climb(leaf, 0)
}

const mayIssue = ({ version, extended }: Certificate) => extended.basicConstraints?.isCa ?? version < 3

function sbat(image: PeImage, level: readonly SbatEntry[]): Check {
  let entries: readonly SbatEntry[] | undefined
  try {
    entries = imageSbat(image)
  } catch (error) {
    if (!(error instanceof ThymusError)) throw error
    return checked(IMAGE_CHECKS, 'UEFI_SBAT', false, { got: error.message })
  }
  if (entries === undefined) return checked(IMAGE_CHECKS, 'UEFI_SBAT', unknown('UEFI_NO_SBAT', 'the image says nothing of its generations'))
  const old = belowLevel(entries, level)
  const got = old.map(({ component, generation }) => `${printable(component)},${generation}`).join(' ')
  return checked(IMAGE_CHECKS, 'UEFI_SBAT', old.length === 0, old.length === 0 ? {} : { got })
}

function first<T, R>(all: readonly T[], find: (one: T) => R | undefined): R | undefined {
  for (const one of all) {
    const found = find(one)
    if (found !== undefined) return found
  }
  return undefined
}
