// Runs the tests of the project: `bin/node test/runner/main.ts [pure | kernel | e2e | kube | boots | lab | FILE…]`, by default all suites one after
// another. One line per file, failures in full, skips with their reasons; the last line on stdout is `N passed, N failed, N skipped`.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { endAll, type FileResult, runFile } from './run-file.ts'
import { SUITES, type Suite, suiteOf, testFiles } from './suites.ts'

const ROOT = join(import.meta.dirname, '../..')
const LAB = join(ROOT, 'lab/lab')
const OBJECTS = join(ROOT, 'kernel/build')
/** The lab fetches what it needs, starts a guest, and there all takes its time. */
const LAB_SECONDS = 1500
const total = { passed: 0, failed: 0, skipped: 0 }
const failed: string[] = []

const here = process.cwd()
process.chdir(ROOT)
// Tools of the system, also for users whose PATH leaves them out.
process.env.PATH = `${process.env.PATH}:/usr/sbin:/sbin`
const interruption = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (interruption.signal.aborted) process.exit(130)
    interruption.abort()
    endAll() // and go on to clean up after them
  })
}

const words = process.argv.slice(2)
const wanted = filesOf(words.filter((word) => word !== 'lab'))
if (process.getuid!() === 0 && !existsSync('/usr/sbin/bpftool'))
  console.log('without bpftool: BPF programs that tests leave behind are not seen')
for (const suite of SUITES) {
  await runSuite(
    suite,
    wanted.filter((file) => suiteOf(file) === suite),
  )
}
if (words.length === 0 || words.includes('lab')) await runLab()
if (failed.length > 0) console.log(`\nfailed:\n${failed.map((name) => `  ${name}`).join('\n')}`)
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
process.exitCode = interruption.signal.aborted ? 130 : total.failed > 0 ? 1 : 0

/** All files for no word; those of a suite for its name; a path for itself, or for what lies below it. */
function filesOf(words: readonly string[]): string[] {
  const all = testFiles()
  if (process.argv.length === 2) return all
  const files = new Set<string>()
  for (const word of words) {
    const path = relative(ROOT, resolve(here, word))
    const named = all.filter((file) => suiteOf(file).name === word || file === path || file.startsWith(`${path}/`))
    if (named.length === 0) {
      console.error(`no test file belongs to ${word}`)
      process.exit(64)
    }
    for (const file of named) files.add(file)
  }
  return [...files]
}

async function runSuite(suite: Suite, files: readonly string[]): Promise<void> {
  const queue = [...files]
  const until = performance.now() + suite.suiteSeconds * 1000
  const work = async () => {
    for (let file = queue.shift(); file !== undefined && !interruption.signal.aborted; file = queue.shift()) {
      const left = Math.ceil((until - performance.now()) / 1000)
      if (left > 0) show(suite, await runFile(file, { seconds: Math.min(suite.fileSeconds, left), settleMs: suite.settleMs }))
      else show(suite, notRun(file, `the suite ${suite.name} took longer than ${suite.suiteSeconds} s`))
    }
  }
  await Promise.all(Array.from({ length: suite.workers }, work))
}

function notRun(file: string, text: string): FileResult {
  return { file, seconds: 0, passed: 0, failures: [{ name: 'is run', text }], skipped: new Map(), output: '' }
}

function show({ name }: Suite, { file, seconds, passed, failures, skipped, output }: FileResult): void {
  const skips = [...skipped.values()].reduce((sum, count) => sum + count, 0)
  count(passed, failures.length, skips)
  const counts = [`${passed} passed`, failures.length > 0 && `${failures.length} FAILED`, skips > 0 && `${skips} skipped`].filter(Boolean)
  console.log(`${name.padEnd(7)}${file.padEnd(52)} ${seconds.toFixed(1).padStart(6)} s  ${counts.join(', ')}`)
  for (const [why, times] of skipped) console.log(`${''.padEnd(7)}skipped ${times}: ${why}`)
  for (const failure of failures) {
    failed.push(`${file}: ${failure.name}`)
    console.log(`\n  FAILED ${file}: ${failure.name}\n${indent(failure.text)}`)
  }
  if (failures.length > 0) console.log(output === '' ? '' : `\n  what it wrote:\n${indent(output)}\n`)
}

function indent(text: string): string {
  return text.trimEnd().replace(/^/gm, '    ')
}

function count(passed: number, failures: number, skipped: number): void {
  total.passed += passed
  total.failed += failures
  total.skipped += skipped
}

/** The lab runs the kernel suite in a guest with this runner, so its last line is like ours. It ends with 77 where no guest can be had. */
async function runLab(): Promise<void> {
  if (interruption.signal.aborted || !existsSync(LAB)) return
  if (!existsSync(OBJECTS)) return skipLab('the kernel objects have not been built (make kernel)')
  const began = performance.now()
  const lab = spawn(LAB, ['test'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: LAB_SECONDS * 1000,
    signal: interruption.signal,
  })
  lab.on('error', () => {}) // interrupted; its exit tells
  const exit = new Promise<number | null>((done) => lab.on('exit', done))
  let last = ''
  for await (const line of createInterface({ input: lab.stdout })) {
    if (last !== '') console.log(`lab: ${last}`)
    last = line
  }
  const status = await exit
  if (status === 77) return skipLab('no guest can be had here')
  const [, passed = 0, failures = 0, skipped = 0] = (/^(\d+) passed, (\d+) failed, (\d+) skipped$/.exec(last) ?? []).map(Number)
  const broke = status !== 0 && failures === 0
  count(passed, broke ? 1 : failures, skipped)
  console.log(`lab    ${((performance.now() - began) / 1000).toFixed(1)} s: ${last}`)
  if (status !== 0) failed.push(`lab/lab test: ${status === null ? `did not finish within ${LAB_SECONDS} s` : `exit status ${status}`}`)
}

function skipLab(why: string): void {
  console.log(`lab    skipped 1: ${why}`)
  count(0, 0, 1)
}
