// Long work on the thread that answers.
import type { Sliced } from '../core/slices.ts'

/** So many milliseconds of it at a time, the first at once; what else there is to do is done in between. */
export async function inSlices<T>(work: Sliced<T>, milliseconds: number): Promise<T> {
  for (;;) {
    const end = performance.now() + milliseconds
    do {
      const step = work.next()
      if (step.done === true) return step.value
    } while (performance.now() < end)
    await new Promise(setImmediate)
  }
}
