// Whether what is genuine is what is asked for. What a policy does not mention has the safe value, which each field names.
import { checked } from '../../../core/appraisal.ts'
import { type Check, unknown, type Verdict } from '../../../core/verdict.ts'
import { DCAP_CHECKS } from './checks.ts'
import type { ReportBody, SgxReportBody, TdReportBody } from './report-body.ts'
import type { TcbEvaluation } from './tcb.ts'
import type { WeakerStatus } from './tcb-status.ts'
import type { VerifiedQuote } from './verify.ts'

/** A status that is weaker than UpToDate, and is allowed all the same: by name, for a time, and with what is known of it. */
export interface AllowedStatus {
  readonly status: WeakerStatus
  /** Milliseconds since 1970 from which it is not allowed any more. */
  readonly until: number
  /** The evaluation must not be older than this. */
  readonly minEvaluationNumber: number
  /** Every advisory that applies must be one of these; unset, any may. */
  readonly advisoryIds?: readonly string[]
}

/** Bytes are compared whole. */
export interface QuotePolicy {
  /** Unset, only UpToDate passes. */
  readonly allow?: readonly AllowedStatus[]
  /** Whatever the status is; unset, any. */
  readonly minEvaluationNumber?: number
  /** How old TCB info and QE identity may be, in milliseconds; unset, as old as Intel lets them be. */
  readonly maxCollateralAge?: number
  /** Unset, workloads that can be debugged or profiled are refused. */
  readonly debug?: boolean
  /** Of a TD; unset, SEPT_VE_DISABLE must be set. */
  readonly septVeDisable?: boolean
  /** Of a TD; unset, one that can be migrated is refused. */
  readonly migratable?: boolean
  /** Of a TD of TDX 1.5: a digest, or `any`; unset, no service TD may be bound. */
  readonly mrServiceTd?: Buffer | 'any'
  /** Attributes that may be set; unset, all that are known. 8 bytes for TDX, 16 for SGX. */
  readonly attributes?: Buffer
  /** Bits of XFAM that may be set, 8 bytes; unset, all that are known. */
  readonly xfam?: Buffer
  /** Each that is set must be as it is here. */
  readonly measurements?: Measurements
  /** All 64 bytes, or the first of them: the others must be zero then. */
  readonly reportData?: Buffer
  /** The platforms that are ours, by PPID: a quote is no proof against who owns the machine. Unset, any. */
  readonly ppids?: readonly Buffer[]
  /** Kinds of platforms; unset, any. */
  readonly fmspcs?: readonly Buffer[]
}

export interface Measurements {
  readonly mrEnclave?: readonly Buffer[]
  readonly mrSigner?: readonly Buffer[]
  readonly isvProdId?: number
  /** At least. */
  readonly minIsvSvn?: number
  readonly configId?: Buffer
  readonly mrTd?: readonly Buffer[]
  readonly mrSeam?: readonly Buffer[]
  readonly mrConfigId?: Buffer
  readonly mrOwner?: Buffer
  readonly mrOwnerConfig?: Buffer
  /** By the number of the register. */
  readonly rtmr?: Readonly<Record<number, Buffer>>
}

type Code = keyof typeof DCAP_CHECKS

/** Flags of SGX attributes that are known: INIT, DEBUG, MODE64BIT, PROVISIONKEY, EINITTOKENKEY, CET, KSS, AEXNOTIFY (SDM vol. 3D, table 35-3). */
const SGX_FLAGS = 0x4f7n
const SGX_DEBUG = 1n << 1n
/** Bits of ATTRIBUTES of a TD (TDX Module ABI, table 3.22). The first byte is what makes it untrusted: DEBUG and three kinds of profiling. */
const TD = { untrusted: 0xffn, septVeDisable: 1n << 28n, migratable: 1n << 29n } as const
/** DEBUG, HGS_PLUS_PROF, PERF_PROF, PMT_PROF, ICSSD, LASS, SEPT_VE_DISABLE, MIGRATABLE, PKS, KL, TPA, PERFMON. */
const TD_FLAGS = [0n, 4n, 5n, 6n, 16n, 27n, 28n, 29n, 30n, 31n, 62n, 63n].reduce((bits, bit) => bits | (1n << bit), 0n)
/** x87 and SSE are always there; AVX, AVX-512, PT, PKRU, CET, UINTR, LBR, AMX, APX may be. */
const XFAM = { always: 0x3n, known: 0xedbe7n } as const

/** Holds a quote that was verified to a policy. These checks say nothing of whether it is genuine. @param now milliseconds since 1970 */
export function validateQuote(verified: VerifiedQuote, policy: QuotePolicy, now: number): readonly Check[] {
  const { quote, tcb, platform, collateral } = verified
  const checks: Check[] = []
  const add: Add = (code, verdict, seen = {}) => void checks.push(checked(DCAP_CHECKS, code, verdict, seen))
  if (tcb === undefined) add('DCAP_TCB_STATUS', NO_STATUS)
  else add('DCAP_TCB_STATUS', now < allowedUntil(tcb, policy.allow), { got: [tcb.status, ...tcb.advisoryIds].join(' ') })
  if (policy.minEvaluationNumber !== undefined) {
    const seen = { expected: `at least ${policy.minEvaluationNumber}`, got: String(tcb?.evaluationNumber) }
    add('DCAP_EVALUATION_NUMBER', tcb === undefined ? NO_STATUS : tcb.evaluationNumber >= policy.minEvaluationNumber, seen)
  }
  if (policy.maxCollateralAge !== undefined) {
    const isYoung = collateral !== undefined && now - collateral.issued.from <= policy.maxCollateralAge
    add('DCAP_COLLATERAL_AGE', isYoung || STALE, collateral && { got: new Date(collateral.issued.from).toISOString() })
  }
  checks.push(...validateReport(quote.body, policy))
  for (const [name, list] of [['ppid', policy.ppids] as const, ['fmspc', policy.fmspcs] as const]) {
    if (list === undefined) continue
    const value = platform?.extension[name]
    add('DCAP_LOCATION', value === undefined ? NO_PLATFORM : isOneOf(value, list), {
      got: `${name.toUpperCase()} ${value?.toString('hex')}`,
    })
  }
  return checks
}

/** Holds what a report says of its workload to a policy, whoever made the report. */
export function validateReport(body: ReportBody, policy: QuotePolicy): readonly Check[] {
  const checks: Check[] = []
  const add: Add = (code, verdict, seen = {}) => void checks.push(checked(DCAP_CHECKS, code, verdict, seen))
  if (body.tee === 'TDX') validateTd(body, policy, add)
  else validateEnclave(body, policy, add)
  const strange = measured(body, policy.measurements ?? {})
  if (policy.measurements !== undefined)
    add('DCAP_MEASUREMENT', strange.length === 0, strange.length === 0 ? {} : { got: strange.join(', ') })
  if (policy.reportData !== undefined) {
    const { reportData } = body
    const expected = Buffer.concat([policy.reportData], reportData.length)
    const fits = policy.reportData.length <= reportData.length && expected.equals(reportData)
    add('DCAP_REPORT_DATA', fits, { expected: policy.reportData.toString('hex'), got: reportData.toString('hex') })
  }
  return checks
}

const NO_STATUS = unknown('TCB_UNKNOWN', 'no TCB level was found for the platform')
const NO_PLATFORM = unknown('PCK_ABSENT', 'the platform is not known')
const STALE = unknown('COLLATERAL_STALE', 'there is no collateral that is as young as the policy wants it')

/** Milliseconds since 1970 from which a status is not allowed any more: any time for UpToDate, none for one that never was. */
export function allowedUntil({ status, advisoryIds, evaluationNumber }: TcbEvaluation, allowed: readonly AllowedStatus[] = []): number {
  if (status === 'UpToDate') return Number.POSITIVE_INFINITY
  if (status === 'Revoked') return Number.NEGATIVE_INFINITY
  const fitting = allowed.filter(
    (each) =>
      each.status === status &&
      evaluationNumber >= each.minEvaluationNumber &&
      advisoryIds.every((id) => each.advisoryIds?.includes(id) ?? true),
  )
  return Math.max(...fitting.map(({ until }) => until))
}

type Add = (code: Code, verdict: Verdict | boolean, seen?: { expected?: string; got?: string }) => void

function validateTd({ tdAttributes, xfam, v15 }: TdReportBody, policy: QuotePolicy, add: Add): void {
  const [flags, features] = [tdAttributes.readBigUInt64LE(), xfam.readBigUInt64LE()]
  const got = tdAttributes.toString('hex')
  add('DCAP_DEBUG', policy.debug === true || (flags & TD.untrusted) === 0n, { got })
  add('DCAP_SEPT_VE_DISABLE', policy.septVeDisable === false || (flags & TD.septVeDisable) !== 0n, { got })
  const allowed = TD_FLAGS & (policy.attributes?.readBigUInt64LE() ?? TD_FLAGS) & (policy.migratable === true ? TD_FLAGS : ~TD.migratable)
  const extended = XFAM.known & (policy.xfam?.readBigUInt64LE() ?? XFAM.known)
  const known = (flags & ~allowed) === 0n && (features & ~extended) === 0n && (features & XFAM.always) === XFAM.always
  add('DCAP_ATTRIBUTES', known, { got: `${got}, XFAM ${xfam.toString('hex')}` })
  if (v15 === undefined || policy.mrServiceTd === 'any') return
  const expected = policy.mrServiceTd ?? Buffer.alloc(v15.mrServiceTd.length)
  add('DCAP_SERVICE_TD', v15.mrServiceTd.equals(expected), { expected: expected.toString('hex'), got: v15.mrServiceTd.toString('hex') })
}

function validateEnclave({ attributes, reservedIsZero }: SgxReportBody, policy: QuotePolicy, add: Add): void {
  const flags = attributes.readBigUInt64LE()
  const got = attributes.toString('hex')
  add('DCAP_DEBUG', policy.debug === true || (flags & SGX_DEBUG) === 0n, { got })
  const mask = policy.attributes ?? Buffer.alloc(attributes.length, 0xff)
  const allowed = attributes.every((bits, at) => (bits & ~mask[at]!) === 0)
  add('DCAP_ATTRIBUTES', allowed && (flags & ~SGX_FLAGS) === 0n && reservedIsZero, { got })
}

/** The names of measurements that are not as they should be; one that this kind of workload does not have is not. */
function measured(body: ReportBody, expected: Measurements): readonly string[] {
  const of: Readonly<Record<string, unknown>> = { ...body }
  const strange: string[] = []
  for (const [name, value] of Object.entries(expected)) {
    if (value === undefined) continue
    if (name === 'minIsvSvn') {
      if (body.tee !== 'SGX' || body.isvSvn < (value as number)) strange.push(name)
    } else if (name === 'rtmr') {
      for (const [at, digest] of Object.entries(value as NonNullable<Measurements['rtmr']>))
        if (body.tee !== 'TDX' || !body.rtmr[Number(at)]?.equals(digest)) strange.push(`rtmr${at}`)
    } else if (!isOne(of[name], value)) strange.push(name)
  }
  return strange
}

function isOne(found: unknown, expected: unknown): boolean {
  if (typeof expected === 'number') return found === expected
  return Buffer.isBuffer(found) && isOneOf(found, Buffer.isBuffer(expected) ? [expected] : (expected as readonly Buffer[]))
}

const isOneOf = (value: Buffer, list: readonly Buffer[]) => list.some((each) => each.equals(value))
