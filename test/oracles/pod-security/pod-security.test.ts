// Our checks beside those of Kubernetes' own library. PODS, REQUESTS and SEED make it another run, or a larger one.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ThymusError } from '../../../src/core/errors.ts'
import { forbiddenDetail, forbiddenReason, judgePod } from '../../../src/layers/admission/pod-security/evaluate.ts'
import { LEVELS, type LevelVersion, type Version } from '../../../src/layers/admission/pod-security/level.ts'
import { readPod } from '../../../src/layers/admission/pod-security/read-pod.ts'
import { CHECKS, NEWEST_MINOR } from '../../../src/layers/admission/pod-security/registry.ts'
import { Random } from '../../kit/random.ts'
import { type Answer, startOracle } from './oracle.ts'
import { PodMaker } from './pods.ts'

const PODS = Number(process.env.PODS ?? 600)
const SEED = Number(process.env.SEED ?? 1)
/** Questions that are under way at once. */
const BATCH = 200

const VERSIONS: readonly Version[] = ['latest', 'v1.99', ...Array.from({ length: NEWEST_MINOR + 2 }, (_, minor) => `v1.${minor}` as const)]
const POLICIES: readonly LevelVersion[] = LEVELS.flatMap((level) => VERSIONS.map((version) => ({ level, version })))
const POLICY_PAIRS = POLICIES.map(({ level, version }) => [level, version] as const)

let oracle: ReturnType<typeof startOracle>
before(() => {
  oracle = startOracle()
})
after(() => {
  if (typeof oracle !== 'string') oracle.stop()
})

test('every level of every version says of a pod what Kubernetes says', async (t) => {
  if (typeof oracle === 'string') return t.skip(oracle)
  const random = new Random(SEED)
  const maker = new PodMaker(random)
  const seen = { refused: 0, allowed: 0, forbidden: 0, failed: new Set<string>() }
  for (let done = 0; done < PODS; done += BATCH) {
    const questions = Array.from({ length: Math.min(BATCH, PODS - done) }, () => {
      // As it comes off the wire.
      const pod = JSON.parse(JSON.stringify(maker.pod())) as { metadata?: unknown; spec?: unknown }
      const clusterMinor = random.of([NEWEST_MINOR, 99, 34, 22, 3])
      return { pod, policies: POLICY_PAIRS, clusterMinor }
    })
    const answers = await oracle.ask(questions)
    for (const [at, { pod, clusterMinor }] of questions.entries()) compare(pod, clusterMinor, answers[at]!, seen)
  }
  t.diagnostic(`seed ${SEED}: ${seen.allowed} allowed, ${seen.forbidden} forbidden, ${seen.refused} pods refused`)
  assert.ok(seen.refused > PODS / 100 && seen.allowed > PODS && seen.forbidden > PODS)
  assert.deepEqual(
    CHECKS.filter(({ id }) => !seen.failed.has(id)),
    [],
  )
})

function compare(
  pod: { metadata?: unknown; spec?: unknown },
  clusterMinor: number,
  theirs: Answer,
  seen: { refused: number; allowed: number; forbidden: number; failed: Set<string> },
): void {
  const what = () => `${JSON.stringify(pod)} in 1.${clusterMinor}`
  const read = attempt(() => readPod(pod.metadata, pod.spec))
  if (read === undefined || theirs.error !== undefined) {
    assert.ok(read === undefined && theirs.error !== undefined, `${theirs.error ?? 'taken'}, ours ${read ? 'taken' : 'refused'}: ${what()}`)
    seen.refused++
    return
  }
  for (const [at, policy] of POLICIES.entries()) {
    const verdict = judgePod(policy, read, clusterMinor)
    const { failures, allowed } = verdict
    const ours = {
      allowed,
      reasons: allowed ? null : failures.map(({ reason }) => reason),
      details: allowed ? null : failures.map(({ detail }) => detail),
      reason: forbiddenReason(verdict),
      detail: forbiddenDetail(verdict),
    }
    assert.deepEqual(ours, theirs.verdicts![theirs.of![at]!], `${JSON.stringify(policy)} ${what()}`)
    assert.ok(
      failures.every(({ fields }) => fields.length > 0),
      `no fields: ${what()}`,
    )
    for (const { check } of failures) seen.failed.add(check)
    seen[allowed ? 'allowed' : 'forbidden']++
  }
}

function attempt<T>(make: () => T): T | undefined {
  try {
    return make()
  } catch (error) {
    if (error instanceof ThymusError && error.code === 'REVIEW' && error.at !== undefined) return undefined
    throw error
  }
}
