// Reads the rings of an instance as the agent does (src/agent/watch.ts), decodes, and counts.
import { decodeEvent } from '../../src/adapters/linux/bpf/decode.ts'
import { decodeTestEvent, EVENT_TYPE } from '../../src/adapters/linux/bpf/layout.gen.ts'
import { MappedRing } from '../../src/adapters/linux/bpf/ring.ts'
import { Pace } from '../../src/agent/pace.ts'
import type { Instance } from '../../test/kit/instance.ts'

/** As src/agent/watch.ts. */
const BATCH = 4_096
/** kernel/event.h: `type` and `program` of the header. */
const TYPE_AT = 22
const PROGRAM_AT = 23

export class Reader {
  readonly #rings: readonly MappedRing[]
  /** Events by number of the program. */
  readonly received = new Map<number, number>()
  /** The longest time between two looks, ms. */
  longestGap = 0
  #looked = 0
  #timer: NodeJS.Timeout | undefined
  #ended = false

  constructor(it: Instance) {
    this.#rings = it.kernel.rings().map(({ fd, size }) => new MappedRing(fd, size))
  }

  start(): void {
    this.#looked = performance.now()
    const pace = new Pace()
    const look = () => {
      if (this.#ended) return
      const now = performance.now()
      this.longestGap = Math.max(this.longestGap, now - this.#looked)
      this.#looked = now
      const drained = this.#tick()
      const pause = pace.after(drained, now)
      if (drained >= BATCH) setImmediate(look)
      else this.#timer = setTimeout(look, pause)
    }
    look()
  }

  /** Reads what is left. */
  end(): void {
    this.#ended = true
    clearTimeout(this.#timer)
    while (this.#tick() > 0);
    for (const ring of this.#rings) ring.close()
  }

  #tick(): number {
    let drained = 0
    for (const ring of this.#rings) {
      drained += ring.drain((view, bytes, at) => {
        const program = view.getUint8(at + PROGRAM_AT)
        this.received.set(program, (this.received.get(program) ?? 0) + 1)
        if (view.getUint8(at + TYPE_AT) === EVENT_TYPE.EVENT_TEST) decodeTestEvent(view, bytes, at)
        else decodeEvent(view, bytes, at)
      }, BATCH)
      ring.commit()
    }
    return drained
  }
}
