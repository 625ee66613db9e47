import { type OutputFlags, openOutput } from '../output.ts'
import { appraiseFile, type HeldFlags } from './verifier.ts'
import { statusFor } from './verify.ts'

export async function explain(flags: HeldFlags & OutputFlags, file: string): Promise<number> {
  const output = await openOutput('AppraisalExplanation', flags)
  const appraised = appraiseFile(file, flags)
  output.show(appraised.appraisal)
  return statusFor(appraised)
}
