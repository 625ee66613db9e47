// What evidence should say: the machine as it was when it was good. docs/schemas/attestation-reference.json is made from it. What is not named is
// not asked, and then nothing is affirmed by it.
import { z } from 'zod'
import { API_VERSION } from '../doors/request.ts'
import { conform } from './conform.ts'

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

export const referenceSchema = z
  .strictObject({
    apiVersion: z.literal(API_VERSION).describe('The form of the document.'),
    kind: z.literal('AttestationReference').describe('What it is.'),
    tpm: z
      .strictObject({
        keys: z
          .array(text.regex(/^000[bcd]([0-9a-f]{2})+$/))
          .exactOptional()
          .describe('Names of attestation keys that were enrolled, in hexadecimal: hash algorithm and digest (TPM 2.0 part 1, 16).'),
      })
      .exactOptional()
      .describe('The TPM.'),
    boot: z
      .strictObject({ log: text.describe('The event log of a boot that was good, in base64.') })
      .exactOptional()
      .describe('The boot.'),
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
  })
  .meta({ description: 'What evidence is held to.' })

export type Reference = z.output<typeof referenceSchema>

/** Nothing is known of the machine. */
export const NO_REFERENCE: Reference = { apiVersion: API_VERSION, kind: 'AttestationReference' }

/** @throws ThymusError REFERENCE, which names the field */
export const readReference = (document: unknown): Reference => conform(referenceSchema, document, 'REFERENCE')
