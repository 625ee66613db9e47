// The gate of modules, whole: an agent with a policy of digests, what the kernel then loads, and what is told of who was refused.
// Needs BPF LSM and a module to load: the lab has both.
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import { moduleDigest } from '../../src/adapters/linux/modules/files.ts'
import type { Mode } from '../../src/core/workload.ts'
import { readKernelModule } from '../../src/layers/firmware/modules/appended.ts'
import type { EventRecord, FindingList, Status, WhyResult } from '../../src/server/api.ts'
import { Agent } from '../kit/agent.ts'
import { commonName, newPair } from '../kit/certificates.ts'
import { thymus } from '../kit/cli.ts'
import { appended } from '../kit/kernel-module.ts'
import { loadBuffer, loadFile, moduleToLoad } from '../kit/load-module.ts'
import { needKernel, whyNoKernel } from '../kit/need-kernel.ts'
import { signedData } from '../kit/signed-data.ts'

/** What security modules the kernel has. */
const LSM = '/sys/kernel/security/lsm'
const { EPERM } = constants.errno
const SIGNER = { subject: 'who signs here', key: newPair() }

let agent: Agent | undefined
let folder: string
/** The same module three times. */
let signed: string
let unsigned: string
let wrong: string
let why: string | undefined

before(async () => {
  if (whyNoKernel() !== undefined) return
  why = whyNot()
  if (why !== undefined) return
  folder = mkdtempSync(join(tmpdir(), 'thymus-module-agent-'))
  const { content } = readKernelModule(readFileSync(moduleToLoad()!))
  const signature = signedData({ key: SIGNER.key, by: { issuer: commonName(SIGNER.subject) }, content })
  const made = (name: string, bytes: Buffer) => {
    writeFileSync(join(folder, name), bytes)
    return join(folder, name)
  }
  signed = made('signed.ko', appended(content, signature))
  unsigned = made('unsigned.ko', content)
  wrong = made('wrong.ko', appended(Buffer.concat([content, Buffer.of(0)]), signature))
  agent = new Agent()
  await agent.up()
})
after(async () => {
  await agent?.down()
  if (folder) rmSync(folder, { recursive: true })
})

function whyNot(): string | undefined {
  if (!existsSync(LSM) || !readFileSync(LSM, 'utf8').trim().split(',').includes('bpf')) return 'this kernel admits no LSM program'
  return moduleToLoad() === undefined ? 'this kernel has no module to load' : undefined
}

function need(t: TestContext): boolean {
  if (!needKernel(t)) return false
  if (why !== undefined) t.skip(why)
  return why === undefined
}

/** Puts in force, as strongly as this, that only what was signed may be loaded, as `thymus module policy` says it. */
async function apply(mode: Mode): Promise<void> {
  const rules = [{ effect: 'allow', sha256: moduleDigest(signed) }]
  const text = `{"apiVersion":"thymus.dev/v1","kind":"NodePolicy","metadata":{"name":"modules"},\n"spec":{"modules":{"default":"deny","rules":\n${JSON.stringify(rules)}}}}`
  await agent!.post('/v1/policies', { text, file: 'modules.yaml', mode })
}

/** What `thymus event tail` shows of modules. */
async function events(): Promise<readonly EventRecord[]> {
  const words = ['event', 'tail', '--no-follow', '--type', 'module', '-o', 'ndjson']
  const { stdout, stderr, status } = await thymus(words, { env: { ...process.env, THYMUS_HOME: agent!.home } })
  assert.equal(status, 0, stderr)
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as EventRecord)
}

const IMPLICIT = { implicit: ['NodePolicy/modules'] }

test('a node whose policy of modules is observed or in shadow loads all, and whose is in force what was signed; it tells of each other, and the board shows how', async (t) => {
  if (!need(t)) return
  for (const mode of ['observe', 'shadow'] as const) {
    await apply(mode)
    assert.deepEqual(
      [signed, unsigned, wrong].map((path) => loadFile(path)),
      [0, 0, 0],
    )
  }
  await apply('enforce')
  assert.deepEqual(
    [signed, unsigned, wrong].map((path) => loadFile(path)),
    [0, EPERM, EPERM],
  )
  assert.equal(loadBuffer(signed), EPERM)

  const told = await events()
  assert.deepEqual(
    told.map(({ facts: { path, sha256, form }, ruling }) => [ruling?.enforced, form, path, sha256]),
    [
      [false, 'file', unsigned, moduleDigest(unsigned)], // observed
      [false, 'file', wrong, moduleDigest(wrong)],
      [false, 'file', unsigned, moduleDigest(unsigned)], // in shadow
      [false, 'file', wrong, moduleDigest(wrong)],
      [true, 'file', unsigned, moduleDigest(unsigned)],
      [true, 'file', wrong, moduleDigest(wrong)],
      [true, 'buffer', '', null],
    ],
  )
  for (const { workload, process: who, ruling } of told)
    assert.deepEqual([workload, who?.pid, ruling?.effect, ruling?.because], ['host', process.pid, 'deny', IMPLICIT])

  const { items } = await agent!.get<FindingList>('/v1/findings')
  const found = items.filter(({ code }) => code === 'FW_MODULE_DENIED')
  assert.deepEqual(found.map(({ title, layer, about }) => `${layer}, ${about}: ${title}`).sort(), [
    `firmware, host: Denied: loading ${unsigned} into the kernel`,
    `firmware, host: Denied: loading ${wrong} into the kernel`,
    'firmware, host: Denied: loading a module out of a buffer into the kernel; it has no file, so nobody knows what it is',
    `firmware, host: Would be denied: loading ${unsigned} into the kernel`,
    `firmware, host: Would be denied: loading ${wrong} into the kernel`,
  ])

  const why = (path: string) => agent!.post<WhyResult>('/v1/policies/why', { gate: 'module', sha256: moduleDigest(path), path })
  const [good, bad] = [await why(signed), await why(unsigned)]
  assert.deepEqual([good.allowed, bad.allowed, bad.decisions[0]!.because], [true, false, IMPLICIT])
  const because = good.decisions[0]!.because
  assert.deepEqual('rule' in because && because.rule.source, { file: 'modules.yaml', line: 3, column: 2 })

  const { layers, loss } = await agent!.get<Status>('/v1/status')
  const { rungs, summary } = layers.find(({ layer }) => layer === 'firmware')!
  assert.match(summary, /module policies enforced: 1$/)
  assert.deepEqual(rungs, [{ gate: 'module', rung: 'EPERM (LSM)', works: { is: 'pass' } }])
  const { issued, received } = loss.find(({ program }) => program === 'module')!
  assert.deepEqual([issued, received], [7, 7])
})
