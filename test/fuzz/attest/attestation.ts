// What a verifier is handed: results of others as tokens, bundles of evidence, references; and the whole appraisal of evidence that was damaged.
import { generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Asked, appraise } from '../../../src/crossings/attestation/appraise.ts'
import { answer, challenge, readChallenge, readPending, verifiedAnswer } from '../../../src/crossings/attestation/credential.ts'
import { readEvidence } from '../../../src/crossings/attestation/foreign.ts'
import { readKnown, writeKnown } from '../../../src/crossings/attestation/known.ts'
import { appraisalPolicy } from '../../../src/crossings/attestation/policy.ts'
import { referenceOf } from '../../../src/crossings/attestation/record.ts'
import { readReference } from '../../../src/crossings/attestation/reference.ts'
import { appraisers } from '../../../src/crossings/attestation/technologies/appraisers.ts'
import { verifyBoot, verifyGuestBoot } from '../../../src/crossings/measured-boot/verify-boot.ts'
import { EAR_PROFILE, type Ear, VERAISON_PROFILE, writeEar } from '../../../src/formats/ear/ear.ts'
import { signEar, unverifiedEar, verifyEar } from '../../../src/formats/ear/token.ts'
import { readBundle, writeBundle } from '../../../src/formats/evidence/bundle.ts'
import { compilePolicy } from '../../../src/lang/rego/policy.ts'
import { azureEvidence } from '../../kit/azure.ts'
import { QuoteAuthority } from '../../kit/dcap.ts'
import { endorsed, LAB } from '../../kit/endorsed.ts'
import { goSnpAttestation, goTdxQuote } from '../../kit/go-tee.ts'
import { AK_NAME, changed, machine, NONCE, NOW } from '../../kit/machine.ts'
import { field } from '../../kit/protobuf.ts'
import { Vendor } from '../../kit/snp.ts'
import { goTpmAttestation, newEccKey, quoteBy } from '../../kit/tpm-evidence.ts'
import { type ByteTarget, json, notPassing } from '../bytes.ts'

const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const EAR: Ear = {
  profile: EAR_PROFILE,
  issuedAt: NOW / 1000,
  verifier: { developer: 'thymus', build: '0' },
  submods: { boot: { status: 'warning', vector: { executables: 33 }, policies: ['a'], added: { because: ['x'] } } },
}
const POLICIES = join(import.meta.dirname, '../../../policies/attestation')
const sources = Object.fromEntries(['ar4si.rego', 'default.rego'].map((file) => [file, readFileSync(join(POLICIES, file), 'utf8')]))
const policy = appraisalPolicy('fuzz', sources, compilePolicy, { now: 0n, clock: () => 0, random: () => 0 })
const whole = machine()
const asked: Asked = { now: NOW, nonce: NONCE, reference: referenceOf(whole, NOW) }
const verifier = {
  appraisers: appraisers({ toQuote: verifyBoot, toGuest: verifyGuestBoot }),
  policy,
  context: { mode: 'enforce' },
  validFor: 1000,
} as const
const node = endorsed()
const issued = challenge(node, { now: NOW, validFor: 1000, authorities: LAB })
const { learned } = appraise(whole, { ...asked, known: () => undefined }, verifier)
const text = (document: unknown) => Buffer.from(JSON.stringify(document))

/** A form of each kind: what is behind its fields has targets of its own. */
function foreign(): readonly Buffer[] {
  const [vendor, key] = [new Vendor(), newEccKey()]
  const quote = quoteBy(key)
  const base64 = (bytes: Buffer) => bytes.toString('base64')
  const tpm_quote = { message: base64(quote.message), signature: base64(quote.signature), pcrs: ['00'.repeat(32)] }
  return [
    ...[{ ak_public: 'AA==', tpm_quote }, { quote: 'AA==', cc_eventlog: 'AA==' }, azureEvidence(vendor, { key })].map(text),
    text({ platform: 'snp', evidence: { attestation_report: base64(vendor.report()), cert_chain: { vcek: base64(vendor.vek()) } } }),
    goTpmAttestation(key, [quote], Buffer.alloc(40)),
    goTpmAttestation(key, [quote], Buffer.alloc(40), [
      field(8, goSnpAttestation(vendor.report(5), { vcek: vendor.vek(), ask: vendor.authority() })),
    ]),
    goTpmAttestation(key, [quote], Buffer.alloc(40), [field(9, goTdxQuote(new QuoteAuthority().quote({ version: 4 })))]),
  ]
}

/** Damaged evidence that is affirmed all the same is a find. */
const damaged = (name: string, part: string): ByteTarget => ({
  seeds: () => [Buffer.from(whole.evidence.find((each) => each.name === name)!.parts[part]!)],
  read(bytes) {
    const { status, submodules } = appraise(changed(whole, name, { [part]: bytes }), asked, verifier)
    const same = bytes.equals(whole.evidence.find((each) => each.name === name)!.parts[part]!)
    if (status === 'affirming' && !same) throw new Error(`another ${part} of ${name} is affirmed: ${bytes.toString('base64')}`)
    return notPassing(submodules.flatMap(({ checks }) => checks))
  },
})

/** What is presented of an endorsement key, damaged: a challenge that is made all the same is for the key that was not. */
const endorsement = (part: 'key' | 'certificate'): ByteTarget => ({
  seeds: () => [Buffer.from(node.evidence.find(({ type }) => type === 'tpm-endorsement')!.parts[part]!)],
  read(bytes) {
    const { pending } = challenge(changed(node, 'ek-p256', { [part]: bytes }), { now: NOW, validFor: 1000, authorities: LAB })
    if (JSON.stringify(pending.endorsement) !== JSON.stringify(issued.pending.endorsement)) throw new Error('another key is challenged')
  },
})

export const attestation: Readonly<Record<string, ByteTarget>> = {
  token: {
    seeds: () => [EAR, { ...EAR, profile: VERAISON_PROFILE }].map((ear) => Buffer.from(signEar(ear as Ear, privateKey))),
    read(bytes) {
      const token = bytes.toString('latin1')
      unverifiedEar(token)
      verifyEar(token, publicKey, NOW)
    },
  },
  claims: {
    seeds: () => [text(writeEar(EAR))],
    read(bytes) {
      unverifiedEar(`${Buffer.from('{"alg":"EdDSA"}').toString('base64url')}.${text(json(bytes)).toString('base64url')}.`)
    },
  },
  bundle: { seeds: () => [text(writeBundle(whole, NONCE))], read: (bytes) => void readBundle(json(bytes)) },
  foreign: { seeds: foreign, read: (bytes) => void readEvidence(bytes, { about: 'a guest', collected: NOW }) },
  reference: { seeds: () => [text(asked.reference)], read: (bytes) => void readReference(json(bytes)) },
  known: { seeds: () => learned.map((each) => text(writeKnown(each))), read: (bytes) => void readKnown(json(bytes), AK_NAME) },
  challenge: { seeds: () => [text(issued.challenge)], read: (bytes) => void readChallenge(json(bytes)) },
  pending: { seeds: () => [text(issued.pending)], read: (bytes) => void readPending(json(bytes), NOW) },
  // Nobody can answer whose TPM has not opened the credential.
  answer: {
    seeds: () => [text(answer(readChallenge(issued.challenge), Buffer.alloc(32)))],
    read: (bytes) => {
      verifiedAnswer(json(bytes), issued.pending, NOW)
      throw new Error('an answer is taken that the TPM did not give')
    },
  },
  endorsementKey: endorsement('key'),
  endorsementCertificate: endorsement('certificate'),
  quote: damaged('tpm', 'message'),
  signature: damaged('tpm', 'signature'),
  // What came after the quote is not attested, and may be anything.
  measurements: {
    ...damaged('ima', 'log'),
    read: (bytes) =>
      notPassing(appraise(changed(whole, 'ima', { log: bytes }), asked, verifier).submodules.flatMap(({ checks }) => checks)),
  },
}
