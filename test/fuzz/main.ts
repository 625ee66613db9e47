// `npm run -s fuzz -- NAME SECONDS [--seed 1] [--only TARGET,…] [--programs DIR] [--corpus DIR]`: hostile input without end for one group of
// targets, or for all; each target gets as much of the processor as the others. Whatever is thrown and has no code, a case that takes too long or
// too much memory, and anything that reaches a prototype is a find: printed on stderr, exit 1. Bytes that led to one are written to a file and
// are read again by `--only TARGET --input FILE`; what was generated follows from `--only TARGET --seed S --case N`. Bytes that were answered in
// a new way are kept in DIR, from which another run goes on.
import { globSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { EXIT } from '../../src/core/errors.ts'
import { MAX_LENGTH } from './bytes.ts'
import { GROUPS } from './groups.ts'
import type { Said, Task } from './worker.ts'

/** A case of this kind takes milliseconds, and its evaluation is limited to fewer. */
const TOO_LONG = 10_000
const MEMORY = 1_500

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: '1' },
    case: { type: 'string' },
    input: { type: 'string' },
    only: { type: 'string' },
    programs: { type: 'string' },
    corpus: { type: 'string' },
  },
})
const [group = '', seconds = ''] = positionals
if (!Object.hasOwn(GROUPS, group) || !(Number(seconds) > 0)) {
  console.error(`usage: fuzz NAME SECONDS, where NAME is one of ${Object.keys(GROUPS).join(', ')}`)
  process.exit(EXIT.usage)
}
const names = Object.keys(GROUPS[group]!)
const only = values.only?.split(',') ?? names
const strange = only.find((name) => !names.includes(name))
if (strange !== undefined) {
  console.error(`no target ${strange} in ${group}: ${names.join(', ')}`)
  process.exit(EXIT.usage)
}
const once = values.case ?? (values.input === undefined ? undefined : '0')
const task: Omit<Task, 'first'> = {
  group,
  seed: Number(values.seed),
  last: Number(once ?? Number.POSITIVE_INFINITY),
  only,
  programs: values.programs === undefined ? [] : globSync(`${values.programs}/**/*.rego`).map((file) => readFileSync(file, 'utf8')),
  corpus: values.corpus,
  input: values.input === undefined ? undefined : readFileSync(values.input),
  now: new Int32Array(new SharedArrayBuffer(12)),
  bytes: new Uint8Array(new SharedArrayBuffer(MAX_LENGTH)),
}
let end = performance.now() + Number(seconds) * 1_000
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => (end = 0))
const sums = new Map(only.map((target) => [target, { outcomes: {} as Record<string, number>, cpu: 0, kept: 0 }]))
const found = new Set<string>()
let folder: string | undefined
let next = Number(once ?? 0)
while (next <= task.last && performance.now() < end) next = await work(next)
for (const [target, { outcomes, cpu, kept }] of sums)
  console.log(`${target.padEnd(32)} ${(cpu / 1e6).toFixed(0).padStart(5)} s  ${String(kept).padStart(4)} kept  ${JSON.stringify(outcomes)}`)
const cpu = [...sums.values()].reduce((sum, each) => sum + each.cpu, 0)
console.log(`seed ${task.seed}: ${next} cases, ${found.size} finds, ${Math.round(cpu / 1e6)} s of CPU`)
process.exitCode = found.size > 0 ? 1 : 0

/** Runs cases until one ends the worker, or the time is over; answers with the number of the next case. */
function work(first: number): Promise<number> {
  const worker = new Worker(new URL('worker.ts', import.meta.url), {
    workerData: { ...task, first } satisfies Task,
    resourceLimits: { maxOldGenerationSizeMb: MEMORY },
  })
  // Until the first case begins, what was kept is read.
  task.now[0] = first - 1
  /** What runs now is a find. */
  const stuck = (what: string) => find(only[task.now[1]!]!, { at: task.now[0]!, what, input: task.bytes.slice(0, task.now[2]) })
  return new Promise((resolve, reject) => {
    let [at, since, looked] = [first, performance.now(), performance.now()]
    const watch = setInterval(() => {
      const now = performance.now()
      // Where nobody looked for so long, this process stood still, and the case with it.
      if (task.now[0] !== at || now - looked > TOO_LONG / 2) [at, since] = [task.now[0]!, now]
      looked = now
      const slow = task.now[0]! >= first && now - since > TOO_LONG
      if (slow) stuck(`more than ${TOO_LONG} ms`)
      if (slow || now > end) void worker.terminate()
    }, 200)
    worker.on('message', ({ target, outcomes, cpu, kept, finds }: Said) => {
      const sum = sums.get(target)!
      for (const [outcome, count] of Object.entries(outcomes)) sum.outcomes[outcome] = (sum.outcomes[outcome] ?? 0) + count
      sum.cpu += cpu
      sum.kept = kept ?? 0
      for (const each of finds) find(target, each)
    })
    worker.on('error', (error: Error) => (task.now[0]! < first ? reject(error) : stuck(error.message)))
    worker.on('exit', () => {
      clearInterval(watch)
      resolve(task.now[0]! + 1)
    })
  })
}

/** Prints a find, once for each place that it comes from. */
function find(target: string, { at, what, input }: Said['finds'][number]): void {
  const place = `${target} ${what.split('\n', 3).join(' ')}`
  if (found.has(place)) return
  found.add(place)
  let again = `--seed ${task.seed} --case ${at}`
  if (input !== undefined && input.length > 0) {
    folder ??= mkdtempSync(join(tmpdir(), 'thymus-fuzz-'))
    const file = join(folder, `${target.replace('/', '-')}-${at}`)
    writeFileSync(file, input)
    again = `--input ${file}`
  }
  process.stderr.write(`FIND --only ${target} ${again}: ${what}\n`)
}
