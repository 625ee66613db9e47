// ValidatingAdmissionPolicies at a real API server and at our judge, asked about the same requests: what a webhook of the API server is told just
// before its own policies are asked is what ours are asked.
import { randomBytes, randomUUID, X509Certificate } from 'node:crypto'
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { type Fields, isFields, type KubernetesObject, nameOf, textAt } from '../../src/formats/kubernetes/object.ts'
import { issueAuthority, issueLeaf, newKeyPair } from '../../src/formats/x509/issue.ts'
import { requestFields } from '../../src/layers/admission/request-fields.ts'
import { readReview } from '../../src/layers/admission/review.ts'
import { judgePolicies, type PolicySet } from '../../src/layers/admission/validating-policy/judge.ts'
import { readBinding, readPolicy } from '../../src/layers/admission/validating-policy/read.ts'
import { configMap } from './admission.ts'
import { Kube } from './kube.ts'
import type { KubeClient, KubeOptions } from './kube-client.ts'
import { eventually } from './serving.ts'
import { madeBinding, madePolicy } from './validating-policy.ts'

/** What policies make of a request. */
export interface Outcome {
  readonly denied: { readonly message: string; readonly reason: string; readonly code: number } | undefined
  readonly warnings: readonly string[]
  readonly annotations: Readonly<Record<string, string>>
}

export interface Question extends KubeOptions {
  readonly method: string
  readonly path: string
  readonly body?: KubernetesObject
  readonly type?: string
}

const DAY = 86_400_000
const AUDIT = 'apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules: [{level: Metadata}]\n'
/** Annotations of the API server's own. */
const OTHERS = /^(?:authorization|mutation\.webhook|patch\.webhook|apiserver)\.|^(?:pod-security)/

export class PolicyCluster {
  readonly client: KubeClient
  readonly #log: Growing
  /** The end of it that was read. */
  #said = ''
  /** What the webhook was told last. */
  #review: KubernetesObject | undefined
  #set: PolicySet = { policies: [], bindings: [] }
  #rounds = 0

  private constructor(client: KubeClient, log: Growing) {
    this.client = client
    this.#log = log
  }

  static async start(): Promise<PolicyCluster> {
    const folder = mkdtempSync(join(tmpdir(), 'thymus-policies-'))
    const log = join(folder, 'audit.log')
    writeFileSync(join(folder, 'audit.yaml'), AUDIT)
    const audit = [`--audit-policy-file=${join(folder, 'audit.yaml')}`, `--audit-log-path=${log}`]
    const { client } = await Kube.start([...audit, '--disable-admission-plugins=ServiceAccount,PodSecurity'])
    const growing = new Growing(log)
    const cluster = new PolicyCluster(client, growing)
    const { server, url, ca } = await listen((review) => {
      // The API server has requests of its own, to itself.
      if (textAt(review, 'request', 'userInfo', 'username') !== 'system:apiserver') cluster.#review = review
    })
    started.push(() => {
      server.closeAllConnections()
      server.close()
      growing.close()
      rmSync(folder, { recursive: true, force: true })
    })
    await cluster.#made(recorder(url, ca))
    await eventually('the webhook is told', async () => {
      await client.create(configMap('probe'), { dryRun: true })
      return cluster.#review !== undefined
    })
    return cluster
  }

  /** Puts policies and bindings into force, at both, beside those that are. */
  async install(policies: readonly KubernetesObject[], bindings: readonly KubernetesObject[]): Promise<void> {
    const name = `marker-${this.#rounds++}`
    const rules = [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }]
    const matchConstraints = { resourceRules: rules, objectSelector: { matchLabels: { marker: name } } }
    const marker = madePolicy(name, { matchConstraints, validations: [{ expression: 'false' }] })
    for (const object of [...policies, marker, ...bindings, madeBinding(name)]) await this.#made(object)
    this.#set = {
      policies: [...this.#set.policies, ...policies.map(readPolicy)],
      bindings: [...this.#set.bindings, ...bindings.map(readBinding)],
    }
    // The API server reads what it is told of in order, so that the marker is the last to be in force.
    const probe = () => this.client.create(configMap('marker', { marker: name }), { dryRun: true })
    await eventually('the policies are in force', async () => (await probe()).status === 422)
  }

  /** A dry run of a request, and what both make of it. */
  async ask({ method, path, ...options }: Question): Promise<{ readonly ours: Outcome; readonly theirs: Outcome }> {
    this.#review = undefined
    const id = randomUUID()
    const { status, body, warnings } = await this.client.ask(method, path, { dryRun: true, ...options, id })
    if (this.#review === undefined) throw new Error(`${method} ${path}: ${JSON.stringify(body)}`)
    const { request } = readReview(this.#review)
    const found = request.namespace === '' ? undefined : await this.client.ask('GET', `/api/v1/namespaces/${request.namespace}`)
    const namespace = found?.status === 200 ? found.body : undefined
    const objects = (await this.client.ask('GET', '/api/v1/configmaps')).body.items as KubernetesObject[]
    const params = ({ kind }: { kind: string }) => (kind === 'ConfigMap' ? ({ scope: 'Namespaced', objects } as const) : undefined)
    const verdict = judgePolicies(this.#set, { request: requestFields(request), namespace, params })
    const denied = { message: textAt(body, 'message'), reason: textAt(body, 'reason'), code: Number(body.code) }
    return {
      ours: { denied: verdict.denied, warnings: verdict.warnings, annotations: verdict.auditAnnotations },
      theirs: {
        denied: status < 400 ? undefined : denied,
        warnings: warnings.filter((text) => text.startsWith('Validation failed for ValidatingAdmissionPolicy')),
        annotations: await this.#annotations(id),
      },
    }
  }

  async #annotations(id: string): Promise<Readonly<Record<string, string>>> {
    let line: string | undefined
    await eventually('the request is in the audit log', async () => {
      this.#said += this.#log.readAll()
      line = this.#said.split('\n').findLast((each) => each.includes(id) && each.endsWith('}'))
      return line !== undefined
    })
    this.#said = ''
    const { annotations } = JSON.parse(line!) as Fields
    const entries = isFields(annotations) ? Object.entries(annotations as Record<string, string>) : []
    return Object.fromEntries(entries.filter(([key]) => !OTHERS.test(key)))
  }

  async #made(object: KubernetesObject): Promise<void> {
    const { status, body } = await this.client.create(object)
    if (status !== 201) throw new Error(`${nameOf(object)}: ${JSON.stringify(body)}`)
  }
}

/** A file that is written to. */
class Growing {
  readonly #file: number
  readonly #buffer = Buffer.alloc(1 << 20)

  constructor(path: string) {
    this.#file = openSync(path, 'r')
  }

  close(): void {
    closeSync(this.#file)
  }

  /** What is new. */
  readAll(): string {
    return this.#buffer.toString('utf8', 0, readSync(this.#file, this.#buffer))
  }
}

const started: (() => void)[] = []
after(() => {
  for (const stop of started) stop()
})

/** A webhook that is told of everything and allows it. */
async function listen(tell: (review: KubernetesObject) => void): Promise<{ server: Server; url: string; ca: string }> {
  const basis = () => ({ serial: randomBytes(16), notBefore: Date.now() - DAY, notAfter: Date.now() + DAY })
  const subject = { commonName: 'recorder' }
  const [authority, keys] = [{ ...newKeyPair(), subject }, newKeyPair()]
  const pem = (der: Buffer) => new X509Certificate(der).toString()
  const leaf = issueLeaf({ ...basis(), subject, publicKey: keys.publicKey, purpose: 'server', names: ['127.0.0.1'] }, authority)
  const key = keys.privateKey.export({ format: 'pem', type: 'sec1' }).toString()
  const server = createServer({ cert: pem(leaf), key }, async (request, response) => {
    const review = JSON.parse(Buffer.concat(await request.toArray()).toString()) as KubernetesObject
    tell(review)
    const { apiVersion, kind } = review
    response.end(JSON.stringify({ apiVersion, kind, response: { uid: textAt(review, 'request', 'uid'), allowed: true } }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    server,
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ca: pem(issueAuthority({ ...basis(), subject }, authority)),
  }
}

/** A mutating one, since those are asked before policies are. */
const recorder = (url: string, ca: string): KubernetesObject => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'MutatingWebhookConfiguration',
  metadata: { name: 'recorder' },
  webhooks: [
    {
      name: 'recorder.thymus.dev',
      clientConfig: { url, caBundle: Buffer.from(ca).toString('base64') },
      rules: [{ apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*/*'] }],
      ...{ sideEffects: 'None', admissionReviewVersions: ['v1'], failurePolicy: 'Fail', matchPolicy: 'Exact' },
    },
  ],
})
