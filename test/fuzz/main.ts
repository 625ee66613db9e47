// `npm run -s fuzz -- NAME SECONDS [--seed 1] [--only TARGET,…] [--programs DIR]`: hostile input without end for one group of targets, or for
// all. A case follows from the seed and its number, so a find is run again by `--seed S --case N`. Whatever is thrown and has no code, a case
// that takes too long or too much memory, and anything that reaches a prototype is a find: printed on stderr, exit 1.
import { globSync, readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { EXIT } from '../../src/core/errors.ts'
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
    only: { type: 'string' },
    programs: { type: 'string' },
  },
})
const [group = '', seconds = ''] = positionals
if (!Object.hasOwn(GROUPS, group) || !(Number(seconds) > 0)) {
  console.error(`usage: fuzz NAME SECONDS, where NAME is one of ${Object.keys(GROUPS).join(', ')}`)
  process.exit(EXIT.usage)
}
const task: Omit<Task, 'first'> = {
  group,
  seed: Number(values.seed),
  last: values.case === undefined ? Number.POSITIVE_INFINITY : Number(values.case),
  only: values.only?.split(',') ?? [],
  programs: values.programs === undefined ? [] : globSync(`${values.programs}/**/*.rego`).map((file) => readFileSync(file, 'utf8')),
}
const end = performance.now() + Number(seconds) * 1_000
const counts: Record<string, Record<string, number>> = {}
let finds = 0
let next = Number(values.case ?? 0)
while (next <= task.last && performance.now() < end) next = await work(next)
const { user, system } = process.cpuUsage()
for (const [target, outcomes] of Object.entries(counts)) console.log(`${target.padEnd(32)} ${JSON.stringify(outcomes)}`)
console.log(`seed ${task.seed}: ${next} cases, ${finds} finds, ${Math.round((user + system) / 1e6)} s of CPU`)
process.exitCode = finds > 0 ? 1 : 0

/** Runs cases until one ends the worker, or the time is over; answers with the number of the next case. */
async function work(first: number): Promise<number> {
  const worker = new Worker(new URL('worker.ts', import.meta.url), {
    workerData: { ...task, first } satisfies Task,
    resourceLimits: { maxOldGenerationSizeMb: MEMORY },
  })
  let at = first - 1
  let since = performance.now()
  let target = ''
  const find = (what: string) => {
    finds++
    process.stderr.write(`FIND ${target} --seed ${task.seed} --case ${at}: ${what}\n`)
  }
  return new Promise((resolve) => {
    const watch = setInterval(() => {
      const slow = performance.now() - since > TOO_LONG
      if (slow) find(`more than ${TOO_LONG} ms`)
      if (!slow && performance.now() < end) return
      clearInterval(watch)
      void worker.terminate().then(() => resolve(at + 1))
    }, 200)
    worker.on('message', (said: Said) => {
      since = performance.now()
      if (said.kind === 'begins') [at, target] = [said.at, said.target]
      else if (said.kind === 'find') find(said.what)
      else {
        counts[said.target] ??= {}
        const outcomes = counts[said.target]!
        outcomes[said.outcome] = (outcomes[said.outcome] ?? 0) + 1
      }
    })
    worker.on('error', (error: Error) => {
      find(error.message)
      clearInterval(watch)
      resolve(at + 1)
    })
    worker.on('exit', () => {
      clearInterval(watch)
      resolve(at + 1)
    })
  })
}
