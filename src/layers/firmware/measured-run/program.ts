// May this program be started? Its digest must be one that the policy knows under its name.
import { printable } from '../../../core/quote.ts'
import type { ImaPolicy } from '../ima/policy.ts'
import type { MeasuredRun } from './record.ts'

/** Excludes are for what is only measured: what is to be started is never excluded. */
export type KnownPrograms = Pick<ImaPolicy, 'files'>

export type ProgramJudgement =
  | { readonly is: 'allowed' }
  | { readonly is: 'changed'; readonly known: readonly string[] }
  | { readonly is: 'unknown' }

export function judgeProgram({ path, digest }: Pick<MeasuredRun, 'path' | 'digest'>, { files }: KnownPrograms): ProgramJudgement {
  const known = files.get(path)
  if (known === undefined) return { is: 'unknown' }
  return known.has(digest) ? { is: 'allowed' } : { is: 'changed', known: [...known] }
}

/** Of a path that somebody else wrote. */
const MAX_PATH = 4096

/** Why a program may not be started, in words; undefined where it may. */
export function faultOf(run: Pick<MeasuredRun, 'path' | 'digest'>, policy: KnownPrograms): string | undefined {
  const judgement = judgeProgram(run, policy)
  if (judgement.is === 'allowed') return undefined
  const is = `${printable(run.path, MAX_PATH)} is sha256:${run.digest}`
  return judgement.is === 'changed' ? `${is}, and ${judgement.known.join(' or ')} is known` : `${is}, and is no program that is known`
}
