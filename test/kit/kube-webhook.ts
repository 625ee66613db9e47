// `thymus admission serve` before a real API server, and what it is asked about.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type KubernetesObject, textAt } from '../../src/formats/kubernetes/object.ts'
import { configMap } from './admission.ts'
import { thymus } from './cli.ts'
import { Kube } from './kube.ts'
import type { KubeAnswer } from './kube-client.ts'
import { Link } from './link.ts'
import { eventually, Serving } from './serving.ts'

const ADMIN = { 'client-certificate': 'admin.crt', 'client-key': 'admin.key' }

export class KubeWebhook {
  /** Without Pod Security of its own. */
  readonly kube: Kube
  /** Between the webhook and the API server, so that it can be cut. */
  readonly link: Link
  readonly kubeconfig: string
  readonly serving: Serving

  private constructor(kube: Kube, link: Link, kubeconfig: string, serving: Serving) {
    this.kube = kube
    this.link = link
    this.kubeconfig = kubeconfig
    this.serving = serving
  }

  /** Resolves when the API server asks it. `policies` deny ConfigMaps with the labels `refused`. */
  static async start(policies: string, refused: Readonly<Record<string, string>>): Promise<KubeWebhook> {
    const kube = await Kube.start(['--disable-admission-plugins=PodSecurity'])
    const link = await Link.to(Number(new URL(kube.client.url).port))
    const kubeconfig = writeKubeconfig(kube, link.url)
    const serving = await Serving.start({ 'policies.yaml': policies }, '--kubeconfig', kubeconfig, '--mutate')
    const webhook = new KubeWebhook(kube, link, kubeconfig, serving)
    await webhook.install()
    await eventually('the webhook is asked', async () => (await webhook.create('probe', refused, 'default', true)).status === 403)
    return webhook
  }

  async install(): Promise<void> {
    const { url, authorities } = this.serving
    const words = ['--kubeconfig', this.kubeconfig, '--url', url, '--ca', authorities, '--mutate', '--timeout', '5']
    const { status, stderr } = await thymus(['admission', 'install', ...words], { env: process.env })
    assert.equal(status, 0, stderr)
    assert.match(stderr, /undo: kubectl delete mutatingwebhookconfiguration\/thymus validatingwebhookconfiguration\/thymus/)
  }

  /** A ConfigMap. */
  create(name: string, labels: Readonly<Record<string, string>>, namespace = 'default', dryRun = false): Promise<KubeAnswer> {
    const object = configMap(name, labels)
    return this.kube.client.create({ ...object, metadata: { ...(object.metadata as object), namespace } }, { dryRun })
  }

  namespace(name: string, labels: Readonly<Record<string, string>> = {}): Promise<KubeAnswer> {
    return this.kube.client.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } })
  }

  async stop(): Promise<void> {
    await this.serving.stop()
    this.link.close()
  }
}

/** Of its administrator, unless there is another user. */
export function writeKubeconfig({ folder }: Kube, server: string, user: object = ADMIN): string {
  const file = join(folder, `kubeconfig-${Math.random()}`)
  const config = {
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'test' },
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
    clusters: [{ name: 'test', cluster: { server, 'certificate-authority': 'ca.crt' } }],
    users: [{ name: 'admin', user }],
  }
  writeFileSync(file, JSON.stringify(config))
  return file
}

export const pod = (name: string, spec: object = {}, namespace = 'default'): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace },
  spec: { containers: [{ name: 'c', image: 'nginx' }], ...spec },
})

export const ingress = (name: string, host: string): KubernetesObject => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'Ingress',
  metadata: { name, namespace: 'default' },
  spec: { defaultBackend: { service: { name: 's', port: { number: 80 } } }, rules: [{ host }] },
})

/** What the API server says of a refusal; before the webhook's own words stands REFUSED. */
export const said = ({ body }: KubeAnswer) => textAt(body, 'message')
export const REFUSED = 'admission webhook "validate.admission.thymus.dev" denied the request: '
