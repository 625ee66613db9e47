import type { Appraiser } from '../appraise.ts'
import { snpAppraiser } from './snp.ts'

/** Who appraises evidence of each type. */
export const APPRAISERS: Readonly<Record<string, Appraiser>> = {
  'snp-report': snpAppraiser(),
}
