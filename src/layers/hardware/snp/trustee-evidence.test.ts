import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Vendor } from '../../../../test/kit/snp.ts'
import { readReport } from './report.ts'
import { readTrusteeEvidence } from './trustee-evidence.ts'

const vendors = [new Vendor('Milan'), new Vendor('Turin')]
const bytes = (value: Uint8Array) => [...value]

/** As virtee/sev writes a report. */
function fields(report: Buffer): Record<string, unknown> {
  const read = readReport(report)
  const isTurin = report[0x188] === 0x1a
  const tcb = (at: number) =>
    isTurin
      ? { fmc: report[at], bootloader: report[at + 1], tee: report[at + 2], snp: report[at + 3], microcode: report[at + 7] }
      : { fmc: null, bootloader: report[at], tee: report[at + 1], snp: report[at + 6], microcode: report[at + 7] }
  return {
    ...{ version: read.version, guest_svn: read.guestSvn, policy: Number(read.policy), vmpl: read.vmpl, sig_algo: 1 },
    ...{ family_id: bytes(read.familyId), image_id: bytes(read.imageId), current_tcb: tcb(0x38), plat_info: Number(read.platformInfo) },
    ...{ key_info: report.readUInt32LE(0x48), report_data: bytes(read.reportData), measurement: bytes(read.measurement) },
    ...{ host_data: bytes(read.hostData), id_key_digest: bytes(read.idKeyDigest), author_key_digest: bytes(read.authorKeyDigest) },
    ...{ report_id: bytes(read.reportId), report_id_ma: bytes(read.reportIdMa), reported_tcb: tcb(0x180), chip_id: bytes(read.chipId) },
    ...{ cpuid_fam_id: read.cpuid?.family, cpuid_mod_id: read.cpuid?.model, cpuid_step: read.cpuid?.stepping ?? null },
    ...{ committed_tcb: tcb(0x1e0), current: read.current, committed: read.committed, launch_tcb: tcb(0x1f0) },
    signature: { r: bytes(report.subarray(0x2a0, 0x2e8)), s: bytes(report.subarray(0x2e8, 0x330)) },
  }
}

const evidence = (report: unknown, chain: unknown = null) => JSON.stringify({ attestation_report: report, cert_chain: chain })

describe('evidence of Confidential Containers', () => {
  test('has the report that was signed, byte for byte', () => {
    for (const vendor of vendors) {
      for (const version of [2, 3]) {
        if (vendor.line === 'Turin' && version === 2) continue // without CPUID the test could not tell its order
        const report = vendor.report(version)
        assert.deepEqual(readTrusteeEvidence(evidence(fields(report))).report, report, `${vendor.line} ${version}`)
      }
      const report = vendor.report(5, { 504: Buffer.of(3), 512: Buffer.of(7) })
      const json = { ...fields(report), launch_mit_vector: 3, current_mit_vector: 7 }
      assert.deepEqual(readTrusteeEvidence(evidence(json)).report, report)
    }
  })

  test('has it in base64, too, and certificates in either form', () => {
    const [vendor] = vendors
    const [report, vek] = [vendor!.report(), vendor!.vek()]
    const more = [
      { cert_type: 'CRL', data: [1] },
      { cert_type: { OTHER: '00000000-0000-0000-0000-000000000001' }, data: [2] },
    ]
    const list = [{ cert_type: 'VCEK', data: bytes(vek) }, ...more]
    for (const text of [
      evidence(report.toString('base64'), list),
      JSON.stringify({
        platform: 'snp',
        evidence: { attestation_report: report.toString('base64'), cert_chain: { vcek: vek.toString('base64'), ask: null } },
      }),
    ]) {
      const read = readTrusteeEvidence(text)
      assert.deepEqual(read.report, report)
      assert.deepEqual(
        read.certificates.map(({ raw }) => raw),
        [vek],
      )
    }
  })

  test('that is none is refused', () => {
    const whole = fields(vendors[0]!.report())
    const refused = (text: string) => assert.throws(() => readTrusteeEvidence(text), { code: 'FORMAT' }, text.slice(0, 80))
    for (const text of [
      '',
      '[]',
      'null',
      '{}',
      '"x"',
      evidence('%'),
      evidence([]),
      evidence(whole, [1]),
      evidence(whole, [{ data: [256] }]),
    ])
      refused(text)
    for (const [name, values] of Object.entries({
      policy: [-1, 1.5, 2 ** 60, '1', null],
      version: [2 ** 32],
      measurement: [[], Array(49).fill(0), Array(48).fill(256), 'x'],
      current_tcb: [null, { bootloader: 256 }],
      signature: [{ r: [], s: [] }],
      current: [{ major: 1 }],
    })) {
      for (const value of values) refused(evidence({ ...whole, [name]: value }))
    }
    refused(' '.repeat((1 << 20) + 1))
  })
})
