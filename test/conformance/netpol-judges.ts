import { join } from 'node:path'
import type { Request } from '../../src/core/decision.ts'
import type { Policy } from '../../src/core/policy.ts'
import type { Namespaces, Workload } from '../../src/core/workload.ts'
import { compile } from '../../src/engine/rule-plane/compile.ts'
import { lookup } from '../../src/engine/rule-plane/lookup.ts'
import { PROTOCOL_NUMBER } from '../../src/engine/rule-plane/tables.ts'
import { decide } from '../../src/layers/network/evaluate.ts'
import { Instance } from '../kit/instance.ts'
import { KernelVerdict, type TrafficQuestion } from '../kit/verdict.ts'

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

export const reference: Judge = {
  name: 'reference',
  judge: ({ policies, namespaces, workloads, requests }) =>
    requests.map((request) => decide(policies, namespaces, workloads, request).inForce.effect === 'allow'),
}

export const tables: Judge = {
  name: 'tables',
  judge: ({ policies, namespaces, workloads, requests }) => {
    const compiled = compile(policies, namespaces, workloads)
    return asked(requests, workloads).map((question) => lookup(compiled, question).effect !== 'deny')
  },
}

/** The loaded kernel program, over tables that were put in force as the agent puts them. */
class Kernel implements Judge {
  readonly name = 'kernel'
  readonly #instance = new Instance()
  readonly #verdict = new KernelVerdict(OBJECTS, this.#instance.pins)

  judge({ policies, namespaces, workloads, requests }: Question): readonly boolean[] {
    this.#instance.swap(compile(policies, namespaces, workloads))
    return this.#verdict.ask(asked(requests, workloads)).map(({ effect }) => effect !== EFFECT_DENY)
  }

  [Symbol.dispose](): void {
    this.#verdict.close()
    this.#instance[Symbol.dispose]()
  }
}

export interface Judges {
  readonly all: readonly Judge[]
  /** Why the kernel is not among them. */
  readonly without: string | undefined
  [Symbol.dispose](): void
}

/** All that must agree with the truth; without privilege, all but the kernel. */
export function summon(): Judges {
  const without = process.getuid!() === 0 ? undefined : 'no root, so the kernel was not asked'
  const kernel = without === undefined ? new Kernel() : undefined
  return { all: [reference, tables, ...(kernel ? [kernel] : [])], without, [Symbol.dispose]: () => kernel?.[Symbol.dispose]() }
}

const OBJECTS = join(import.meta.dirname, '../../kernel/build')
const EFFECT_DENY = 2

function asked(requests: readonly Request[], workloads: readonly Workload[]): TrafficQuestion[] {
  const slots = new Map(workloads.map(({ namespace, name, slot }) => [`${namespace}/${name}`, slot]))
  return requests.map((request) => {
    if (request.gate === 'exec' || request.gate === 'module') throw new Error('no traffic')
    const { gate, subject, peer, protocol, port } = request
    const slot = peer.workload === undefined ? undefined : slots.get(peer.workload)!
    return {
      gate,
      subject: slots.get(subject)!,
      peer: { ...(slot === undefined ? {} : { slot }), ...(peer.address === undefined ? {} : { address: peer.address }) },
      protocol: typeof protocol === 'number' ? protocol : PROTOCOL_NUMBER[protocol],
      port,
    }
  })
}
