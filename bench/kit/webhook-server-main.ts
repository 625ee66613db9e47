// The webhook as it is served, for a benchmark. Usage: webhook-server-main.ts judge | two | pool | twoPool | nothing. Prints its address and its authority as JSON,
// and goes on until stdin ends.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Expander } from '../../src/layers/admission/gatekeeper/expansion.ts'
import { MutationSystem } from '../../src/layers/admission/gatekeeper/mutation/system.ts'
import { Judge } from '../../src/layers/admission/judge.ts'
import type { AdmissionJudge } from '../../src/layers/admission/judgement.ts'
import { keptCertificates } from '../../src/server/admission/certificates.ts'
import { JudgePool } from '../../src/server/admission/pool.ts'
import { AdmissionServer } from '../../src/server/admission/server.ts'
import { pod } from './kubernetes-objects.ts'
import { libraryOf, readPolicies, templateFolder } from './templates.ts'

const ALLOWED = { allowed: true, warnings: [], auditAnnotations: {}, violations: [] } as const
const nothing: AdmissionJudge = { validate: () => ALLOWED, mutate: () => ({ ...ALLOWED, object: undefined }) }

const policies = (folder = templateFolder()!.path) => readPolicies(folder, pod(0))
/** The rules of the article. */
const TWO = join(import.meta.dirname, '../../policies/admission/baseline')

/** In threads, as `thymus admission serve` has it. */
async function pool(folder?: string): Promise<AdmissionJudge> {
  const threads = new JudgePool({ follow: async () => {}, snapshot: () => [], note: console.error })
  const sources = policies(folder).flatMap(({ objects }, at) =>
    objects.map((object, n) => ({ file: `${at}-${n}.json`, text: JSON.stringify(object) })),
  )
  await threads.load({ sources, podSecurity: 'off', isAlone: true, locates: false })
  return threads
}

function judge(folder?: string): AdmissionJudge {
  const mutations = MutationSystem.of([])
  return new Judge({
    library: libraryOf(policies(folder)),
    expander: Expander.of([], mutations),
    mutations,
    config: { excluded: [] },
    validating: { policies: [], bindings: [] },
    podSecurity: undefined,
    cluster: { namespace: () => undefined, pods: () => [], late: () => false, params: () => undefined },
    // As without a log of decisions.
    locates: false,
    clock: () => performance.now(),
  })
}

const JUDGES = { judge, two: () => judge(TWO), pool, twoPool: () => pool(TWO), nothing: () => nothing }

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
