// What TPMs and those around them hand over: statements, keys, signatures, PCR values, credentials, certificates, reports.
import { hashById } from '../../../src/formats/hash.ts'
import { readProtobuf } from '../../../src/formats/protobuf.ts'
import { readAzureEvidence } from '../../../src/layers/hardware/azure/evidence.ts'
import { readHclReport, readRuntimeData, verifyHclReport } from '../../../src/layers/hardware/azure/hcl-report.ts'
import { OBJECT } from '../../../src/layers/hardware/tpm/abi/algorithms.ts'
import { readCredentialFile, readIdObject, writeCredentialFile } from '../../../src/layers/hardware/tpm/abi/credential.ts'
import { readGoTpmAttestation } from '../../../src/layers/hardware/tpm/abi/go-tpm-tools.ts'
import { selectPcrs } from '../../../src/layers/hardware/tpm/abi/pcr-selection.ts'
import { readConcatenatedPcrs, readSerializedPcrs, readTextPcrs } from '../../../src/layers/hardware/tpm/abi/pcr-values.ts'
import { readPlatformCertificate } from '../../../src/layers/hardware/tpm/abi/platform-certificate.ts'
import { nameOf, readSizedPublicArea, writeSizedPublicArea } from '../../../src/layers/hardware/tpm/abi/public-area.ts'
import { readVendorCertificates } from '../../../src/layers/hardware/tpm/abi/vendor-certificate.ts'
import { attestationKeyOf, readAttestationKey } from '../../../src/layers/hardware/tpm/verify/attestation-key.ts'
import { makeCredential } from '../../../src/layers/hardware/tpm/verify/credential.ts'
import { tpmIdentityOf } from '../../../src/layers/hardware/tpm/verify/ek-certificate.ts'
import { verifyQuote } from '../../../src/layers/hardware/tpm/verify/quote.ts'
import { readSignatureOf } from '../../../src/layers/hardware/tpm/verify/signature.ts'
import { azureEvidence, hclReport, runtimeData } from '../../kit/azure.ts'
import { der, oid, pem, sequence } from '../../kit/certificates.ts'
import { Vendor } from '../../kit/snp.ts'
import { attributeCertificate, ekCertificate, newAuthority } from '../../kit/tpm-certificates.ts'
import { goTpmAttestation, newEccKey, newRsaKey, quoteBy } from '../../kit/tpm-evidence.ts'
import { type ByteTarget, notPassing } from '../bytes.ts'

const rsa = newRsaKey()
const ecc = newEccKey()
const ek = newEccKey({ storage: true, attributes: OBJECT.fixedTpm | OBJECT.restricted | OBJECT.decrypt })
const [root, { message, signature, pcrs, nonce }] = [newAuthority('root'), quoteBy(ecc)]
const key = attestationKeyOf(ecc.area)
const read = readSignatureOf(key, signature)
const hcl = hclReport(2, Buffer.alloc(1184), runtimeData(rsa))

/** A holder by the digest of its certificate. */
const digested = der(0xa2, ...[der(0x0a, Buffer.of(1)), sequence(oid('2.16.840.1.101.3.4.2.1')), der(0x03, Buffer.alloc(33))])

export const tpm: Readonly<Record<string, ByteTarget>> = {
  quote: {
    seeds: () => [message, quoteBy(rsa, { bank: 'sha384' }).message],
    read: (bytes) => {
      const { checks } = verifyQuote({ message: bytes, signature: read, key, pcrs, nonce, selections: [selectPcrs('sha256', [0, 7, 14])] })
      const passes = checks.some(({ code, verdict }) => code === 'TPM_SIGNATURE' && verdict.is === 'pass')
      if (passes && !bytes.equals(message)) throw new Error('a message that was changed is taken for signed')
      return notPassing(checks)
    },
  },
  signature: {
    seeds: () => [signature, Buffer.from('300702017f02020080', 'hex')],
    read: (bytes) => notPassing(verifyQuote({ message, signature: readSignatureOf(key, bytes), key }).checks),
  },
  public: {
    seeds: () => [rsa, ecc, ek].map(({ area }) => writeSizedPublicArea(area)),
    read: (bytes) => {
      const area = readSizedPublicArea(bytes)
      if (!writeSizedPublicArea(area).equals(bytes)) throw new Error('an area is written other than as it was read')
      if (hashById(area.nameHash) !== undefined && nameOf(area) === undefined) throw new Error('an area has no name')
    },
  },
  key: {
    seeds: () => [...[rsa, ecc].map(({ area }) => writeSizedPublicArea(area)), Buffer.from(pem('CERTIFICATE', root.der)), root.der],
    read: readAttestationKey,
  },
  pcrs: { seeds: () => [serializedPcrs()], read: readSerializedPcrs },
  'pcrs-values': { seeds: () => [Buffer.alloc(64)], read: (bytes) => void readConcatenatedPcrs(bytes, [selectPcrs('sha256', [0, 7])]) },
  'pcrs-text': {
    seeds: () => [
      Buffer.from(`  sha256:\n    0 : 0x${'00'.repeat(32)}\n    7 : 0x${'AB'.repeat(32)}\n  sha1:\nPCR-10: ${'00 '.repeat(20)}\n`),
    ],
    read: (bytes) => void readTextPcrs(bytes.toString('latin1')),
  },
  credential: {
    seeds: () => [writeCredentialFile(makeCredential(ek.area, nameOf(ecc.area)!, Buffer.from('secret')))],
    read: (bytes) => void readIdObject(readCredentialFile(bytes).idObject),
  },
  // Damaged keys of others: a credential is made, or refused.
  'make-credential': {
    seeds: () => [ek, newRsaKey({ storage: true }), newRsaKey({ storage: true }, 1024)].map(({ area }) => writeSizedPublicArea(area)),
    read: (bytes) => void makeCredential(readSizedPublicArea(bytes), Buffer.of(0), Buffer.of(1)),
  },
  'ek-certificate': {
    seeds: () => [ekCertificate(ek, root), Buffer.concat([ekCertificate(ek, root), Buffer.alloc(99, 0xff)]), root.der],
    read: (bytes) => void readVendorCertificates(bytes).map(tpmIdentityOf),
  },
  'platform-certificate': {
    seeds: () => [
      attributeCertificate({ holder: { issuer: 'root', serial: 1 } }, root),
      attributeCertificate({ holder: digested }, root),
      root.der,
    ],
    read: readPlatformCertificate,
  },
  'go-tpm-tools': { seeds: () => [goTpmAttestation(ecc, [quoteBy(ecc)], Buffer.alloc(40))], read: readGoTpmAttestation },
  protobuf: { seeds: () => [goTpmAttestation(ecc, [quoteBy(ecc)], Buffer.alloc(40))], read: readProtobuf },
  'azure-hcl': {
    seeds: () => [hcl],
    read: (bytes) => {
      const report = readHclReport(bytes)
      readRuntimeData(report.runtimeData)
      return notPassing(verifyHclReport(report))
    },
  },
  'azure-evidence': {
    seeds: () => [Buffer.from(JSON.stringify(azureEvidence(new Vendor(), { key: rsa })))],
    read: (bytes) => void readAzureEvidence(bytes.toString('utf8')),
  },
}

/** A PCR in one bank, as tpm2-tools lay it down. */
function serializedPcrs(): Buffer {
  const bytes = Buffer.alloc(4 + 16 * 8 + 4 + 4 + 8 * 66)
  for (const [at, value] of [
    [0, 1],
    [4, 0x0b],
    [6, 3],
    [7, 1],
    [132, 1],
    [136, 1],
    [140, 32],
  ] as const)
    bytes[at] = value
  return bytes
}
