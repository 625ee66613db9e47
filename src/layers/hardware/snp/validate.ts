// Whether a genuine report meets a policy. Only what the policy names is looked at: `STRICT` is what every guest should be held to.
import { checked } from '../../../core/appraisal.ts'
import { type Check, unknown, type Verdict } from '../../../core/verdict.ts'
import { isZero } from '../../../formats/bytes.ts'
import { SNP_CHECKS, type SnpCheckCode } from './checks.ts'
import type { Endorsement } from './endorsement.ts'
import { guestPolicyOf, type PlatformInfo, platformInfoOf } from './flags.ts'
import type { FirmwareVersion, SnpReport } from './report.ts'
import { isAtLeast, type Tcb, tcbOf, tcbText } from './tcb.ts'

/** Digests and identifiers are lowercase hexadecimal; what is not named is not asked. */
export interface SnpPolicy {
  /** Whether the host may debug the guest, which opens its memory; `false` refuses guests that allow it. */
  readonly debug?: boolean
  readonly migrateMa?: boolean
  readonly smt?: boolean
  /** `true` wants a guest that insists on it. */
  readonly singleSocket?: boolean
  readonly minAbi?: { readonly major: number; readonly minor: number }
  /** Unset, any of the guest's own. */
  readonly vmpl?: number
  /** Least security version of each part, by which TCB of the report. */
  readonly minTcb?: Readonly<Partial<Record<'current' | 'reported' | 'committed' | 'launch', Partial<Tcb>>>>
  /** Of the firmware in use, and of what it can be taken back to. */
  readonly minFirmware?: FirmwareVersion
  /** `false` refuses firmware that can still be taken back. */
  readonly provisional?: boolean
  /** Bits that must be set, at launch and now. */
  readonly mitigations?: bigint
  readonly minGuestSvn?: number
  readonly familyId?: string
  readonly imageId?: string
  readonly measurements?: readonly string[]
  /** 64 bytes; a shorter nonce stands at the beginning, zeros behind it. */
  readonly reportData?: string
  readonly hostData?: string
  readonly idKeys?: readonly string[]
  readonly authorKeys?: readonly string[]
  readonly chipIds?: readonly string[]
  readonly csps?: readonly string[]
  /** How the platform must be set up, flag by flag. */
  readonly platform?: Partial<PlatformInfo>
}

export const STRICT: SnpPolicy = { debug: false, migrateMa: false, provisional: false, platform: { aliasCheckComplete: true } }

type Seen = { readonly expected?: string; readonly got?: string }
type Rule = (report: SnpReport, policy: SnpPolicy, endorsement: Endorsement) => readonly Check[]

/** Checks `SNP_POLICY_DEBUG` to `SNP_PLATFORM`, of those that the policy asks for. */
export function validateReport(report: SnpReport, policy: SnpPolicy, endorsement: Endorsement): readonly Check[] {
  return RULES.flatMap((rule) => rule(report, policy, endorsement))
}

const check = (code: SnpCheckCode, verdict: Verdict | boolean, seen?: Seen): readonly Check[] => [checked(SNP_CHECKS, code, verdict, seen)]

/** A rule for one member of the policy. */
function rule<K extends keyof SnpPolicy>(
  name: K,
  judge: (wanted: NonNullable<SnpPolicy[K]>, report: SnpReport, endorsement: Endorsement) => readonly Check[],
): Rule {
  return (report, policy, endorsement) => {
    const wanted = policy[name]
    return wanted === undefined ? [] : judge(wanted, report, endorsement)
  }
}

/** What a guest may allow, but not where the policy does not. */
const permission = (name: 'debug' | 'migrateMa' | 'smt', code: SnpCheckCode) =>
  rule(name, (allowed, { policy }) => check(code, allowed || !guestPolicyOf(policy)[name], { got: hex64(policy) }))

const same = (name: 'familyId' | 'imageId' | 'hostData', code: SnpCheckCode) =>
  rule(name, (expected, report) => check(code, hex(report[name]) === expected, { expected, got: hex(report[name]) }))

const listed = (code: SnpCheckCode, list: readonly string[], got: string | undefined) =>
  check(code, got !== undefined && list.includes(got), { expected: list.join(', '), ...(got !== undefined && { got }) })

const hex = (bytes: Buffer) => bytes.toString('hex')
const hex64 = (value: bigint) => `0x${value.toString(16)}`
const REPORT_DATA_DIGITS = 128
const LAST_VMPL = 3
/** From Turin on an identifier has 8 bytes; in a report zeros are behind them. */
const wholeChip = (id: string) => id.padEnd(128, '0')

const RULES: readonly Rule[] = [
  permission('debug', 'SNP_POLICY_DEBUG'),
  permission('migrateMa', 'SNP_POLICY_MIGRATE_MA'),
  permission('smt', 'SNP_POLICY_SMT'),
  rule('singleSocket', (wanted, { policy }) => check('SNP_POLICY_SINGLE_SOCKET', !wanted || guestPolicyOf(policy).singleSocket)),
  rule('minAbi', ({ major, minor }, { policy }) => {
    const { abi } = guestPolicyOf(policy)
    const isEnough = abi.major > major || (abi.major === major && abi.minor >= minor)
    return check('SNP_POLICY_ABI', isEnough, { expected: `${major}.${minor}`, got: `${abi.major}.${abi.minor}` })
  }),
  ({ policy }) => {
    const strange = guestPolicyOf(policy).unknown
    return strange === 0n ? [] : check('SNP_POLICY_KNOWN', unknown('POLICY_BITS', `what ${hex64(strange)} allows is not known`))
  },
  // What the host asks for says nothing of who in the guest would answer.
  ({ vmpl }, policy) => (policy.vmpl !== undefined || vmpl <= LAST_VMPL ? [] : check('SNP_VMPL', false, { got: `${vmpl}` })),
  rule('vmpl', (wanted, { vmpl }) => check('SNP_VMPL', vmpl === wanted, { expected: `${wanted}`, got: `${vmpl}` })),
  rule('minTcb', tcbChecks),
  rule('minFirmware', (least, { current, committed }) =>
    check('SNP_FIRMWARE', isNewEnough(current, least) && isNewEnough(committed, least), {
      expected: versionText(least),
      got: `${versionText(current)}, committed ${versionText(committed)}`,
    }),
  ),
  rule('provisional', (allowed, { current, committed, currentTcb, committedTcb }) =>
    check('SNP_PROVISIONAL', allowed || (versionText(current) === versionText(committed) && currentTcb.equals(committedTcb)), {
      expected: versionText(current),
      got: versionText(committed),
    }),
  ),
  rule('mitigations', (wanted, { mitigations }) => {
    if (mitigations === undefined)
      return check('SNP_MITIGATIONS', unknown('REPORT_VERSION', 'the report is of a version that does not say'))
    const both = mitigations.atLaunch & mitigations.now
    return check('SNP_MITIGATIONS', (both & wanted) === wanted, { expected: hex64(wanted), got: hex64(both) })
  }),
  rule('minGuestSvn', (least, { guestSvn }) => check('SNP_GUEST_SVN', guestSvn >= least, { expected: `${least}`, got: `${guestSvn}` })),
  same('familyId', 'SNP_FAMILY_ID'),
  same('imageId', 'SNP_IMAGE_ID'),
  rule('measurements', (list, { measurement }) => listed('SNP_MEASUREMENT', list, hex(measurement))),
  rule('reportData', (wanted, { reportData }) => {
    const expected = wanted.padEnd(REPORT_DATA_DIGITS, '0')
    return check('SNP_REPORT_DATA', hex(reportData) === expected, { expected, got: hex(reportData) })
  }),
  same('hostData', 'SNP_HOST_DATA'),
  rule('idKeys', (list, { idKeyDigest }) => listed('SNP_ID_KEY', list, isZero(idKeyDigest) ? undefined : hex(idKeyDigest))),
  rule('authorKeys', (list, { authorKeyDigest, authorKeyEnabled }) =>
    listed('SNP_AUTHOR_KEY', list, authorKeyEnabled && !isZero(authorKeyDigest) ? hex(authorKeyDigest) : undefined),
  ),
  rule('chipIds', (list, { chipId }) =>
    isZero(chipId)
      ? check('SNP_CHIP_LISTED', unknown('CHIP_ID_MASKED', 'the report does not say which chip it is of'))
      : listed('SNP_CHIP_LISTED', list.map(wholeChip), hex(chipId)),
  ),
  rule('csps', (list, _, { csp }) => listed('SNP_CSP', list, csp)),
  rule('platform', (wanted, { platformInfo }) => {
    const info = platformInfoOf(platformInfo)
    return Object.entries(wanted).flatMap(([name, value]) => {
      const got = info[name as keyof PlatformInfo]
      return check('SNP_PLATFORM', got === value, { expected: `${name} ${value}`, got: `${name} ${got}` })
    })
  }),
]

function tcbChecks(wanted: NonNullable<SnpPolicy['minTcb']>, report: SnpReport, { line }: Endorsement): readonly Check[] {
  const found = { current: report.currentTcb, reported: report.reportedTcb, committed: report.committedTcb, launch: report.launchTcb }
  return Object.entries(wanted).flatMap(([name, least]) => {
    if (line === undefined) return check('SNP_TCB_MINIMUM', unknown('PRODUCT_UNKNOWN', 'the order of the TCB’s bytes is not known'))
    const tcb = tcbOf(found[name as keyof typeof found], line)
    return check('SNP_TCB_MINIMUM', isAtLeast(tcb, least), { expected: `${name} ${tcbText(least)}`, got: tcbText(tcb) })
  })
}

const versionText = ({ major, minor, build }: FirmwareVersion) => `${major}.${minor}.${build}`

function isNewEnough(version: FirmwareVersion, least: FirmwareVersion): boolean {
  const number = ({ major, minor, build }: FirmwareVersion) => (major << 16) | (minor << 8) | build
  return number(version) >= number(least)
}
