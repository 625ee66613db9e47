import type { Appraiser } from '../appraise.ts'
import { azureAppraiser } from './azure.ts'
import { bootAppraiser, guestBootAppraiser, type HoldLog } from './boot.ts'
import { appraiseEnclave, dcapAppraiser } from './dcap.ts'
import { appraiseEndorsement } from './endorsement.ts'
import { appraiseIma } from './ima.ts'
import { appraiseRuns } from './measured-runs.ts'
import { snpAppraiser } from './snp.ts'
import { appraiseQuote } from './tpm.ts'

/** Who appraises evidence of each type. @param hold what holds logs to what hardware signed */
export function appraisers(hold: HoldLog): Readonly<Record<string, Appraiser>> {
  const appraiseDcap = dcapAppraiser()
  return {
    'tpm-quote': appraiseQuote,
    'tpm-endorsement': appraiseEndorsement,
    'tcg-log': bootAppraiser(hold),
    'ima-log': appraiseIma,
    'measured-runs': appraiseRuns,
    'snp-report': snpAppraiser(),
    'dcap-quote': appraiseDcap,
    'sgx-report': appraiseEnclave,
    'azure-evidence': azureAppraiser(),
    'cc-log': guestBootAppraiser(hold, appraiseDcap),
  }
}
