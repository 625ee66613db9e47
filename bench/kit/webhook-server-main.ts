// The webhook as it is served, for a benchmark. Usage: webhook-server-main.ts templates | two | nothing. Prints its address and its authority as
// JSON, and goes on until stdin ends.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AdmissionJudge } from '../../src/layers/admission/judgement.ts'
import { keptCertificates } from '../../src/server/admission/certificates.ts'
import { JudgePool } from '../../src/server/admission/pool.ts'
import { QuickJudge } from '../../src/server/admission/quick-judge.ts'
import { AdmissionServer } from '../../src/server/admission/server.ts'
import { pod } from './kubernetes-objects.ts'
import { readPolicies, templateFolder } from './templates.ts'

const ALLOWED = { allowed: true, warnings: [], auditAnnotations: {}, violations: [] } as const
const nothing: AdmissionJudge = { validate: () => ALLOWED, mutate: () => ({ ...ALLOWED, object: undefined }) }

/** The rules of the article. */
const TWO = join(import.meta.dirname, '../../policies/admission/baseline')

/** As `thymus admission serve` has it. */
async function deployed(folder: string): Promise<AdmissionJudge> {
  const snapshot = () => []
  const others = new JudgePool({ follow: async () => {}, snapshot, note: console.error })
  const judge = new QuickJudge({ others, snapshot, clock: () => performance.now(), note: console.error })
  const sources = readPolicies(folder, pod(0)).flatMap(({ objects }, at) =>
    objects.map((object, n) => ({ file: `${at}-${n}.json`, text: JSON.stringify(object) })),
  )
  await judge.load({ sources, podSecurity: 'off', isAlone: true, locates: false })
  return judge
}

const JUDGES = { templates: () => deployed(templateFolder()!.path), two: () => deployed(TWO), nothing: () => nothing }

const folder = mkdtempSync(join(tmpdir(), 'thymus-bench-'))
const server = await AdmissionServer.start({
  address: { host: '127.0.0.1', port: 0 },
  certificates: keptCertificates(folder, ['127.0.0.1']),
  judge: await JUDGES[process.argv[2] as keyof typeof JUDGES](),
  failMode: { validate: 'Fail', mutate: 'Fail' },
  now: Date.now,
  clock: () => performance.now(),
  fault: (error) => console.error(error),
})
console.log(JSON.stringify({ url: server.url, ca: server.credentials.bundle }))
process.stdin.resume().once('end', async () => {
  await server.stop(100)
  rmSync(folder, { recursive: true })
  process.exit()
})
