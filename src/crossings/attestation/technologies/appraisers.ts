import type { Appraiser } from '../appraise.ts'
import { appraiseBoot } from './boot.ts'
import { dcapAppraiser } from './dcap.ts'
import { appraiseIma } from './ima.ts'
import { snpAppraiser } from './snp.ts'
import { appraiseQuote } from './tpm.ts'

/** Who appraises evidence of each type. */
export const APPRAISERS: Readonly<Record<string, Appraiser>> = {
  'tpm-quote': appraiseQuote,
  'tcg-log': appraiseBoot,
  'ima-log': appraiseIma,
  'snp-report': snpAppraiser(),
  'dcap-quote': dcapAppraiser(),
}
