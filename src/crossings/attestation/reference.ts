// What evidence should say: the machine as it was when it was good. docs/schemas/attestation-reference.json is made from it. What is not named is
// not asked, and then nothing is affirmed by it.
import { z } from 'zod'
import { ThymusError } from '../../core/errors.ts'
import { conform } from '../../formats/conform.ts'
import { API_VERSION } from '../../formats/doors/request.ts'
import { time } from '../../formats/doors/time.ts'
import { readAllPem } from '../../formats/pem.ts'
import { bootReference } from '../../layers/firmware/reference/reference.ts'
import { WEAKER_STATUSES } from '../../layers/hardware/dcap/tcb-status.ts'
import { readVendorCertificate } from '../../layers/hardware/tpm/abi/vendor-certificate.ts'
import { ENDORSEMENT_KINDS } from '../../layers/hardware/tpm/kinds.ts'

const text = z.string()
const hex = (bytes: number) => text.regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`))
const svn = z.int().min(0).max(255)
const tcb = z.strictObject({
  fmc: svn.exactOptional(),
  bl: svn.exactOptional(),
  tee: svn.exactOptional(),
  snp: svn.exactOptional(),
  ucode: svn.exactOptional(),
})

function isCertificate(pem: string): boolean {
  try {
    return readAllPem(pem).map(({ bytes }) => readVendorCertificate(bytes)).length > 0
  } catch (error) {
    if (error instanceof ThymusError) return false
    throw error
  }
}

/** Of a TPM's key, in hexadecimal: hash algorithm and digest (TPM 2.0 part 1, 16). */
export const keyName = text.regex(/^000[bcd]([0-9a-f]{2})+$/)
export const node = text.min(1).max(253)
const ofKey = {
  name: keyName.describe('Of the key, in hexadecimal: hash algorithm and digest (TPM 2.0 part 1, 16).'),
  about: node.describe('The node that it is the key of.'),
}

/** What a TPM's endorsement key is known by. */
export const endorsementSchema = z.strictObject({
  kind: z.enum(ENDORSEMENT_KINDS).describe('The template that made the key.'),
  key: keyName.describe('Its name.'),
  certificate: hex(32).describe('SHA-256 of its certificate.'),
  serial: text.regex(/^[0-9a-f]+$/).describe('Of the certificate.'),
  manufacturer: text.describe('As the TCG Vendor ID Registry has it.'),
  model: text.describe('Of the TPM.'),
  version: text.describe('Of its firmware, when the certificate was made.'),
  root: text.describe('Who vouches for it: the maker and its root.'),
  lab: z.boolean().describe('Whether that is no maker: it was taken for being named.'),
})
export type Endorsement = z.output<typeof endorsementSchema>

const enrolledKey = z.discriminatedUnion('by', [
  z.strictObject({
    by: z.literal('credential').describe('The TPM has shown that the key is in it: it has opened a credential.'),
    ...ofKey,
    at: time.describe('When it was enrolled.'),
    endorsement: endorsementSchema.describe('The endorsement key of its TPM.'),
  }),
  z.strictObject({
    by: z.literal('hand').describe('Somebody says so; nothing has shown that it lives in a TPM.'),
    ...ofKey,
  }),
])
export type EnrolledKey = z.output<typeof enrolledKey>

/** Whether both are in one TPM, as far as that is known: the same key, or keys by the same endorsement key. */
export function isSameTpm(one: EnrolledKey, other: EnrolledKey): boolean {
  if (one.name === other.name) return true
  return one.by === 'credential' && other.by === 'credential' && one.endorsement.key === other.endorsement.key
}

export const referenceSchema = z
  .strictObject({
    apiVersion: z.literal(API_VERSION).describe('The form of the document.'),
    kind: z.literal('AttestationReference').describe('What it is.'),
    tpm: z
      .strictObject({
        authorities: z
          .array(text.refine(isCertificate, 'no certificate in PEM'))
          .exactOptional()
          .describe('Who vouches for attestation keys by certificate, as makers of virtual TPMs do: roots in PEM.'),
        keys: z.array(enrolledKey).exactOptional().describe('Attestation keys that were enrolled, each with how and for which node.'),
      })
      .exactOptional()
      .describe('The TPM.'),
    boots: z
      .array(bootReference)
      .exactOptional()
      .describe('Boots that were good: one for each firmware, Secure Boot state and number of vCPUs.'),
    vcpus: z.int().positive().exactOptional().describe('How many processors a virtual machine has, where that is known.'),
    minSbat: z.int().min(0).exactOptional().describe('Least level of SBAT that shim must hold images to, as 2025021800.'),
    ima: z.looseObject({}).exactOptional().describe('Files that may be executed, as a runtime policy of Keylime.'),
    runs: z
      .array(z.strictObject({ program: text.describe('Its path, without links on the way.'), sha256: hex(32).describe('Of its file.') }))
      .exactOptional()
      .describe('Programs that `thymus run --measured` may start.'),
    snp: z
      .strictObject({
        measurements: z.array(hex(48)).exactOptional().describe('Launch digests.'),
        chips: z
          .array(text.regex(/^([0-9a-f]{16}|[0-9a-f]{128})$/))
          .exactOptional()
          .describe('Identifiers of chips.'),
        idKeys: z.array(hex(48)).exactOptional().describe('Digests of keys that sign launches.'),
        hostData: hex(32).exactOptional().describe('What the host gave.'),
        vmpl: z.int().min(0).max(3).exactOptional().describe('Privilege level of whoever asked for the report.'),
        minGuestSvn: z.int().min(0).exactOptional().describe('Least security version of the guest.'),
        minTcb: tcb.exactOptional().describe('Least security version of each part of the platform, reported and committed.'),
        smt: z.boolean().exactOptional().describe('Whether two threads may share a core.'),
      })
      .exactOptional()
      .describe('A SEV-SNP guest.'),
    dcap: z
      .strictObject({
        measurements: z
          .strictObject({
            mrEnclave: z.array(hex(32)).exactOptional().describe('SGX: of the code.'),
            mrSigner: z.array(hex(32)).exactOptional().describe('SGX: of the key that signed it.'),
            isvProdId: z.int().min(0).max(65_535).exactOptional().describe('SGX: the product of that signer.'),
            minIsvSvn: z.int().min(0).max(65_535).exactOptional().describe('SGX: least security version.'),
            mrTd: z.array(hex(48)).exactOptional().describe('TDX: of what was launched.'),
            mrSeam: z.array(hex(48)).exactOptional().describe('TDX: of the TDX module.'),
            mrConfigId: hex(48).exactOptional().describe('TDX: given by who launched it.'),
            mrOwner: hex(48).exactOptional().describe('TDX: given by who launched it.'),
            rtmr: z
              .record(text.regex(/^[0-3]$/), hex(48))
              .exactOptional()
              .describe('TDX: run-time registers by their number.'),
          })
          .exactOptional()
          .describe('Of the enclave or the trust domain.'),
        allow: z
          .array(
            z.strictObject({
              status: z.enum(WEAKER_STATUSES).describe('A status that is weaker than UpToDate.'),
              until: time.describe('From then on it is not allowed any more.'),
              minEvaluationNumber: z.int().min(0).describe('The evaluation must not be older than this.'),
              advisoryIds: z.array(text).exactOptional().describe('Every advisory that applies must be one of these; left out, any may.'),
            }),
          )
          .exactOptional()
          .describe('Only UpToDate passes where this is left out.'),
        minEvaluationNumber: z.int().min(0).exactOptional().describe('Of the evaluation, whatever the status is.'),
        maxCollateralAge: z.int().min(0).exactOptional().describe('How old TCB info and QE identity may be, in seconds.'),
        debug: z.boolean().exactOptional().describe('Whether a workload may be debugged or profiled: not, where this is left out.'),
        septVeDisable: z
          .boolean()
          .exactOptional()
          .describe('TDX: `false` lets the host throw exceptions into the guest by taking its pages.'),
        migratable: z.boolean().exactOptional().describe('TDX: whether it may be migrated: not, where this is left out.'),
        mrServiceTd: z
          .union([hex(48), z.literal('any')])
          .exactOptional()
          .describe('TDX 1.5: of the service TD that may be bound: none, where this is left out.'),
        attributes: z
          .union([hex(8), hex(16)])
          .exactOptional()
          .describe('Attributes that may be set: 8 bytes for TDX, 16 for SGX.'),
        xfam: hex(8).exactOptional().describe('TDX: extended features that may be used.'),
        ppids: z.array(hex(16)).exactOptional().describe('Platforms that are ours.'),
        fmspcs: z.array(hex(6)).exactOptional().describe('Kinds of platforms.'),
      })
      .exactOptional()
      .describe('An SGX enclave or a TDX guest.'),
  })
  .meta({ description: 'What evidence is held to.' })

export type Reference = z.output<typeof referenceSchema>

/** Nothing is known of the machine. */
export const NO_REFERENCE: Reference = { apiVersion: API_VERSION, kind: 'AttestationReference' }

/** @throws ThymusError REFERENCE, which names the field */
export const readReference = (document: unknown): Reference => conform(referenceSchema, document, 'REFERENCE')

/** Types of evidence that say what a part of a reference is of. */
const SAID_BY = {
  tpm: ['tpm-quote'],
  boots: ['tcg-log', 'cc-log'],
  ima: ['ima-log'],
  runs: ['measured-runs'],
  snp: ['snp-report', 'azure-evidence'],
  dcap: ['dcap-quote', 'sgx-report', 'azure-evidence'],
} as const satisfies Partial<Record<keyof Reference, readonly string[]>>

/** What a machine must present to be held to a reference: for each of its parts, evidence of one of these types. */
export function evidenceFor(reference: Reference): readonly { readonly of: string; readonly types: readonly string[] }[] {
  return Object.entries(SAID_BY).flatMap(([of, types]) => (reference[of as keyof typeof SAID_BY] === undefined ? [] : [{ of, types }]))
}
