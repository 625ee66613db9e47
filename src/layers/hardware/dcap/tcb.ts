// Which level of its TCB info a platform has: Intel PCS v4 (/tcb, "TCB status") and its quote verification library, 4.1.2.5.
import { type EnclaveIdentity, matches } from './enclave-identity.ts'
import type { PlatformTcb } from './pck.ts'
import type { Level, SoftwareLevel } from './published.ts'
import type { TdReportBody } from './report-body.ts'
import type { TcbInfo, TcbLevel } from './tcb-info.ts'
import { afterUpdate, converge, type TcbStatus } from './tcb-status.ts'

/** What is concluded of a platform, its quoting enclave and its TDX module together. */
export interface TcbEvaluation {
  readonly status: TcbStatus
  /** Sorted, each once. */
  readonly advisoryIds: readonly string[]
  /** Of the oldest part, in milliseconds since 1970: what was known then is dealt with. */
  readonly date: number
  /** The lower one of TCB info and QE identity. */
  readonly evaluationNumber: number
}

export interface TcbSubject {
  readonly platform: PlatformTcb
  readonly qeIsvSvn: number
  /** Of a trust domain. */
  readonly td?: TdReportBody
}

type Evaluated = Pick<TcbInfo | EnclaveIdentity, 'evaluationNumber'>
/** The TCB evaluation that both know of. */
export const evaluationOf = (info: Evaluated, qe: Evaluated): number => Math.min(info.evaluationNumber, qe.evaluationNumber)

/** The evaluation; a text says for which part there is no level, which no policy can allow. */
export function evaluateTcb({ platform, qeIsvSvn, td }: TcbSubject, info: TcbInfo, qe: EnclaveIdentity): TcbEvaluation | string {
  const qeLevel = qe.levels.find(({ isvSvn }) => qeIsvSvn >= isvSvn)
  if (qeLevel === undefined) return `the quoting enclave (security version ${qeIsvSvn})`
  const launch = levelsAt(platform, td?.teeTcbSvn, info)
  if (typeof launch === 'string') return launch
  // TDX 1.5: a module may have been replaced below a running TD. What its memory went through is said by the versions at launch.
  const current = td?.v15 && levelsAt(platform, td.v15.teeTcbSvn2, info)
  if (typeof current === 'string') return `${current}, as it is now`
  const together = (levels: readonly Level[]) => converge([...levels, qeLevel].map(({ status }) => status))
  const parts = [...launch, ...(current ?? []), qeLevel]
  return {
    status: current === undefined ? together(launch) : afterUpdate(together(launch), together(current)),
    advisoryIds: [...new Set(parts.flatMap(({ advisoryIds }) => advisoryIds))].sort(),
    date: Math.min(...[...launch, qeLevel].map(({ date }) => date)),
    evaluationNumber: evaluationOf(info, qe),
  }
}

/** The levels of the platform and of its TDX module. */
function levelsAt(platform: PlatformTcb, svn: Buffer | undefined, info: TcbInfo): readonly Level[] | string {
  const level = info.levels.find((each) => reaches(platform, svn, each))
  if (level === undefined) return 'the platform'
  const major = svn?.[1] ?? 0
  if (svn === undefined || major === 0) return [level]
  const module: SoftwareLevel | undefined = info.modules.get(moduleId(major))?.levels.find(({ isvSvn }) => svn[0]! >= isvSvn)
  return module === undefined ? `the TDX module (version ${major}.${svn[0]})` : [level, module]
}

/** @param svn TEE_TCB_SVN; from major version 1 of the TDX module, the first two are judged by the module's own identity */
function reaches({ components, pceSvn }: PlatformTcb, svn: Buffer | undefined, level: TcbLevel): boolean {
  if (pceSvn < level.pceSvn || components.some((each, at) => each < level.sgx[at]!)) return false
  if (svn === undefined) return true
  const { tdx } = level
  if (tdx === undefined) return false
  for (let at = svn[1]! > 0 ? 2 : 0; at < tdx.length; at++) if (svn[at]! < tdx[at]!) return false
  return true
}

const moduleId = (major: number) => `TDX_${major.toString(16).toUpperCase().padStart(2, '0')}`

/** Whether the signer and the attributes of a TD's module are those that TCB info has for its version. */
export function isModuleKnown({ teeTcbSvn, mrSignerSeam, seamAttributes }: TdReportBody, info: TcbInfo): boolean {
  const major = teeTcbSvn[1]!
  const identity = major === 0 ? info.module : info.modules.get(moduleId(major))
  if (identity === undefined || !mrSignerSeam.equals(identity.mrSigner)) return false
  // What the mask leaves out is not free to be anything: an attribute that is set has to be one that Intel has set.
  const unmasked = seamAttributes.some((bits, at) => (bits & ~identity.attributesMask[at]! & 0xff) !== 0)
  return !unmasked && matches(seamAttributes, identity.attributes, identity.attributesMask)
}
