// Work that is done a slice at a time, so that whoever does it can see to other things in between.

/** Yields wherever it may be stopped for a while, and returns what it is for. */
export type Sliced<T> = Generator<undefined, T, undefined>

/** All of it now. */
export function finish<T>(work: Sliced<T>): T {
  let step = work.next()
  while (step.done !== true) step = work.next()
  return step.value
}
