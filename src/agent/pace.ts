/** The longest pause, ms. */
const SLOWEST = 3
/** A ring that had something not longer ago than this, ms, may soon have more. */
const LONG_AGO = 1_000

/**
 * When to look into a ring again. A wake-up by the kernel would cost the tasks that are watched; a look costs 10 µs of the reader. To wait
 * for more together costs more than it spares: what is read at once is still in the processor's cache.
 */
export class Pace {
  #pause = 1
  #last = Number.NEGATIVE_INFINITY

  /** The pause after a look, ms. */
  after(drained: number, now: number): number {
    if (drained > 0) this.#last = now
    this.#pause = now - this.#last < LONG_AGO ? 1 : Math.min(this.#pause * 2, SLOWEST)
    return this.#pause
  }
}
