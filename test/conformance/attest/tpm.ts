import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { ThymusError } from '../../../src/core/errors.ts'
import type { Check } from '../../../src/core/verdict.ts'
import { type HashName, hashById } from '../../../src/formats/hash.ts'
import { attestationJwk, readHclReport, readRuntimeData } from '../../../src/layers/hardware/azure/hcl-report.ts'
import { OBJECT } from '../../../src/layers/hardware/tpm/abi/algorithms.ts'
import { ATTEST, type Attest, readAttest } from '../../../src/layers/hardware/tpm/abi/attest.ts'
import { readCredentialFile } from '../../../src/layers/hardware/tpm/abi/credential.ts'
import { bankOf, type PcrValues, readSerializedPcrs, readTextPcrs } from '../../../src/layers/hardware/tpm/abi/pcr-values.ts'
import { hasAttributes, nameOf, type PublicArea, readSizedPublicArea } from '../../../src/layers/hardware/tpm/abi/public-area.ts'
import {
  readVendorCertificate,
  readVendorCertificates,
  type VendorCertificate,
} from '../../../src/layers/hardware/tpm/abi/vendor-certificate.ts'
import { type AttestationKey, attestationKeyOfJwk, readAttestationKey } from '../../../src/layers/hardware/tpm/verify/attestation-key.ts'
import { verifyActivation } from '../../../src/layers/hardware/tpm/verify/credential.ts'
import { verifyEkCertificate } from '../../../src/layers/hardware/tpm/verify/ek-certificate.ts'
import { isSameKey, subjectPublicKeyOf } from '../../../src/layers/hardware/tpm/verify/public-key.ts'
import { verifyQuote } from '../../../src/layers/hardware/tpm/verify/quote.ts'
import { readSignatureOf } from '../../../src/layers/hardware/tpm/verify/signature.ts'
import { type AttestCase, answered, type CaseFiles, type Difference, factsDiffer, type Judge, readMember } from './case.ts'
import { platformCertificate } from './platform-certificate.ts'
import { recordedBoot } from './recorded-boot.ts'

/** Quotes, names, credentials and certificates of a TPM. */
export const tpm: Readonly<Record<string, Judge>> = {
  ...recordedBoot,
  'tpm-quote': quote,
  'tpm-attest-parse': ({ expect }, { read }) => {
    const message = read('msg')
    const attest = readAttest(message)
    return [
      ...answered('parse', expect.parse, 'accept'),
      ...factsDiffer(expect.facts, { ...attestFacts(attest), consumed: message.length, length: message.length }),
    ]
  },
  'tpm-name': ({ expect }, { read }) => {
    const area = readSizedPublicArea(read('ak'))
    const name = nameOf(area)
    return [
      ...same('match', expect.match, name?.equals(read('name'))),
      ...factsDiffer(expect.facts, { name: name?.toString('hex'), ...attributesOf(area) }),
    ]
  },
  'tpm-public': ({ expect }, { read }) => {
    const key = subjectPublicKeyOf(readSizedPublicArea(read('pub')))
    return same('match', expect.match, key !== undefined && isSameKey(key, readAttestationKey(read('pem')).key))
  },
  'tcg-platform-cert': platformCertificate,
  'tpm-credential': ({ expect }, { read }) => {
    readCredentialFile(read('blob'))
    return same('match', expect.match, verifyActivation(read('challenge'), read('answer')).verdict.is === 'pass')
  },
  'ek-cert': ({ params, expect }, { read, has }) => {
    const certificate = readVendorCertificate(read('cert'))
    const [intermediates, roots] = ['intermediates', 'root'].map((name) => (has(name) ? readVendorCertificates(read(name)) : [])) as [
      readonly VendorCertificate[],
      readonly VendorCertificate[],
    ]
    const ek = has('ekPub') ? { ek: readSizedPublicArea(read('ekPub')) } : {}
    const { checks } = verifyEkCertificate({ certificate, roots, intermediates, now: Date.parse(params.time), ...ek })
    const facts = {
      publicKeyEqualsEk: has('ekPub') ? checks.find(({ code }) => code === 'TPM_EK_KEY')?.verdict.is === 'pass' : null,
      notBefore: new Date(certificate.notBefore.milliseconds).toISOString(),
      notAfter: new Date(certificate.notAfter.milliseconds).toISOString(),
    }
    return [...judged(checks, expect), ...factsDiffer(expect.facts, facts)]
  },
}

interface QuoteFiles {
  readonly message: Buffer
  readonly signature: Buffer
  readonly key: AttestationKey | undefined
  readonly pcrs?: PcrValues
}

function quote(one: AttestCase, files: CaseFiles): readonly Difference[] {
  const { params, expect } = one
  const { message, signature, key, pcrs } = quoteFiles(one, files)
  if (key === undefined)
    return [...answered('verify', expect.verify, 'unknown'), ...factsDiffer(expect.facts, attestFacts(readAttest(message)))]
  const nonce = typeof params.nonce === 'string' ? { nonce: Buffer.from(params.nonce, 'hex') } : {}
  const statement = { message, key, ...nonce, ...(pcrs && { pcrs }) }
  try {
    const { attest, checks } = verifyQuote({ ...statement, signature: readSignatureOf(key, signature) })
    const is = (code: string) => checks.find((check) => check.code === code)?.verdict.is === 'pass'
    const facts = {
      ...attestFacts(attest),
      ...{ nonceMatches: is('TPM_NONCE'), pcrDigestMatches: is('TPM_PCR_DIGEST') },
      ...(key.area && {
        akName: nameOf(key.area)?.toString('hex'),
        akNameMatches: isNamed(one, files, key.area),
        akAttrs: attributesOf(key.area),
      }),
    }
    return [...judged(checks, expect), ...factsDiffer(expect.facts, facts)]
  } catch (error) {
    if (error instanceof ThymusError && expect.verify === 'reject') return []
    throw error
  }
}

/** Names that an index gives to what is wrong. */
const REASONS: Readonly<Record<string, string>> = {
  signature: 'TPM_SIGNATURE',
  nonce: 'TPM_NONCE',
  pcrDigest: 'TPM_PCR_DIGEST',
  'pcr-digest': 'TPM_PCR_DIGEST',
  magic: 'TPM_GENERATED',
  type: 'TPM_TYPE',
  akAttrs: 'TPM_KEY_ATTRIBUTES',
}

/** What nobody asked for is not determined, and no ground to refuse. */
function judged(checks: readonly Check[], expect: AttestCase['expect']): readonly Difference[] {
  const failed = checks.filter(({ verdict }) => verdict.is === 'fail').map(({ code }) => code)
  const reasons: readonly string[] = (expect.reasons ?? []).filter((reason: string) => REASONS[reason] !== undefined)
  return [
    ...answered('verify', expect.verify, failed.length === 0 ? 'accept' : 'reject'),
    ...reasons.filter((reason) => !failed.includes(REASONS[reason]!)).map((reason) => ({ what: 'reasons', expected: reason, got: failed })),
  ]
}

function quoteFiles({ files: paths, params }: AttestCase, { read, has }: CaseFiles): QuoteFiles {
  if (has('evidence')) {
    const evidence = JSON.parse(read('evidence').toString('utf8'))
    const { message, signature, pcrs } = evidence.tpm_quote
    const values: readonly string[] = pcrs ?? []
    return {
      ...{ message: Buffer.from(message, 'base64'), signature: Buffer.from(signature, 'base64') },
      ...{ key: readAttestationKey(Buffer.from(evidence.ak_public, 'base64')) },
      pcrs: bankOf('sha256', new Map(values.map((value, pcr) => [pcr, Buffer.from(value, 'hex')]))),
    }
  }
  if (has('quote')) {
    // Keylime: r, then message, signature and PCR values in Base64.
    const [message, signature, pcrs] = read('quote').toString('latin1').trim().slice(1).split(':') as [string, string, string]
    const key = has('ak') ? readAttestationKey(read('ak')) : undefined
    const bytes = { message: Buffer.from(message, 'base64'), signature: Buffer.from(signature, 'base64') }
    return { ...bytes, key, pcrs: readSerializedPcrs(Buffer.from(pcrs, 'base64')) }
  }
  const jwk = has('hcl') ? attestationJwk(readRuntimeData(readHclReport(read('hcl')).runtimeData)) : undefined
  const key = jwk === undefined ? readAttestationKey(read('ak')) : attestationKeyOfJwk(jwk)
  return {
    message: read('msg'),
    signature: read('sig'),
    key,
    ...(has('pcrs') && { pcrs: pcrsOf(read('pcrs'), paths.pcrs!, params.pcrFile) }),
  }
}

const pcrsOf = (bytes: Buffer, path: string, bank: HashName | undefined): PcrValues =>
  path.endsWith('.txt') ? readTextPcrs(bytes.toString('latin1'), bank) : readSerializedPcrs(bytes)

function attestFacts({ attested, extraData, clockInfo, firmwareVersion }: Attest): Readonly<Record<string, unknown>> {
  return {
    ...{ type: `0x${ATTEST[attested.type].toString(16)}`, nonce: extraData.toString('hex') },
    ...{ resetCount: clockInfo.resetCount, restartCount: clockInfo.restartCount },
    firmwareVersion: firmwareVersion.toString(16).padStart(16, '0'),
    ...(attested.type === 'quote' && {
      sel: attested.selections.map(({ hash, pcrs }) => ({ bank: hashById(hash)?.name, pcrs })),
      pcrDigest: attested.pcrDigest.toString('hex'),
    }),
  }
}

function attributesOf(area: PublicArea): Readonly<Record<string, boolean>> {
  const bits = {
    restricted: OBJECT.restricted,
    sign: OBJECT.sign,
    fixedTPM: OBJECT.fixedTpm,
    sensitiveDataOrigin: OBJECT.sensitiveDataOrigin,
  }
  return Object.fromEntries(Object.entries(bits).map(([name, bit]) => [name, hasAttributes(area, bit)]))
}

/** Whether the name that lies beside a public area, if any does, is that of the area. */
function isNamed({ files }: AttestCase, { root }: CaseFiles, area: PublicArea): boolean {
  const path = files.ak!.replace(/\.pub$/, '.name')
  return !existsSync(join(root, path)) || nameOf(area)?.equals(readMember(root, path)) === true
}

const same = (what: string, expected: unknown, got: unknown): readonly Difference[] =>
  isDeepStrictEqual(expected, got) ? [] : [{ what, expected, got }]
