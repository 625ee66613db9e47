// The gate that every change passes: all steps at once, one line each; what failed is shown in full. The last line on stdout is
// `N passed, N failed, N skipped`.
import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'

interface Step {
  readonly name: string
  readonly command: readonly string[]
}

/** A step that cannot be done here says `skipped: REASON` and ends well. The slow ones first. */
const STEPS: readonly Step[] = [
  { name: 'types', command: ['node_modules/typescript/bin/tsc', '--noEmit'] },
  { name: 'format and lint', command: ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.'] },
  { name: 'format of C', command: ['tools/check-c-format.ts'] },
  { name: 'shell', command: ['tools/check-shell.ts'] },
  { name: 'import law', command: ['tools/check-imports.ts'] },
  { name: 'files', command: ['tools/check-files.ts'] },
  { name: 'layout.gen.ts is fresh', command: ['tools/gen-layout.ts', '--check'] },
  { name: 'docs/codes.md is fresh', command: ['tools/gen-codes.ts', '--check'] },
  { name: 'docs/schemas are fresh', command: ['tools/gen-doors.ts', '--check'] },
]
const total = { passed: 0, failed: 0, skipped: 0 }

process.chdir(`${import.meta.dirname}/..`)
process.env.PATH = `${process.env.PATH}:/usr/sbin:/sbin`
const queue = [...STEPS]
await Promise.all(Array.from({ length: availableParallelism() }, work))
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
process.exitCode = total.failed > 0 ? 1 : 0

async function work(): Promise<void> {
  for (let step = queue.shift(); step !== undefined; step = queue.shift()) {
    const began = performance.now()
    const { status, said } = await run(step.command)
    const skipped = status === 0 && said.startsWith('skipped: ')
    const outcome = status !== 0 ? 'failed' : skipped ? 'skipped' : 'passed'
    total[outcome]++
    const word = status === 0 ? 'ok' : 'FAILED'
    console.log(`${step.name.padEnd(24)}${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s  ${skipped ? said : word}`)
    const shown = status === 0 ? said.split('\n').filter((line) => line.startsWith('warning: ')) : said.split('\n')
    for (const line of shown) console.log(`    ${line}`)
  }
}

function run(command: readonly string[]): Promise<{ readonly status: number | null; readonly said: string }> {
  return new Promise((done) => {
    const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'pipe'] })
    const said: Buffer[] = []
    child.stdout.on('data', (chunk) => said.push(chunk))
    child.stderr.on('data', (chunk) => said.push(chunk))
    child.on('close', (status) => done({ status, said: Buffer.concat(said).toString('utf8').trim() }))
  })
}
