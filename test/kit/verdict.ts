// The kernel's verdict on any request, asked of kernel/verdict.bpf.c: the same function that the hooks call, over the tables in force.
import { join } from 'node:path'
import { decodeRuling, encodeTrafficRequest, type Ruling, SIZE } from '../../src/adapters/linux/bpf/layout.gen.ts'
import { errnoName, libbpf, SIZE as OPTS } from '../../src/adapters/linux/bpf/libbpf.ts'
import { type KernelMap, u32Key } from '../../src/adapters/linux/bpf/map.ts'
import { KernelObject } from '../../src/adapters/linux/bpf/object.ts'
import { addressBytes, parseAddress } from '../../src/engine/rule-plane/addresses.ts'
import type { TableRequest } from '../../src/engine/rule-plane/lookup.ts'
import { GATE_NUMBER } from '../../src/engine/rule-plane/tables.ts'

export type TrafficQuestion = Exclude<TableRequest, { gate: 'exec' | 'module' }>

/** kernel/verdict.bpf.c BATCH. */
const BATCH = 4096
/** The least that a program of this type is run on: an Ethernet header. */
const FRAME = Buffer.alloc(64)

export class KernelVerdict {
  readonly #object: KernelObject
  readonly #requests: KernelMap
  readonly #rulings: KernelMap

  /** `pins` is where the maps of the instance are. */
  constructor(objects: string, pins: string) {
    this.#object = KernelObject.open(join(objects, 'verdict.bpf.o'), { pins }).load()
    this.#requests = this.#object.map('requests')
    this.#rulings = this.#object.map('rulings')
  }

  /** One ruling for each question, in order. */
  ask(questions: readonly TrafficQuestion[]): Ruling[] {
    const rulings: Ruling[] = []
    for (let from = 0; from < questions.length; from += BATCH) {
      const batch = questions.slice(from, from + BATCH)
      const keys = Buffer.alloc((batch.length + 1) * 4)
      const values = Buffer.alloc((batch.length + 1) * SIZE.traffic_request) // the one after the last has gate 0
      for (const [index, question] of batch.entries()) encode(values, index, question)
      for (let index = 0; index <= batch.length; index++) keys.writeUInt32LE(index, index * 4)
      const end = Math.min(batch.length + 1, BATCH)
      this.#requests.updateBatch(keys.subarray(0, end * 4), values.subarray(0, end * SIZE.traffic_request))
      this.#run('judge_batch', 1)
      for (const index of batch.keys()) {
        const value = this.#rulings.lookup(u32Key(index))!
        rulings.push(decodeRuling(new DataView(value.buffer, value.byteOffset), value, 0))
      }
    }
    return rulings
  }

  /** Nanoseconds that one decision takes, as the kernel measures it over `repeat` runs. */
  time(question: TrafficQuestion, repeat: number): number {
    const value = Buffer.alloc(SIZE.traffic_request)
    encode(value, 0, question)
    this.#requests.update(u32Key(0), value)
    return this.#run('judge_repeatedly', repeat)
  }

  close(): void {
    this.#object.close()
  }

  #run(program: string, repeat: number): number {
    const opts = { sz: OPTS.testRunOpts, data_in: FRAME, data_size_in: FRAME.length, repeat, duration: 0 }
    const result = libbpf().testRun(this.#object.programFd(program), opts)
    if (result !== 0) throw new Error(`${program}: ${errnoName(result)}`)
    return opts.duration
  }
}

function encode(values: Buffer, index: number, { gate, subject, peer, protocol, port }: TrafficQuestion): void {
  encodeTrafficRequest(values, index * SIZE.traffic_request, {
    slot: subject,
    peer_slot: peer.slot ?? 0,
    peer: peer.address === undefined ? Buffer.alloc(16) : addressBytes(parseAddress(peer.address)!),
    gate: GATE_NUMBER[gate],
    protocol,
    port,
    peer_known: peer.slot === undefined ? 0 : 1,
  })
}
