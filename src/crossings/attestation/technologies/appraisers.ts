import type { Appraiser } from '../appraise.ts'
import { bootAppraiser, type HoldLog } from './boot.ts'
import { dcapAppraiser } from './dcap.ts'
import { appraiseIma } from './ima.ts'
import { snpAppraiser } from './snp.ts'
import { appraiseQuote } from './tpm.ts'

/** Who appraises evidence of each type. @param hold what holds a log to a quote */
export const appraisers = (hold: HoldLog): Readonly<Record<string, Appraiser>> => ({
  'tpm-quote': appraiseQuote,
  'tcg-log': bootAppraiser(hold),
  'ima-log': appraiseIma,
  'snp-report': snpAppraiser(),
  'dcap-quote': dcapAppraiser(),
})
