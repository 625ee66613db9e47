import type {
  ApplyRequest,
  ApplyResult,
  DiffResult,
  EventRecord,
  Explanation,
  FindingList,
  FlowSummary,
  PolicySummary,
  RememberedDecision,
  StartRequest,
  Status,
  WhyRequest,
  WhyResult,
  WorkloadSummary,
} from './api.ts'

/** What the server needs of the agent: one method per route of api.ts. Every error is a ThymusError. */
export interface AgentPort {
  status(): Promise<Status>
  apply(request: ApplyRequest, by: number): Promise<ApplyResult>
  confirm(): Promise<ApplyResult>
  rollback(): Promise<ApplyResult>
  policies(): readonly PolicySummary[]
  deletePolicy(id: string): Promise<ApplyResult>
  why(request: WhyRequest): WhyResult
  diff(request: ApplyRequest): Promise<DiffResult>
  workloads(): Promise<readonly WorkloadSummary[]>
  startWorkload(request: StartRequest): Promise<WorkloadSummary>
  removeWorkload(namespace: string, name: string): Promise<void>
  /** What happens from now on, until the signal ends it; with `follow` false, what is remembered. */
  events(filter: EventFilter, signal: AbortSignal): AsyncIterable<EventRecord>
  flows(): readonly FlowSummary[]
  decisions(): readonly RememberedDecision[]
  findings(severity: string | undefined): FindingList
  explain(id: string): Explanation
  record(file: string | null): Promise<void>
  down(purge: boolean): Promise<void>
}

export interface EventFilter {
  readonly type?: string
  readonly workload?: string
  readonly follow: boolean
}
