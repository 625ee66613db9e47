import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ThymusError } from '../../../src/core/errors.ts'
import { type Check, together } from '../../../src/core/verdict.ts'
import { readAllPem } from '../../../src/formats/pem.ts'
import { type Certificate, readCertificate, readCertificates } from '../../../src/formats/x509/certificate.ts'
import { readCrl } from '../../../src/formats/x509/crl.ts'
import { commonName } from '../../../src/formats/x509/name.ts'
import { type Endorsement, endorse } from '../../../src/layers/hardware/snp/endorsement.ts'
import { guestPolicyOf } from '../../../src/layers/hardware/snp/flags.ts'
import { launchDigest, type SevMode } from '../../../src/layers/hardware/snp/launch/digest.ts'
import { readFirmware } from '../../../src/layers/hardware/snp/launch/firmware.ts'
import { hashKernel } from '../../../src/layers/hardware/snp/launch/kernel-hashes.ts'
import { vcpuSignature } from '../../../src/layers/hardware/snp/launch/vcpu.ts'
import { lineOfCpuid } from '../../../src/layers/hardware/snp/product.ts'
import { readReport, type SnpReport } from '../../../src/layers/hardware/snp/report.ts'
import { tcbOf } from '../../../src/layers/hardware/snp/tcb.ts'
import { readTrusteeEvidence } from '../../../src/layers/hardware/snp/trustee-evidence.ts'
import { type SnpPolicy, validateReport } from '../../../src/layers/hardware/snp/validate.ts'
import { verifyReport } from '../../../src/layers/hardware/snp/verify.ts'
import { type AttestCase, answered, type CaseFiles, type Difference, factsDiffer, type Judge } from './case.ts'

/** What the index calls the reasons of a refusal. */
const REASONS: Readonly<Record<string, string>> = {
  SNP_CHAIN: 'cert-chain',
  SNP_CERT_TIME: 'cert-time',
  SNP_REVOKED: 'cert-revoked',
  SNP_SIGNATURE: 'report-signature',
  SNP_TCB: 'tcb-vs-cert',
  SNP_CHIP_ID: 'chip-id-vs-cert',
  SNP_POLICY_DEBUG: 'debug-policy',
}

const NAMES = new Set(Object.values(REASONS))

const report: Judge = ({ params, expect }, files) => {
  const anchors = authorities(files)
  const beside = certificates(files.read('vcek'))
  const leaf =
    beside.find((each) => commonName(each.subject).startsWith('SEV-V') && each.extended.basicConstraints?.isCa !== true) ?? beside[0]
  const crls = files.has('crl') ? { crls: [readCrl(files.read('crl'))] } : {}
  let evidence: { report: SnpReport; endorsement: Endorsement }
  try {
    evidence = { report: readReport(files.read('report')), endorsement: endorse(leaf!, { authorities: [...anchors, ...beside], ...crls }) }
  } catch (error) {
    if (error instanceof ThymusError) return answered('verify', expect.verify, 'reject')
    throw error
  }
  const verified = verifyReport(evidence.report, evidence.endorsement, Date.parse(params.time))
  const validated = validateReport(evidence.report, policyOf(params), evidence.endorsement)
  return [
    ...answered('verify', expect.verify, answerOf(verified)),
    ...reasonsDiffer('reasons', expect.reasons, verified),
    ...(expect.validateDefaultPolicy === undefined
      ? []
      : answered('policy', expect.validateDefaultPolicy, answerOf([...verified, ...validated]))),
    ...reasonsDiffer('validateReasons', expect.validateReasons, validated),
    ...factsDiffer(expect.facts, factsOf(evidence.report, evidence.endorsement)),
  ]
}

const evidence: Judge = ({ params, expect }, files) => {
  const { report: bytes, certificates } = readTrusteeEvidence(files.read('evidence').toString('utf8'))
  const [leaf, ...beside] = certificates
  // Without a clock, or a certificate, nothing is known.
  if (leaf === undefined || params.time === undefined) return answered('verify', expect.verify, 'unknown')
  const endorsement = endorse(leaf, { authorities: [...authorities(files), ...beside] })
  return answered('verify', expect.verify, answerOf(verifyReport(readReport(bytes), endorsement, Date.parse(params.time))))
}

/** Roots are those that Thymus trusts: the index's folder only gives their certificates, and those below them. */
export function authorities({ root, anchors }: CaseFiles): readonly Certificate[] {
  const folders = (anchors.amd as readonly string[]).map((pattern) => join(root, pattern.replace(/\/\*$/, '')))
  const paths = folders.flatMap((folder) => readdirSync(folder, { recursive: true, withFileTypes: true }))
  return paths.filter((each) => each.isFile()).flatMap((each) => certificates(readFileSync(join(each.parentPath, each.name))))
}

function certificates(bytes: Buffer): readonly Certificate[] {
  const blocks = readAllPem(bytes.toString('latin1')).filter(({ label }) => label === 'CERTIFICATE')
  return blocks.length > 0 ? blocks.map((block) => readCertificate(block.bytes)) : readCertificates(bytes)
}

function policyOf({ policy = {}, nonce }: AttestCase['params']): SnpPolicy {
  const { measurement, ...others } = policy
  return { ...others, ...(measurement && { measurements: [measurement] }), ...(nonce && { reportData: nonce }) }
}

function answerOf(checks: readonly Check[]): string {
  return { pass: 'accept', fail: 'reject', unknown: 'unknown' }[together(checks.map(({ verdict }) => verdict)).is]
}

/** Reasons that only one of the two has a name for are no difference. */
function reasonsDiffer(what: string, expected: readonly string[] | undefined, checks: readonly Check[]): readonly Difference[] {
  const got = checks.filter(({ verdict }) => verdict.is === 'fail').flatMap(({ code }) => REASONS[code] ?? [])
  const known = expected?.filter((each) => NAMES.has(each)).sort()
  return known === undefined || known.join() === got.sort().join() ? [] : [{ what, expected, got }]
}

function factsOf(report: SnpReport, { kind, product, line, root, certificate, csp }: Endorsement): Readonly<Record<string, unknown>> {
  const { cpuid, policy, measurement, reportData, hostData, chipId } = report
  const allowed = guestPolicyOf(policy)
  const date = (milliseconds: number) => new Date(milliseconds).toISOString()
  const hex = (bytes: Buffer) => bytes.toString('hex')
  return {
    ...{ version: report.version, signingKey: report.signingKey, product, vmpl: report.vmpl, guestSvn: report.guestSvn, csp },
    chain: root === undefined ? null : `${root.toLowerCase()}${kind === 'VLEK' ? '-vlek' : ''}`,
    cpuid: cpuid === undefined ? null : [cpuid.family, cpuid.model, cpuid.stepping].map((part) => part.toString(16)).join('/'),
    policy: `0x${policy.toString(16)}`,
    ...{ debugAllowed: allowed.debug, migrateMaAllowed: allowed.migrateMa, smtAllowed: allowed.smt },
    platformInfo: `0x${report.platformInfo.toString(16)}`,
    maskChipKey: report.maskChipKey ? 1 : 0,
    // Of a pair that does not belong together the index takes Turin's order where either is of Turin.
    tcb: line && tcbOf(report.reportedTcb, cpuid && lineOfCpuid(cpuid) === 'Turin' ? 'Turin' : line),
    ...{ measurement: hex(measurement), reportData: hex(reportData), hostData: hex(hostData), chipId: hex(chipId) },
    ...{ certNotBefore: date(certificate.notBefore.milliseconds), certNotAfter: date(certificate.notAfter.milliseconds) },
  }
}

const MODES: Readonly<Record<string, SevMode>> = { sev: 'sev', 'sev-es': 'sev-es', snp: 'sev-snp' }

const launch: Judge = ({ params, expect }, files) => {
  const mode = MODES[params.mode]
  // Firmware beside a service module is not computed; the index does not have its files.
  if (mode === undefined) return answered('digest', expect.digest, undefined)
  const kernel =
    params.kernel === null ? {} : { hashes: hashKernel(contentOf(params.kernel)!, contentOf(params.initrd), params.append ?? '') }
  try {
    const digest = launchDigest({
      ...{ mode, firmware: readFirmware(files.read('ovmf')), ...kernel, vcpus: params.vcpus, vmm: params.vmm },
      signature: signatureOf(params.vcpuType),
      features: BigInt(params.guestFeatures ?? 1),
      ...(params.ovmfHash && { firmwareDigest: Buffer.from(params.ovmfHash, 'hex') }),
    })
    return expect.outcome === 'reject' ? answered('outcome', 'reject', 'accept') : answered('digest', expect.digest, digest.toString('hex'))
  } catch (error) {
    if (error instanceof ThymusError && expect.outcome === 'reject') return []
    throw error
  }
}

/** The index has no other files than empty ones. */
function contentOf(file: string | null): Buffer | undefined {
  if (file === null) return undefined
  if (file !== '(empty file)') throw new ThymusError('EVIDENCE', `the index does not have the file ${file}`)
  return Buffer.alloc(0)
}

/** `EPYC-v4`, or as one of the sources writes it, `EpycV4`, `EpycMilanV2`. */
function signatureOf(type: string | null): number {
  const name = type?.replace(/^Epyc/, 'EPYC').replace(/(?<=[A-Za-z])(?=[A-Z][a-z]|V\d|IBPB$)/g, (_, at: number) => (at < 4 ? '' : '-'))
  return vcpuSignature((name ?? '').replace(/-V(?=\d)/, '-v')) ?? 0
}

/** SEV-SNP reports and launch digests. */
export const snp: Readonly<Record<string, Judge>> = { 'snp-report': report, 'sev-launch-digest': launch, 'snp-evidence-json': evidence }
