// Usage: source-main.ts OBJECTS PINS RATE SECONDS. Issues so many synthetic events a second, in portions of a millisecond, and prints how
// many there were. A process of its own, so that it can be kept to one processor.
import { Source } from './source.ts'

const [objects, pins, rate, seconds] = [process.argv[2]!, process.argv[3]!, Number(process.argv[4]), Number(process.argv[5])]
/** What a moment without the processor left undone is not made up for at once: that would be another rate. */
const MOST_AT_ONCE = 10
const nap = new Int32Array(new SharedArrayBuffer(4))

using source = new Source(objects, pins)
const began = performance.now()
let issued = 0
let skipped = 0
for (let now = began; now - began < seconds * 1000; now = performance.now()) {
  const due = Math.floor(((now - began) * rate) / 1000) - issued - skipped
  const portion = Math.min(due, (rate / 1000) * MOST_AT_ONCE)
  if (portion > 0) source.run('emit_test', portion)
  issued += Math.max(0, portion)
  skipped += Math.max(0, due - portion)
  Atomics.wait(nap, 0, 0, 1)
}
console.log(JSON.stringify({ issued, seconds: (performance.now() - began) / 1000 }))
