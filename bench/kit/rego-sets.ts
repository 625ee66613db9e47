// What the engine is timed on: policies of others where the corpora are there, with inputs that match them, and rules that we generate.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RegoSet } from './opa-peer.ts'

export const CORPORA = process.env.THYMUS_CORPORA ?? join(import.meta.dirname, '../../../shared/corpora')
/** As in kit/opa/main.go: a Wednesday, 11:00 in New York. */
export const NOW = BigInt(Date.UTC(2026, 0, 7, 16)) * 1_000_000n

/** Inputs that the nine small policies allow; those that come with them are all refused early. */
const MATCHING: Readonly<Record<string, unknown>> = {
  api_access_policy: {
    request: { method: 'GET', path: '/api/v2/users' },
    user: { authenticated: true, login_time: Number(NOW) - 3_600_000_000_000 },
  },
  azure_keyvault_policy: {
    operation: 'Microsoft.KeyVault/vaults/secrets/read',
    principal: { type: 'User', userPrincipalName: 'security@company.com' },
    context: { conditionalAccess: { compliant: true } },
  },
  azure_nsg_policy: {
    operation: 'Microsoft.Network/networkSecurityGroups/securityRules/write',
    rule: { direction: 'Inbound', access: 'Allow', destinationPortRange: 22, sourceAddressPrefix: '192.168.3.0/24', priority: 1200 },
  },
  azure_storage_policy: {
    operation: 'Microsoft.Storage/storageAccounts/write',
    resource: {
      properties: {
        supportsHttpsTrafficOnly: true,
        minimumTlsVersion: 'TLS1_2',
        encryption: { services: { blob: { enabled: true } }, keySource: 'Microsoft.Storage' },
        allowBlobPublicAccess: false,
        networkAcls: { defaultAction: 'Deny', ipRules: ['10.0.0.0/8'] },
      },
    },
  },
  azure_vm_policy: {
    operation: 'Microsoft.Compute/virtualMachines/write',
    resource: {
      location: 'northeurope',
      tags: { environment: 'prod' },
      properties: { hardwareProfile: { vmSize: 'Standard_D4s_v3' }, osProfile: { adminPassword: null } },
    },
  },
  data_processing_policy: { operation: 'transform', user: { role: 'data_processor', attributes: {} }, data: { type: 'survey' } },
  data_sensitivity_policy: { action: 'write', user: { id: 'u1', roles: ['user', 'manager'] }, resource: { owner: 'u1' } },
  rbac_policy: { user: { role: 'admin', permissions: ['x'] }, action: 'write', resource: { classification: 'internal' } },
  time_based_policy: {
    user: { department: 'product' },
    action: 'deploy',
    approvals: [{ status: 'approved' }, { status: 'pending' }, { status: 'approved' }],
  },
}

interface SmallCase {
  readonly name: string
  readonly module: string
  readonly inputs: readonly unknown[]
}

/** Undefined where the corpora are not here. */
export function smallSets(): readonly RegoSet[] | undefined {
  const cases = corpus<{ cases: readonly SmallCase[] }>('small-policies.json')?.cases
  return cases?.map(({ name, module, inputs }) => ({
    name,
    version: 'v1' as const,
    modules: { [`${name}.rego`]: module },
    data: {},
    query: 'data.bench.allow',
    inputs: [...inputs, MATCHING[name]],
  }))
}

/** Undefined where the corpora are not here. */
export function aciSet(): RegoSet | undefined {
  const found = corpus<{ modules: Record<string, string>; data: object; input: unknown }>('aci.json')
  if (found === undefined) return undefined
  return {
    name: 'mount_overlay',
    version: 'v0',
    modules: found.modules,
    data: found.data,
    query: 'data.policy.mount_overlay',
    inputs: [found.input],
  }
}

function corpus<T>(name: string): T | undefined {
  const path = join(CORPORA, 'rego-bench', name)
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as T) : undefined
}

const CALLS = ['openat', 'execve', 'connect', 'bind', 'unlinkat', 'mount', 'ptrace', 'setuid', 'bpf', 'kexec_load']
const TWENTY = Array.from({ length: 20 }, (_, at) => at)

/** What a rule set is made of: a rule by its number, and an input that hits one or none. */
interface Shape {
  readonly name: string
  readonly rule: (at: number) => readonly string[]
  readonly head: string
  readonly default?: string
  readonly input: (at: number, hit: boolean, size: number) => unknown
}

const SHAPES: readonly Shape[] = [
  {
    name: 'indexed',
    head: 'allow',
    default: 'allow',
    rule: (at) => [
      `input.syscall == "${CALLS[at % 10]}"`,
      `input.workload == "app-${Math.floor(at / 10)}"`,
      `input.uid == ${1000 + (at % 7)}`,
      `startswith(input.path, "/srv/app-${Math.floor(at / 10)}/")`,
    ],
    input: (at, hit) => ({
      syscall: CALLS[at % 10],
      workload: `app-${Math.floor(at / 10)}`,
      uid: 1000 + (at % 7),
      path: hit ? `/srv/app-${Math.floor(at / 10)}/data/f` : '/etc/shadow',
      pid: 4000,
      comm: 'worker',
    }),
  },
  {
    name: 'prefix',
    head: 'deny',
    default: 'deny',
    rule: (at) => [`startswith(input.path, "/opt/p${pad(at)}/")`, `input.uid >= ${at % 50}`, 'not endswith(input.path, ".log")'],
    input: (at, hit) => ({ syscall: 'openat', uid: 1000, path: hit ? `/opt/p${pad(at)}/bin/x` : '/usr/lib/libc.so.6', pid: 4000 }),
  },
  {
    name: 'linear',
    head: 'deny',
    default: 'deny',
    rule: (at) => [
      `input.uid >= ${1000 + at}`,
      `input.uid < ${1001 + at}`,
      `contains(input.path, "/p${pad(at)}/")`,
      'not endswith(input.path, ".log")',
    ],
    input: (at, hit, size) => ({ syscall: 'openat', uid: hit ? 1000 + at : 1005 + size, path: `/opt/p${pad(at)}/bin/x`, pid: 4000 }),
  },
  { name: 'admission', head: 'violation contains msg', rule: admissionRule, input: (at) => review(at) },
]

const pad = (at: number) => String(at).padStart(3, '0')

function admissionRule(at: number): readonly string[] {
  const named = `r${at}`
  switch (at % 6) {
    case 0:
      return [
        'some c in containers',
        `startswith(c.image, "registry-${at}.bad.example/")`,
        `msg := sprintf("${named}: image %s of %s", [c.image, c.name])`,
      ]
    case 1:
      return [
        `not input.request.object.metadata.labels["team-${at}"]`,
        `input.request.namespace == "ns-${at}"`,
        `msg := "${named}: a label is required"`,
      ]
    case 2:
      return [
        'some c in containers',
        'c.securityContext.privileged == true',
        `not startswith(c.image, "trusted-${at}.example/")`,
        `msg := sprintf("${named}: %s is privileged", [c.name])`,
      ]
    case 3:
      return [
        'some v in input.request.object.spec.volumes',
        `v.hostPath.path == "/var/lib/secret-${at}"`,
        `msg := sprintf("${named}: volume %s", [v.name])`,
      ]
    case 4:
      return [
        'some c in containers',
        'some e in c.env',
        `e.name == "FORBIDDEN_${at}"`,
        `msg := sprintf("${named}: env %s in %s", [e.name, c.name])`,
      ]
    default:
      return [`input.request.object.metadata.annotations["example.com/tier-${at}"] != "gold"`, `msg := "${named}: tier"`]
  }
}

function review(at: number): unknown {
  const container = (name: string, privileged: boolean) => ({
    name,
    image: `registry.example/team/${name}:1.2.${at}`,
    env: Array.from({ length: 8 }, (_, n) => ({ name: `A${n}`, value: `v${n}` })),
    securityContext: { privileged, runAsNonRoot: true, capabilities: { drop: ['ALL'] } },
  })
  const spec = {
    containers: ['a', 'b', 'c'].map((name, n) => container(name, at % 5 === 0 && n === 0)),
    initContainers: [container('init', false)],
    volumes: [
      { name: 'tmp', emptyDir: {} },
      { name: 'h', hostPath: { path: '/var/log' } },
    ],
  }
  const metadata = {
    name: `p${at}`,
    namespace: 'default',
    labels: { app: 'web' },
    annotations: { 'example.com/tier-5': at % 2 ? 'gold' : 'silver' },
  }
  return {
    request: { uid: `u${at}`, kind: { version: 'v1', kind: 'Pod' }, operation: 'CREATE', namespace: 'default', object: { metadata, spec } },
  }
}

const CONTAINERS = `containers contains c if some c in input.request.object.spec.containers

containers contains c if some c in input.request.object.spec.initContainers
`

/** Rule sets of each shape at each size; every second input is a hit. */
export function ruleSets(sizes: readonly number[]): readonly (RegoSet & { readonly shape: string; readonly size: number })[] {
  return SHAPES.flatMap((shape) => sizes.map((size) => ruleSet(shape, size)))
}

function ruleSet({ name, head, rule, input, ...rest }: Shape, size: number): RegoSet & { readonly shape: string; readonly size: number } {
  const rules = Array.from({ length: size }, (_, at) => `${head} if {\n\t${rule(at).join('\n\t')}\n}\n`)
  const first = rest.default === undefined ? CONTAINERS : `default ${rest.default} := false\n`
  const text = ['package rules\n', first, ...rules].join('\n')
  const inputs = TWENTY.map((at) => input((at * 37) % size, at % 2 === 0, size))
  return {
    name: `${name} ${size}`,
    shape: name,
    size,
    version: 'v1',
    modules: { 'rules.rego': text },
    data: {},
    query: `data.rules.${head.split(' ')[0]}`,
    inputs,
  }
}
