// May this program be started? Its digest must be one that the policy knows under its name.
import type { ImaPolicy } from '../ima/policy.ts'
import type { MeasuredRun } from './record.ts'

export type ProgramJudgement =
  | { readonly is: 'allowed' }
  | { readonly is: 'changed'; readonly known: readonly string[] }
  | { readonly is: 'unknown' }

/** Excludes are for what is only measured: what is to be started is never excluded. */
export function judgeProgram({ path, digest }: Pick<MeasuredRun, 'path' | 'digest'>, { files }: ImaPolicy): ProgramJudgement {
  const known = files.get(path)
  if (known === undefined) return { is: 'unknown' }
  return known.has(digest) ? { is: 'allowed' } : { is: 'changed', known: [...known] }
}
