// What SEV-SNP has to read that others wrote: reports, the certificates beside them, lists of revocations, and firmware that is to be measured.
import { readCertificate } from '../../../src/formats/x509/certificate.ts'
import { readCrl } from '../../../src/formats/x509/crl.ts'
import { readCertificateTable } from '../../../src/layers/hardware/snp/certificate-table.ts'
import { type Endorsement, endorse } from '../../../src/layers/hardware/snp/endorsement.ts'
import { readGoSnpAttestation } from '../../../src/layers/hardware/snp/go-sev-guest.ts'
import { launchDigest } from '../../../src/layers/hardware/snp/launch/digest.ts'
import { readFirmware } from '../../../src/layers/hardware/snp/launch/firmware.ts'
import { hashKernel } from '../../../src/layers/hardware/snp/launch/kernel-hashes.ts'
import { readReport } from '../../../src/layers/hardware/snp/report.ts'
import { readTrusteeEvidence } from '../../../src/layers/hardware/snp/trustee-evidence.ts'
import { STRICT, validateReport } from '../../../src/layers/hardware/snp/validate.ts'
import { verifyReport } from '../../../src/layers/hardware/snp/verify.ts'
import { extension, integer, revocationList } from '../../kit/certificates.ts'
import { firmwareImage } from '../../kit/firmware-image.ts'
import { goSnpAttestation } from '../../kit/go-tee.ts'
import { certificateTable, Vendor } from '../../kit/snp.ts'
import { type ByteTarget, notPassing } from '../bytes.ts'

const NOW = Date.UTC(2025, 0)
let made: { readonly vendor: Vendor; readonly endorsement: Endorsement } | undefined
/** Keys take their time, so they are made once, when they are needed. */
function kept(): NonNullable<typeof made> {
  const vendor = made?.vendor ?? new Vendor()
  made ??= { vendor, endorsement: vendor.endorsement() }
  return made
}
const list = () =>
  revocationList({
    ...{ issuer: kept().vendor.issuer, hash: 'sha384', revoked: [{ serial: 5 }, { serial: 6 }] },
    extensions: [extension('2.5.29.20', integer(9))],
  })

/** Only a report as it was signed may pass. */
function verified(bytes: Buffer): string {
  const report = readReport(bytes)
  const { vendor, endorsement } = kept()
  const checks = verifyReport(report, endorsement, NOW)
  const validated = validateReport(report, { ...STRICT, minTcb: { launch: { bl: 1 } }, chipIds: [] }, endorsement)
  if (checks.every(({ verdict }) => verdict.is === 'pass') && !vendor.isGenuine(bytes)) throw new Error('a forged report passed')
  return notPassing([...checks, ...validated])
}

export const snp: Readonly<Record<string, ByteTarget>> = {
  report: {
    seeds: () => [2, 3, 5].map((version) => kept().vendor.report(version)),
    read: verified,
  },
  vek: {
    seeds: () => [kept().vendor.vek(), kept().vendor.vek({ csp: 'CN=cloud' })],
    read: (bytes) => {
      const { vendor } = kept()
      endorse(readCertificate(bytes), { authorities: [vendor.authority(), vendor.root()].map(readCertificate), roots: vendor.roots! })
    },
  },
  'certificate-table': {
    seeds: () => {
      const { vendor } = kept()
      return [certificateTable({ VCEK: vendor.vek(), ASK: vendor.authority(), ARK: vendor.root(), CRL: list() })]
    },
    read: (bytes) => void readCertificateTable(bytes),
  },
  'trustee-evidence': {
    seeds: () => {
      const { vendor } = kept()
      const cert_chain = { vcek: vendor.vek().toString('base64') }
      return [Buffer.from(JSON.stringify({ attestation_report: vendor.report().toString('base64'), cert_chain }))]
    },
    read: (bytes) => void readTrusteeEvidence(bytes.toString('latin1')),
  },
  'go-sev-guest': {
    seeds: () => {
      const { vendor } = kept()
      const chain = { vcek: vendor.vek(), ask: vendor.authority() }
      return [2, 3, 5].map((version) => goSnpAttestation(vendor.report(version), chain))
    },
    read: (bytes) => verified(readGoSnpAttestation(bytes).report),
  },
  crl: { seeds: () => [list()], read: (bytes) => void readCrl(bytes) },
  firmware: {
    seeds: () => [firmwareImage(), firmwareImage({ pages: 1 })],
    read: (bytes) => {
      // Most damage changes the length, and little of that leaves whole pages.
      const firmware = readFirmware(bytes.length < 4096 ? bytes : bytes.subarray(bytes.length % 4096))
      const small = firmware.sections.every(({ size }) => size <= 1 << 20)
      if (small) launchDigest({ mode: 'sev-snp', firmware, hashes: hashKernel(Buffer.alloc(0)), vcpus: 2 })
    },
  },
}
