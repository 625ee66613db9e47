// SGX and TDX: a quote, what Intel publishes about its platform, and what the workload should be.
import { checked } from '../../../core/appraisal.ts'
import { type Check, unknown } from '../../../core/verdict.ts'
import type { NamedEvidence } from '../../../formats/evidence/bundle.ts'
import { DCAP_CHECKS } from '../../../layers/hardware/dcap/checks.ts'
import { type Collateral, openCollateral, readCollateral } from '../../../layers/hardware/dcap/collateral.ts'
import { INTEL_SGX_ROOT_KEY } from '../../../layers/hardware/dcap/intel.ts'
import { readQuote } from '../../../layers/hardware/dcap/quote.ts'
import type { ReportBody } from '../../../layers/hardware/dcap/report-body.ts'
import { type Measurements, type QuotePolicy, validateQuote } from '../../../layers/hardware/dcap/validate.ts'
import { QuoteVerifier, type VerifiedQuote } from '../../../layers/hardware/dcap/verify.ts'
import { appraiseLocalReport, readLocalReport } from '../../../layers/hardware/sgx/local-report.ts'
import { type Appraiser, type Asked, part } from '../appraise.ts'

/** `quote`; `collateral`, in JSON as caching services hand it on. Other roots than Intel's are for tests. */
export function dcapAppraiser(anchors: readonly Buffer[] = [INTEL_SGX_ROOT_KEY]): Appraiser {
  const verifier = new QuoteVerifier(anchors)
  return (evidence, asked) => {
    const quote = readQuote(part(evidence, 'quote'))
    const text = collateralFor(evidence, asked, verifier.verify(quote, { now: asked.now }))
    const collateral = text === undefined ? undefined : openCollateral(readCollateral(text), anchors)
    const verified = verifier.verify(quote, { now: asked.now, collateral })
    const checks = [...verified.checks, ...validateWorkload(verified, asked, asked)]
    const ends = collateral === undefined ? [] : Object.values(collateral.periods).map(({ to }) => to)
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
 * What came with the quote, or what is held of such platforms: whoever presents a quote chooses what comes with it, and would choose what was published
 * before the platform was revoked.
 */
export function collateralFor(evidence: NamedEvidence, { held, now }: Asked, { quote, platform }: VerifiedQuote): string | undefined {
  const own = Object.hasOwn(evidence.parts, 'collateral') ? Buffer.from(part(evidence, 'collateral')).toString('utf8') : undefined
  const kept = platform && held?.forPlatform(quote.body.tee, platform.extension.fmspc)
  return own === undefined || (kept !== undefined && isOlder(own, kept, now)) ? kept : own
}

const PUBLISHED = ['TCB info', 'QE identity', 'PCK CRL', 'root CRL'] as const

/** Whether a part of one was published before that of another, which is still valid and of the same authority. */
function isOlder(one: string, other: string, now: number): boolean {
  const [mine, theirs] = [one, other].map((text) => openCollateral(readCollateral(text), [])) as [Collateral, Collateral]
  return (
    mine.pckCrl.rawIssuer.equals(theirs.pckCrl.rawIssuer) &&
    PUBLISHED.every((name) => theirs.periods[name]!.to > now) &&
    PUBLISHED.some((name) => mine.periods[name]!.from < theirs.periods[name]!.from)
  )
}

/** The challenge, where the report is its answer. */
type Answers = Pick<Asked, 'nonce'>

/** What a workload should be. What it is must be known, or nothing is affirmed by it. */
export const validateWorkload = (verified: VerifiedQuote, asked: Asked, answers?: Answers): readonly Check[] => [
  ...notGiven(asked, answers),
  ...validateQuote(verified, policyOf(asked, answers), asked.now),
]

function policyOf({ reference: { dcap = {} } }: Asked, answers?: Answers): QuotePolicy {
  const { measurements, allow, ppids, fmspcs, ...same } = dcap
  const bytes = (list: readonly string[]) => list.map((hex) => Buffer.from(hex, 'hex'))
  return {
    ...same,
    ...(allow === undefined ? {} : { allow: allow.map((each) => ({ ...each, until: Date.parse(each.until) })) }),
    ...(measurements === undefined ? {} : { measurements: measurementsOf(measurements) }),
    ...(ppids === undefined ? {} : { ppids: bytes(ppids) }),
    ...(fmspcs === undefined ? {} : { fmspcs: bytes(fmspcs) }),
    ...(answers?.nonce === undefined ? {} : { reportData: Buffer.from(answers.nonce) }),
  }
}

function notGiven({ reference: { dcap } }: Asked, answers?: Answers): readonly Check[] {
  const not = (code: keyof typeof DCAP_CHECKS, what: string) =>
    checked(DCAP_CHECKS, code, unknown('NOT_GIVEN', `${what} to hold it to was not given`))
  return [
    ...(answers !== undefined && answers.nonce === undefined ? [not('DCAP_REPORT_DATA', 'a challenge')] : []),
    ...(dcap?.measurements === undefined ? [not('DCAP_MEASUREMENT', 'a measurement')] : []),
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
