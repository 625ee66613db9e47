// Ten thousand objects in files, and every template that there is: how long an audit takes, and how much memory; gator test beside.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { findGator } from '../test/kit/gator.ts'
import type { Audited } from './kit/audit-main.ts'
import { objects } from './kit/kubernetes-objects.ts'
import { type Benchmark, type Measure, unmeasured } from './kit/report.ts'
import { NO_TEMPLATES, readPolicies, templateFolder } from './kit/templates.ts'

const OBJECTS = 10_000
/** Of a file. */
const TOGETHER = 100
const PEER_MS = 300_000
const MAIN = join(import.meta.dirname, 'kit/audit-main.ts')

export const admissionAudit: Benchmark = {
  name: 'admission-audit',
  about: `${OBJECTS.toLocaleString('en')} objects in files (Pods, Deployments, Services, Ingresses) by every template; gator test beside`,
  kernel: false,
  async run() {
    const folder = templateFolder()
    if (folder === undefined) return [unmeasured('audit', NO_TEMPLATES)]
    const work = mkdtempSync(join(tmpdir(), 'thymus-bench-'))
    try {
      const [files, policies] = [join(work, 'objects'), join(work, 'policies')]
      const count = write(folder.path, files, policies)
      const audited = await ours(folder.path, files)
      const from = `${count} templates of ${folder.name}`
      return [...ourMeasures(audited, from), ...(await theirs(files, policies, audited))]
    } finally {
      rmSync(work, { recursive: true })
    }
  },
}

/** The number of policies. */
function write(from: string, files: string, policies: string): number {
  for (const each of [files, policies]) mkdirSync(each)
  const texts = objects(OBJECTS).map((object) => JSON.stringify(object))
  for (let at = 0; at < OBJECTS; at += TOGETHER) {
    writeFileSync(join(files, `${at}.yaml`), `${texts.slice(at, at + TOGETHER).join('\n---\n')}\n`)
  }
  const read = readPolicies(from)
  for (const [at, object] of read.flatMap((each) => each.objects).entries()) {
    writeFileSync(join(policies, `${at}.yaml`), JSON.stringify(object))
  }
  return read.length
}

async function ours(policies: string, files: string): Promise<Audited> {
  const child = spawn(process.execPath, [MAIN, policies, files], { stdio: ['ignore', 'pipe', 'inherit'] })
  return JSON.parse(await text(child.stdout)) as Audited
}

function ourMeasures({ objects: count, violations, policies, reading, reviewing, memory }: Audited, from: string): readonly Measure[] {
  const seconds = policies + reading + reviewing
  const parts = `${policies.toFixed(1)} s to compile, ${reading.toFixed(1)} s to read ${count} objects, ${reviewing.toFixed(1)} s to review`
  return [
    { what: 'ours, the whole audit', value: seconds, unit: 's', note: `${parts}; ${from}, ${violations} violations` },
    { what: 'ours, memory at most', value: memory / 1e6, unit: 'MB' },
  ]
}

async function theirs(files: string, policies: string, audited: Audited): Promise<readonly Measure[]> {
  const what = 'gator test, the same'
  const gator = findGator()
  if ('why' in gator) return [unmeasured(what, gator.why)]
  const begun = performance.now()
  const args = ['test', `--filename=${policies}`, `--filename=${files}`]
  const child = spawn(gator.path, args, { stdio: ['ignore', 'pipe', 'inherit'], timeout: PEER_MS })
  const peak = watch(child)
  const ended = new Promise((done) => child.once('close', done))
  const output = await text(child.stdout!)
  await ended
  const seconds = (performance.now() - begun) / 1000
  if (child.signalCode !== null) return [unmeasured(what, `it had not ended after ${(PEER_MS / 1000).toFixed(0)} s`)]
  const found = output.match(/\] Message: "/g)?.length ?? 0
  const note = found === audited.violations ? 'as many violations' : `${found} violations, which are not as many`
  return [
    { what, value: seconds, unit: 's', note },
    { what: 'gator test, memory at most', value: peak() / 1e6, unit: 'MB' },
  ]
}

/** The most memory that a process has had, in bytes, as it is seen five times a second. */
function watch(child: ChildProcess): () => number {
  let most = 0
  const look = () => {
    try {
      most = Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${child.pid}/status`, 'latin1'))?.[1] ?? 0) * 1024 || most
    } catch {
      // It has ended.
    }
  }
  const timer = setInterval(look, 200)
  child.once('exit', () => clearInterval(timer))
  return () => most
}
