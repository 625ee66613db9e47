// `thymus admission audit`: what is in a cluster already, and would not be let in now.
import { createHash } from 'node:crypto'
import { ClusterError, type KubernetesClient, type Resource } from '../../adapters/kubernetes/client.ts'
import { EXIT, ThymusError } from '../../core/errors.ts'
import { type Finding, SEVERITIES, type Severity } from '../../core/finding.ts'
import { isNamespace, type KubernetesObject, kindOf, nameOf, namespaceOf } from '../../formats/kubernetes/object.ts'
import type { Violation } from '../../layers/admission/judgement.ts'
import type { AdmissionRequest } from '../../layers/admission/review.ts'
import { JudgePool } from '../../server/admission/pool.ts'
import { type OutputFlags, openOutput } from '../output.ts'
import { readSources } from '../scan/files.ts'
import { note, waiting } from '../terminal.ts'
import { type ClusterFlags, clusterOf, openClient } from './cluster.ts'

export interface AuditFlags extends OutputFlags, ClusterFlags {
  readonly policy?: readonly string[]
  readonly 'pod-security'?: string
  readonly 'fail-on': Severity | 'none'
}

/** Of one object. */
const JUDGE_MS = 5_000
/** Beyond it, nobody reads on. */
const MAX_FINDINGS = 50_000
/** What comes and goes by itself, and is about other objects. */
const UNASKED = ['Event', 'Lease', 'EndpointSlice', 'ComponentStatus']

export async function audit(flags: AuditFlags): Promise<number> {
  const output = await openOutput('FindingList', flags)
  const client = openClient(flags)
  const cluster = clusterOf(client, false, note)
  const pool = new JudgePool({ follow: (wanted) => cluster.follow(wanted), snapshot: () => cluster.snapshot(), note })
  try {
    const paths = flags.policy ?? []
    const sources = (await Promise.all(paths.map((path) => (path === 'cluster' ? cluster.policies() : readSources(path))))).flat()
    const security = flags['pod-security']
    const podSecurity = security === undefined || security === 'off' ? security : (await readSources(security))[0]
    await pool.load({ sources, podSecurity, isAlone: false, locates: true })
    const counts = { objects: 0 }
    const items = await waiting('asking about what runs', findAll(client, pool, counts))
    output.show({ items })
    const unjudged = items.filter(isUnjudged).length
    note(`${counts.objects} objects, ${items.length - unjudged} findings${unjudged > 0 ? `, ${unjudged} could not be judged` : ''}`)
    return statusOf(items, flags['fail-on'])
  } finally {
    pool.stop()
    cluster.stop()
  }
}

async function findAll(client: KubernetesClient, pool: JudgePool, counts: { objects: number }): Promise<readonly Finding[]> {
  const found: Finding[] = []
  for (const resource of await resourcesOf(client)) {
    try {
      for await (const { items } of client.list(resource)) {
        counts.objects += items.length
        for (let at = 0; at < items.length; at += pool.size)
          found.push(...(await Promise.all(items.slice(at, at + pool.size).map((object) => judged(pool, object, resource)))).flat())
        if (found.length <= MAX_FINDINGS) continue
        note(`more than ${MAX_FINDINGS} findings: the rest is not looked for`)
        return found
      }
    } catch (error) {
      // Kinds may go while we look, and some of those that are told of cannot be listed.
      if (!(error instanceof ClusterError) || ![403, 404, 405].includes(error.status)) throw error
      note(`not looked at: ${resource.kind} of ${resource.apiVersion}: ${error.message}`)
      if (error.status === 403) found.push(unjudged(`all ${resource.name}`, error))
    }
  }
  return found
}

async function resourcesOf(client: KubernetesClient): Promise<readonly Resource[]> {
  const all: Resource[] = []
  for (const version of await client.apiVersions()) {
    const own = await client.resources(version)
    all.push(...own.filter(({ name, kind, verbs }) => verbs.includes('list') && !name.includes('/') && !UNASKED.includes(kind)))
  }
  return all
}

async function judged(pool: JudgePool, object: KubernetesObject, resource: Resource): Promise<readonly Finding[]> {
  try {
    const { violations } = await pool.audit(requestOf(object, resource), { now: Date.now(), milliseconds: JUDGE_MS })
    return violations.map((violation) => findingOf(object, violation))
  } catch (error) {
    if (!(error instanceof ThymusError)) throw error
    return [unjudged(aboutOf(object), error)]
  }
}

/** As if it were made now by nobody. */
function requestOf(object: KubernetesObject, resource: Resource): AdmissionRequest {
  const { group, version, kind } = kindOf(object)
  return {
    uid: '',
    kind: { group, version, kind },
    resource: { group, version, resource: resource.name },
    ...{ subResource: '', requestKind: undefined, requestResource: undefined, requestSubResource: '' },
    name: nameOf(object),
    namespace: isNamespace(object) ? nameOf(object) : namespaceOf(object),
    operation: 'CREATE',
    userInfo: { username: '', uid: '', groups: [], extra: {} },
    ...{ object, oldObject: undefined, dryRun: true, options: undefined },
  }
}

const SEVERITY = { deny: 'high', warn: 'medium', dryrun: 'info' } as const

function findingOf(object: KubernetesObject, { policy, rule, message, action, field }: Violation): Finding {
  const isPodSecurity = policy.startsWith('PodSecurity/')
  const about = aboutOf(object)
  const name = isPodSecurity ? `PodSecurity/${rule}` : policy
  return {
    id: idOf(about, kindOf(object).group, name, action, field ?? message),
    code: isPodSecurity ? 'ADM_POD_SECURITY' : 'ADM_VIOLATION',
    layer: 'admission',
    severity: SEVERITY[action],
    at: Date.now(),
    about,
    title: message,
    evidence: { action, rule, ...(field !== undefined && { field }) },
    because: null,
    remedy: 'Change the object so that the policy lets it in; until it is made anew, it runs on.',
    rule: { name, title: name, reason: '' },
  }
}

function unjudged(about: string, { code, message }: ThymusError): Finding {
  return {
    ...{ id: idOf(about, code), code: 'ADM_UNJUDGED', layer: 'admission', severity: 'high', at: Date.now(), about },
    title: `${code}: ${message}`,
    evidence: { error: message },
    because: null,
    remedy: 'Make it one that can be judged: until then, take it for refused.',
  }
}

function aboutOf(object: KubernetesObject): string {
  const namespace = namespaceOf(object)
  return `${kindOf(object).kind} ${namespace === '' ? '' : `${namespace}/`}${nameOf(object)}`
}

const idOf = (...parts: readonly string[]) => createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16)
const isUnjudged = ({ code }: Finding) => code === 'ADM_UNJUDGED'

function statusOf(items: readonly Finding[], threshold: Severity | 'none'): number {
  const isOver = ({ severity }: Finding) => threshold !== 'none' && SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(threshold)
  if (items.some((each) => !isUnjudged(each) && isOver(each))) return EXIT.findings
  return items.some(isUnjudged) ? EXIT.unknown : EXIT.ok
}
