import type { Request } from '../../src/core/decision.ts'
import type { Policy } from '../../src/core/policy.ts'
import type { Namespaces, Workload } from '../../src/core/workload.ts'
import { decide } from '../../src/layers/network/evaluate.ts'

/** One state of the world, all policies in force, and what is asked in it. Workloads have a slot and an address each. */
export interface Question {
  readonly policies: readonly Policy[]
  readonly namespaces: Namespaces
  readonly workloads: readonly Workload[]
  /** Only `connect` and `accept`, with workload and address of the peer. */
  readonly requests: readonly Request[]
}

/** Something that decides as Thymus does. `judge` says for each request whether it is allowed; it may be asked thousands of times. */
export interface Judge {
  readonly name: string
  judge(question: Question): readonly boolean[] | Promise<readonly boolean[]>
}

const reference: Judge = {
  name: 'reference',
  judge: ({ policies, namespaces, workloads, requests }) =>
    requests.map((request) => decide(policies, namespaces, workloads, request).inForce.effect === 'allow'),
}

/** All that must agree with the truth. */
export const JUDGES: readonly Judge[] = [reference]
