// `thymus admission install`: tells a cluster to ask the webhook.

import { ThymusError } from '../../core/errors.ts'
import { type Fields, type KubernetesObject, kindOf } from '../../formats/kubernetes/object.ts'
import { readAllPem, writePem } from '../../formats/pem.ts'
import { type ConfigurationOptions, everything, type Rule, webhookConfigurations } from '../../server/admission/configuration.ts'
import { readInput } from '../files.ts'
import { note } from '../terminal.ts'
import { type ClusterFlags, openClient } from './cluster.ts'

export interface InstallFlags extends ClusterFlags {
  readonly url?: string
  readonly service: string
  readonly ca?: string
  readonly name: string
  readonly 'fail-mode': 'fail' | 'ignore'
  readonly timeout?: number
  readonly mutate?: boolean
  readonly deletes?: boolean
  readonly 'exempt-namespace'?: readonly string[]
  readonly 'exempt-label'?: string
  readonly 'dry-run'?: boolean
}

const MUTATED: readonly Rule[] = [{ apiGroups: ['*'], apiVersions: ['*'], resources: ['*'], operations: ['CREATE', 'UPDATE'], scope: '*' }]

/** Applies the configurations; with `--dry-run` they are printed, and the cluster, where one is named, only checks them. */
export async function install(flags: InstallFlags): Promise<number> {
  const { url, name, timeout, mutate = false, deletes = false, 'dry-run': dryRun = false, 'exempt-label': exemptLabel } = flags
  const at = url === undefined ? { service: serviceOf(flags.service) } : { url: url.replace(/\/+$/, '') }
  if (url !== undefined && URL.parse(url)?.protocol !== 'https:') throw new ThymusError('USAGE', 'no https address', { at: '--url' })
  const mode = flags['fail-mode'] === 'ignore' ? 'Ignore' : 'Fail'
  const own = 'service' in at ? [at.service.namespace] : []
  const options: ConfigurationOptions = {
    name,
    at,
    bundle: flags.ca === undefined ? '' : bundleIn(flags.ca),
    failMode: { validate: mode, mutate: mode },
    rules: everything(deletes),
    exemptNamespaces: [...new Set(['kube-system', ...own, ...(flags['exempt-namespace'] ?? [])])],
    ...(timeout === undefined ? {} : { timeoutSeconds: timeout }),
    ...(exemptLabel === undefined ? {} : { exemptLabel }),
    ...(mutate ? { mutated: MUTATED } : {}),
  }
  const configurations = webhookConfigurations(options)
  const objects = flags.ca === undefined ? configurations.map(withoutBundle) : configurations
  if (dryRun) process.stdout.write(`${JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }, undefined, 2)}\n`)
  const isNamed = flags.kubeconfig !== undefined || flags['in-cluster'] === true
  if (dryRun && !isNamed) return 0
  const client = openClient(flags)
  try {
    for (const object of objects) {
      await client.apply(object, { dryRun })
      note(`${kindOf(object).kind} ${name}: ${dryRun ? 'the cluster would take it' : 'applied'}`)
    }
    if (flags.ca === undefined) note('without --ca, the webhook itself puts its authorities in when it runs')
    if (!dryRun) note(`undo: kubectl delete ${objects.map((object) => `${kindOf(object).kind.toLowerCase()}/${name}`).join(' ')}`)
    return 0
  } finally {
    client.close()
  }
}

/** What is not applied stays: the authorities that the webhook put in itself. */
function withoutBundle({ webhooks, ...rest }: KubernetesObject): KubernetesObject {
  const without = (webhook: Fields) => {
    const { caBundle: _, ...client } = webhook.clientConfig as Fields
    return { ...webhook, clientConfig: client }
  }
  return { ...rest, webhooks: (webhooks as readonly Fields[]).map(without) }
}

function serviceOf(text: string): { readonly namespace: string; readonly name: string; readonly port?: number } {
  const [, namespace, name, port] = /^([a-z0-9-]+)\/([a-z0-9-]+)(?::(\d{1,5}))?$/.exec(text) ?? []
  if (namespace === undefined || name === undefined)
    throw new ThymusError('USAGE', 'a service is NAMESPACE/NAME[:PORT]', { at: '--service' })
  return { namespace, name, ...(port === undefined ? {} : { port: Number(port) }) }
}

/** The certificates of a file alone: a key that lies beside them is for nobody. */
function bundleIn(file: string): string {
  const certificates = readAllPem(readInput(file).toString('latin1')).filter(({ label }) => label === 'CERTIFICATE')
  if (certificates.length === 0) throw new ThymusError('USAGE', 'there is no certificate in PEM', { at: file })
  return certificates.map(({ label, bytes }) => writePem(label, bytes)).join('')
}
