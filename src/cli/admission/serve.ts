// `thymus admission serve`: the webhook in the foreground.
import { performance } from 'node:perf_hooks'
import { ThymusError } from '../../core/errors.ts'
import type { SourceFile } from '../../layers/admission/manifests/document.ts'
import { type CertificateSource, givenCertificates, keptCertificates } from '../../server/admission/certificates.ts'
import { readPointer } from '../../server/admission/mask.ts'
import type { Orders, Summary } from '../../server/admission/orders.ts'
import { JudgePool } from '../../server/admission/pool.ts'
import { QuickJudge } from '../../server/admission/quick-judge.ts'
import { AdmissionServer } from '../../server/admission/server.ts'
import { type Address, readAddress } from '../../server/listen.ts'
import { DecisionLines } from '../decision-log.ts'
import { failureText } from '../failure.ts'
import { readSources } from '../scan/files.ts'
import { note } from '../terminal.ts'
import { NO_CLUSTER, openCluster, type ServedCluster } from './cluster.ts'
import { watchPaths } from './paths.ts'

export interface ServeFlags {
  readonly policy: readonly string[]
  readonly listen: string
  readonly certificates?: string
  readonly host?: readonly string[]
  readonly cert?: string
  readonly key?: string
  readonly ca?: string
  readonly kubeconfig?: string
  readonly 'in-cluster'?: boolean
  readonly 'no-cluster'?: boolean
  readonly 'fail-mode': 'fail' | 'ignore'
  readonly mutate?: boolean
  readonly 'pod-security'?: string
  readonly 'decision-log'?: string
  readonly mask?: readonly string[]
  readonly name: string
  readonly threads?: number
}

const GRACE_MS = 10_000
/** Changes of one moment are one reload. */
const SETTLE_MS = 300
/** After a cluster that did not answer, or refused, until it is asked again: at first, and at most. */
const RETRY_MS = 500
const MAX_RETRY_MS = 30_000

/** Answers until it is told to stop. */
export async function serve(flags: ServeFlags): Promise<number> {
  const address = readAddress(flags.listen)
  const certificates = certificatesOf(flags, address)
  const mask = (flags.mask ?? []).map(readPointer)
  const { 'decision-log': logTo } = flags
  const log = logTo === undefined ? undefined : new DecisionLines(logTo)
  const cluster = openCluster(flags, flags['pod-security'] !== 'off', note)
  const running = new Running(flags, cluster)
  const told = new Promise((resolve) => process.once('SIGTERM', resolve).once('SIGINT', resolve))
  try {
    await running.start()
    const mode = flags['fail-mode'] === 'ignore' ? 'Ignore' : 'Fail'
    const server = await AdmissionServer.start({
      address,
      certificates,
      judge: {
        validate: async (request, context) => running.judge.validate(request, await running.known(request.namespace, context)),
        mutate: async (request, context) =>
          flags.mutate
            ? running.judge.mutate(request, await running.known(request.namespace, context))
            : { allowed: true, warnings: [], auditAnnotations: {}, violations: [], object: undefined },
      },
      failMode: { validate: mode, mutate: mode },
      ...(log === undefined ? {} : { log: { mask, write: (line, lost) => log.write(line, lost) } }),
      ...(cluster === NO_CLUSTER ? {} : { publish: (bundle) => cluster.publish(flags.name, bundle) }),
      gauges: running.gauges,
      now: Date.now,
      clock: () => performance.now(),
      fault: (error) => process.stderr.write(failureText(error)),
    })
    note(`listening on ${server.url}`)
    note(nextCommand(flags, cluster, server.url))
    await told
    note('told to stop: what has begun is answered first')
    await server.stop(GRACE_MS)
    return 0
  } finally {
    running.stop()
    await log?.close(GRACE_MS)
  }
}

/** The policies in force, and what replaces them. */
class Running {
  readonly judge: QuickJudge
  readonly #flags: ServeFlags
  readonly #cluster: ServedCluster
  #stopWatching: () => void = () => {}
  #timer: NodeJS.Timeout | undefined
  #loading: Promise<void> = Promise.resolve()
  /** What was last to be loaded; empty where that is to be tried again. */
  #sources = ''
  #retry = RETRY_MS
  #failed = false
  #isStopped = false
  #loadedAt = 0

  constructor(flags: ServeFlags, cluster: ServedCluster) {
    this.#flags = flags
    this.#cluster = cluster
    const snapshot = () => cluster.snapshot()
    const threads = flags.threads === undefined ? {} : { threads: flags.threads }
    const others = new JudgePool({ ...threads, follow: (wanted) => cluster.follow(wanted), snapshot, note })
    this.judge = new QuickJudge({ others, snapshot, clock: () => performance.now(), note })
  }

  get gauges() {
    return [
      {
        name: 'thymus_admission_policies_stale',
        help: 'Whether what was last to be loaded is wrong, and the former policies stay.',
        value: () => Number(this.#failed),
      },
      {
        name: 'thymus_admission_policies_loaded_seconds',
        help: 'When the policies in force were loaded.',
        value: () => this.#loadedAt / 1_000,
      },
      {
        name: 'thymus_admission_constraints',
        help: 'Constraints in force.',
        value: () => this.judge.summary?.constraints ?? 0,
      },
      {
        name: 'thymus_admission_cluster_age_seconds',
        help: 'For how long nothing was heard of some of the cluster.',
        value: () => this.#cluster.age() / 1_000,
      },
    ]
  }

  async start(): Promise<void> {
    await this.#load(true)
    this.#cluster.watch(
      (changes) => this.judge.tell(changes),
      () => this.#soon(),
    )
    this.#stopWatching = watchPaths(filesOf(this.#flags), () => this.#soon())
    process.on('SIGHUP', this.#onHangup)
  }

  /** A namespace may be so new that nobody has told of it: then it is asked for. Returns what is left of the time. */
  async known<T extends { readonly milliseconds: number }>(namespace: string, context: T): Promise<T> {
    const began = performance.now()
    if (!(await this.#cluster.know(namespace, context.milliseconds))) return context
    return { ...context, milliseconds: Math.max(0, context.milliseconds - (performance.now() - began)) }
  }

  stop(): void {
    this.#isStopped = true
    process.off('SIGHUP', this.#onHangup)
    clearTimeout(this.#timer)
    this.#stopWatching()
    this.#cluster.stop()
    this.judge.stop()
  }

  readonly #onHangup = () => this.#reload(true)

  #soon(milliseconds = SETTLE_MS): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#reload(false), milliseconds).unref()
  }

  /** One after the other; what changes meanwhile is loaded next. */
  #reload(always: boolean): void {
    this.#loading = this.#loading.then(async () => {
      try {
        await this.#load(always)
      } catch (error) {
        if (this.#isStopped) return
        this.#failed = true
        process.stderr.write(failureText(error))
        note('the former policies stay in force')
        if (!(error instanceof ThymusError) || error.code !== 'CLUSTER') return
        // Nothing is wrong with the policies, so that nobody will change them.
        this.#sources = ''
        this.#soon(this.#retry)
        this.#retry = Math.min(2 * this.#retry, MAX_RETRY_MS)
      }
    })
  }

  async #load(always: boolean): Promise<void> {
    const { policy, 'pod-security': security, 'decision-log': log } = this.#flags
    const read = await Promise.all(policy.map((path) => (path === 'cluster' ? this.#cluster.policies() : readSources(path))))
    const podSecurity = security === undefined || security === 'off' ? security : (await readSources(security))[0]
    const orders: Orders = { sources: read.flat(), podSecurity, isAlone: this.#cluster === NO_CLUSTER, locates: log !== undefined }
    const text = JSON.stringify(orders)
    if (!always && text === this.#sources) return
    this.#sources = text
    const summary = await this.judge.load(orders)
    this.#failed = false
    this.#retry = RETRY_MS
    this.#loadedAt = Date.now()
    note(told(summary, orders.sources, orders.isAlone))
  }
}

function told({ constraints, mutators, policies, others }: Summary, sources: readonly SourceFile[], isAlone: boolean): string {
  const parts = [`${constraints} constraints`, `${mutators} mutators`, `${policies} ValidatingAdmissionPolicies`]
  const rest =
    others === 0 ? '' : isAlone ? `; ${others} other objects are taken for the cluster` : `; ${others} other objects are left alone`
  return `in force: ${parts.join(', ')} of ${sources.length} files${rest}`
}

const filesOf = ({ policy, 'pod-security': security }: ServeFlags) =>
  [...policy, security].filter((path) => path !== undefined && path !== 'cluster' && path !== 'off' && path !== '-') as readonly string[]

function certificatesOf({ certificates, cert, key, ca, host, name }: ServeFlags, address: Address): CertificateSource {
  if ((cert === undefined) !== (key === undefined)) throw new ThymusError('USAGE', 'one is not without the other', { at: '--cert, --key' })
  if (cert !== undefined && certificates !== undefined)
    throw new ThymusError('USAGE', 'they exclude each other', { at: '--certificates, --cert' })
  if (cert !== undefined) return givenCertificates({ cert, key: key!, ...(ca === undefined ? {} : { bundle: ca }) })
  if (certificates === undefined)
    throw new ThymusError('USAGE', 'an API server speaks TLS only: a folder for certificates, or --cert and --key', {
      at: '--certificates',
    })
  const own = 'host' in address && !['0.0.0.0', '::'].includes(address.host) ? [address.host] : []
  return keptCertificates(certificates, [...new Set([...(host ?? [`${name}-admission.${name}.svc`]), ...own, 'localhost', '127.0.0.1'])])
}

function nextCommand(flags: ServeFlags, cluster: ServedCluster, url: string): string {
  const bundle = flags.certificates === undefined ? flags.ca : `${flags.certificates}/authorities.pem`
  if (cluster === NO_CLUSTER)
    return `next: curl --cacert ${bundle ?? 'CA'} -H 'Content-Type: application/json' -d @review.json ${url}/v1/admit`
  const mutate = flags.mutate ? ' --mutate' : ''
  return `next: thymus admission install --kubeconfig ${flags.kubeconfig ?? 'FILE'} --url ${url} --ca ${bundle ?? 'FILE'}${mutate}`
}
