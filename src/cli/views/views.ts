// How each kind of answer is shown to people.
import type { Part } from '../../outputs/output.ts'
import type { Terminal } from '../../outputs/text.ts'
import {
  appraisal,
  appraisalExplanation,
  attestationReference,
  credentialAnswer,
  credentialChallenge,
  evidenceBundle,
  evidenceList,
  result,
} from './attest.ts'
import { checkList, imageList } from './checks.ts'
import { capabilityList, explanation, findingList } from './findings.ts'
import { moduleList } from './modules.ts'
import { applyResult, decisionList, diffResult, policyList, whyResult } from './policies.ts'
import { status } from './status.ts'
import { suiteList } from './suites.ts'
import { collateralList, launched } from './tee.ts'
import { nvIndexList, pcrList, tpmEndorsementList, tpmHandleList, tpmInfo, tpmKey, tpmLockout, tpmPlatform, tpmStatement } from './tpm.ts'
import { flowList, workload, workloadList } from './workloads.ts'

export { EVENT_COLUMNS, eventCells } from './events.ts'

export const VIEWS = {
  Status: status,
  ApplyResult: applyResult,
  PolicyList: policyList,
  WhyResult: whyResult,
  DiffResult: diffResult,
  WorkloadList: workloadList,
  Workload: workload,
  FlowList: flowList,
  DecisionList: decisionList,
  FindingList: findingList,
  Explanation: explanation,
  CapabilityList: capabilityList,
  SuiteList: suiteList,
  ModuleList: moduleList,
  CheckList: checkList,
  ImageList: imageList,
  Launch: launched,
  EvidenceBundle: evidenceBundle,
  EvidenceList: evidenceList,
  Appraisal: appraisal,
  AppraisalExplanation: appraisalExplanation,
  Result: result,
  AttestationReference: attestationReference,
  CredentialChallenge: credentialChallenge,
  CredentialAnswer: credentialAnswer,
  TpmInfo: tpmInfo,
  PcrList: pcrList,
  TpmKey: tpmKey,
  TpmStatement: tpmStatement,
  NvIndexList: nvIndexList,
  TpmEndorsementList: tpmEndorsementList,
  TpmPlatform: tpmPlatform,
  TpmLockout: tpmLockout,
  TpmHandleList: tpmHandleList,
  CollateralList: collateralList,
} satisfies Readonly<Record<string, (value: never, terminal: Terminal) => readonly Part[]>>

/** What is shown; `kind` in JSON and YAML. */
export type Kind = keyof typeof VIEWS
