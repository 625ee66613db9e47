// A synthetic source of events: kernel/bench.bpf.c, run many times over by BPF_PROG_TEST_RUN.
import { join } from 'node:path'
import { errnoName, libbpf, SIZE } from '../../src/adapters/linux/bpf/libbpf.ts'
import { KernelObject } from '../../src/adapters/linux/bpf/object.ts'

/** The least that a program of this type is run on: an Ethernet header. */
const FRAME = Buffer.alloc(64)

export class Source {
  readonly #object: KernelObject

  /** `pins` is where the maps of the instance are. */
  constructor(objects: string, pins: string) {
    this.#object = KernelObject.open(join(objects, 'bench.bpf.o'), { pins }).load()
  }

  /** Runs a program so many times; returns when it has. */
  run(program: 'emit_test' | 'emit_process', times: number): void {
    const opts = { sz: SIZE.testRunOpts, data_in: FRAME, data_size_in: FRAME.length, repeat: times }
    const result = libbpf().testRun(this.#object.programFd(program), opts)
    if (result !== 0) throw new Error(`${program}: ${errnoName(result)}`)
  }

  [Symbol.dispose](): void {
    this.#object.close()
  }
}
