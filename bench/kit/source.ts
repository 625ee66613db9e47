// A synthetic source of events: kernel/bench.bpf.c, run many times over by BPF_PROG_TEST_RUN.
import { closeSync } from 'node:fs'
import { join } from 'node:path'
import { errnoName, libbpf, SIZE } from '../../src/adapters/linux/bpf/libbpf.ts'
import { KernelObject } from '../../src/adapters/linux/bpf/object.ts'
import { counts, enableRunTime } from './run-time.ts'

/** The least that a program of this type is run on: an Ethernet header. */
const FRAME = Buffer.alloc(64)
const EMPTY_RUNS = 100_000

export class Source {
  readonly #object: KernelObject

  /** `pins` is where the maps of the instance are. */
  constructor(objects: string, pins: string) {
    this.#object = KernelObject.open(join(objects, 'bench.bpf.o'), { pins }).load()
  }

  /** Runs a program so many times; returns when it has. */
  run(program: 'emit_test' | 'emit_process' | 'do_nothing', times: number): void {
    const opts = { sz: SIZE.testRunOpts, data_in: FRAME, data_size_in: FRAME.length, repeat: times }
    const result = libbpf().testRun(this.#object.programFd(program), opts)
    if (result !== 0) throw new Error(`${program}: ${errnoName(result)}`)
  }

  /** ns that the kernel counts for one run of a program that does nothing: what counting costs. */
  countingCost(): number {
    const stats = enableRunTime()
    try {
      const fd = this.#object.programFd('do_nothing')
      const before = counts(fd)
      this.run('do_nothing', EMPTY_RUNS)
      const { ns, runs } = counts(fd)
      return (ns - before.ns) / (runs - before.runs)
    } finally {
      closeSync(stats)
    }
  }

  [Symbol.dispose](): void {
    this.#object.close()
  }
}
