import { faultsOf, faultText } from '../../lang/rego/faults.ts'

/** Says what is wrong with a policy, as opa words it; the answer is the exit status that was asked for. @throws what is no fault of a policy */
export function rejected(error: unknown, status: number): number {
  const faults = faultsOf(error)
  if (faults === undefined) throw error
  process.stderr.write(faultText(faults))
  return status
}
