// SGX and TDX: a quote, what Intel publishes about its platform, and what the workload should be.
import { checked } from '../../../core/appraisal.ts'
import { type Check, unknown } from '../../../core/verdict.ts'
import type { NamedEvidence } from '../../../formats/evidence/bundle.ts'
import { DCAP_CHECKS } from '../../../layers/hardware/dcap/checks.ts'
import { type Collateral, isNoOlder, openCollateral, readCollateral } from '../../../layers/hardware/dcap/collateral.ts'
import { INTEL_SGX_ROOT_KEY } from '../../../layers/hardware/dcap/intel.ts'
import type { Platform } from '../../../layers/hardware/dcap/platform.ts'
import { type Quote, readQuote } from '../../../layers/hardware/dcap/quote.ts'
import type { ReportBody } from '../../../layers/hardware/dcap/report-body.ts'
import { allowedUntil, type Measurements, type QuotePolicy, validateQuote } from '../../../layers/hardware/dcap/validate.ts'
import { QuoteVerifier, type VerifiedQuote } from '../../../layers/hardware/dcap/verify.ts'
import { appraiseLocalReport, readLocalReport } from '../../../layers/hardware/sgx/local-report.ts'
import { type Appraiser, type Asked, part } from '../appraise.ts'

/** `quote`; `collateral`, in JSON as caching services hand it on. Other roots than Intel's are for tests. */
export function dcapAppraiser(anchors: readonly Buffer[] = [INTEL_SGX_ROOT_KEY]): Appraiser {
  const verifier = new QuoteVerifier(anchors)
  return (evidence, asked) => {
    const quote = readQuote(part(evidence, 'quote'))
    const collateral = collateralFor(evidence, asked, quote, verifier.platformOf(quote), anchors)
    const verified = verifier.verify(quote, { now: asked.now, collateral })
    const checks = [...verified.checks, ...validateWorkload(verified, asked, asked)]
    const ends = endsOf(verified, asked)
    return {
      checks,
      claims: {
        ...claimsOfBody(quote.body),
        ...(verified.tcb && { 'tcb-status': verified.tcb.status, advisories: verified.tcb.advisoryIds }),
      },
      expires: ends.length === 0 ? null : Math.min(...ends),
    }
  }
}

/** `report`: what an enclave shows its neighbours. That it is genuine cannot be told elsewhere, so nothing is affirmed by it; what is wrong is found. */
export const appraiseEnclave: Appraiser = (evidence, asked) => {
  const report = readLocalReport(part(evidence, 'report'))
  return {
    checks: [...notGiven(asked, asked), ...appraiseLocalReport(report, policyOf(asked, asked))],
    claims: claimsOfBody(report.body),
    expires: null,
  }
}

/**
 * What is published about the platform. What came with the quote is taken where no part of it is older than what is held: whoever presents it
 * may have chosen it for what was not known then.
 */
export function collateralFor(
  evidence: NamedEvidence,
  { held }: Asked,
  { body: { tee } }: Quote,
  platform: Platform | undefined,
  anchors: readonly Buffer[],
): Collateral | undefined {
  const open = (text: string | undefined) => (text === undefined ? undefined : openCollateral(readCollateral(text), anchors))
  const own = open(Object.hasOwn(evidence.parts, 'collateral') ? Buffer.from(part(evidence, 'collateral')).toString('utf8') : undefined)
  const kept = open(platform && held?.forPlatform(tee, platform.extension.fmspc))
  if (own === undefined || kept === undefined) return own ?? kept
  return isNoOlder(own, kept) ? own : kept
}

/** When what a quote stands on ends: its platform's certificates, what is published about it, and the permission of a status that is weaker. */
export function endsOf({ platform, tcb, collateral }: VerifiedQuote, asked: Asked): readonly number[] {
  const chain = platform === undefined || typeof platform.chain === 'string' ? [] : [platform.chain.period]
  const allowed = tcb === undefined ? Number.POSITIVE_INFINITY : allowedUntil(tcb, policyOf(asked).allow)
  return [...chain, ...Object.values(collateral?.periods ?? {})].map(({ to }) => to).concat(Number.isFinite(allowed) ? allowed : [])
}

/** The challenge, where the report is its answer. */
type Answers = Pick<Asked, 'nonce'>

/** What a workload should be. What it is must be known, or nothing is affirmed by it. */
export const validateWorkload = (verified: VerifiedQuote, asked: Asked, answers?: Answers): readonly Check[] => [
  ...notGiven(asked, answers),
  ...validateQuote(verified, policyOf(asked, answers), asked.now),
]

function policyOf({ reference: { dcap = {} } }: Asked, answers?: Answers): QuotePolicy {
  const { measurements, allow, ppids, fmspcs, mrServiceTd, attributes, xfam, maxCollateralAge, ...same } = dcap
  const bytes = (list: readonly string[]) => list.map((hex) => Buffer.from(hex, 'hex'))
  return {
    ...same,
    ...(allow === undefined ? {} : { allow: allow.map((each) => ({ ...each, until: Date.parse(each.until) })) }),
    ...(measurements === undefined ? {} : { measurements: measurementsOf(measurements) }),
    ...(ppids === undefined ? {} : { ppids: bytes(ppids) }),
    ...(fmspcs === undefined ? {} : { fmspcs: bytes(fmspcs) }),
    ...(mrServiceTd === undefined ? {} : { mrServiceTd: mrServiceTd === 'any' ? mrServiceTd : Buffer.from(mrServiceTd, 'hex') }),
    ...(attributes === undefined ? {} : { attributes: Buffer.from(attributes, 'hex') }),
    ...(xfam === undefined ? {} : { xfam: Buffer.from(xfam, 'hex') }),
    ...(maxCollateralAge === undefined ? {} : { maxCollateralAge: 1000 * maxCollateralAge }),
    ...(answers?.nonce === undefined ? {} : { reportData: Buffer.from(answers.nonce) }),
  }
}

/** What says which workload it is, or whose. All else that is measured may be anybody's. */
const IDENTITIES = ['mrTd', 'mrEnclave', 'mrSigner'] as const

function notGiven({ reference: { dcap } }: Asked, answers?: Answers): readonly Check[] {
  const not = (code: keyof typeof DCAP_CHECKS, what: string) =>
    checked(DCAP_CHECKS, code, unknown('NOT_GIVEN', `${what} to hold it to was not given`))
  return [
    ...(answers !== undefined && answers.nonce === undefined ? [not('DCAP_REPORT_DATA', 'a challenge')] : []),
    ...(IDENTITIES.some((name) => dcap?.measurements?.[name] !== undefined) ? [] : [not('DCAP_MEASUREMENT', IDENTITIES.join(' or '))]),
  ]
}

type Given = NonNullable<NonNullable<Asked['reference']['dcap']>['measurements']>

/** Digests are bytes, numbers stay what they are. */
function measurementsOf(given: Given): Measurements {
  const bytes = (value: unknown): unknown =>
    typeof value === 'string'
      ? Buffer.from(value, 'hex')
      : Array.isArray(value)
        ? value.map(bytes)
        : typeof value === 'object' && value !== null
          ? Object.fromEntries(Object.entries(value).map(([name, each]) => [name, bytes(each)]))
          : value
  return bytes(given) as Measurements
}

export function claimsOfBody(body: ReportBody) {
  const hex = (bytes: Buffer) => bytes.toString('hex')
  if (body.tee === 'TDX')
    return {
      tee: 'TDX',
      'mr-td': hex(body.mrTd),
      'mr-seam': hex(body.mrSeam),
      rtmr: body.rtmr.map(hex),
      attributes: hex(body.tdAttributes),
      'report-data': hex(body.reportData),
    }
  return {
    tee: 'SGX',
    'mr-enclave': hex(body.mrEnclave),
    'mr-signer': hex(body.mrSigner),
    'isv-product': body.isvProdId,
    'isv-svn': body.isvSvn,
    attributes: hex(body.attributes),
    'report-data': hex(body.reportData),
  }
}
