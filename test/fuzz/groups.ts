// What can be fuzzed, by the name that the command line gives it.
import { attestation } from './attest/attestation.ts'
import { dcap } from './attest/dcap.ts'
import { firmware } from './attest/firmware.ts'
import { ima } from './attest/ima.ts'
import { snp } from './attest/snp.ts'
import { tpm } from './attest/tpm.ts'
import { tpmClient } from './attest/tpm-client.ts'
import { builtinCase } from './rego/builtins.ts'
import { formatCase, policyCase, queryCase } from './rego/modules.ts'
import { planCase } from './rego/plans.ts'
import { hostCase, textCase } from './rego/values.ts'
import type { Target } from './worker.ts'

type Group = Readonly<Record<string, Target>>

/** Parsers of evidence, by who reads it. */
const EVIDENCE: Readonly<Record<string, Group>> = {
  tpm,
  'tpm-client': tpmClient,
  firmware,
  ima,
  snp,
  dcap,
  attestation,
}

export const GROUPS: Readonly<Record<string, Group>> = {
  rego: { policy: policyCase, query: queryCase, format: formatCase, plan: planCase, builtin: builtinCase, text: textCase, host: hostCase },
  ...EVIDENCE,
  evidence: Object.fromEntries(
    Object.entries(EVIDENCE).flatMap(([group, targets]) => Object.entries(targets).map(([name, target]) => [`${group}/${name}`, target])),
  ),
}
