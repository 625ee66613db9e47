// Kubernetes NetworkPolicy, networking.k8s.io/v1. The normative text is the comments of the API (kubernetes/api, networking/v1/types.go);
// what is allowed in a field follows pkg/apis/networking/validation.
import { z } from 'zod'
import type { Gate, Peer } from '../../core/policy.ts'
import { quote } from '../../core/quote.ts'
import type { Mode } from '../../core/workload.ts'
import { MODES } from '../../core/workload.ts'
import type { Path } from '../../formats/yaml/parse.ts'
import type { Part, Problems } from './problems.ts'
import type { Clause, Written } from './rules.ts'
import { RANK } from './rules.ts'
import {
  conform,
  ipBlock,
  labelSelector,
  metadata,
  portFields,
  portRules,
  protocol,
  toBlock,
  toPeerSelector,
  toSelector,
  toTraffic,
  withRules,
} from './schema.ts'

const MODE_ANNOTATION = 'thymus.dev/mode'

const ports = z.array(withRules(z.strictObject({ protocol: protocol.nullish(), ...portFields }), portRules)).nullish()
const peer = withRules(
  z.strictObject({ podSelector: labelSelector.nullish(), namespaceSelector: labelSelector.nullish(), ipBlock: ipBlock.nullish() }),
  ({ podSelector, namespaceSelector, ipBlock }, complain) => {
    const selects = podSelector != null || namespaceSelector != null
    if (!selects && ipBlock == null) complain([], 'a peer needs podSelector, namespaceSelector or ipBlock')
    if (selects && ipBlock != null) complain(['ipBlock'], 'cannot stand beside a selector')
  },
)
const schema = z.strictObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: withRules(metadata, ({ annotations }, complain) => {
    for (const [key, value] of Object.entries(annotations ?? {})) {
      if (key === MODE_ANNOTATION) {
        if (!isMode(value)) complain(['annotations', key], `must be one of ${MODES.join(', ')}, not ${quote(value)}`)
      } else if (key.startsWith('thymus.dev/')) complain(['annotations', key], `unknown: only ${MODE_ANNOTATION} is`)
    }
  }),
  spec: withRules(
    z.strictObject({
      podSelector: labelSelector.nullish(),
      policyTypes: z.array(z.enum(['Ingress', 'Egress'])).nullish(),
      ingress: z.array(z.strictObject({ from: z.array(peer).nullish(), ports })).nullish(),
      egress: z.array(z.strictObject({ to: z.array(peer).nullish(), ports })).nullish(),
    }),
    ({ policyTypes }, complain) => {
      if ((policyTypes ?? []).length > 2) complain(['policyTypes'], 'cannot hold more than two')
    },
  ),
  status: z.unknown().optional(), // was there from 1.24 to 1.27
})
type Spec = z.output<typeof schema>['spec']

interface WrittenRule {
  readonly peers: readonly z.output<typeof peer>[] | null | undefined
  readonly ports: z.output<typeof ports>
}

/** The policy in a document of this kind; undefined after its problems were added. */
export function readNetworkPolicy(part: Part, problems: Problems): Written | undefined {
  const document = conform(schema, part, problems)
  if (document === undefined) return undefined
  const { metadata, spec } = document
  const namespace = metadata.namespace ?? 'default'
  const mode = metadata.annotations?.[MODE_ANNOTATION]
  const isolates = isolatedBy(spec)
  const clause = (gate: Gate, side: 'from' | 'to', path: Path, { peers, ports }: WrittenRule): Clause => ({
    gate,
    effect: 'allow',
    rank: RANK.allow,
    peers: isEmpty(peers)
      ? [{ peer: { is: 'anyone' }, source: problems.span(part, path) }]
      : peers.map((peer, at) => ({ peer: toPeer(peer, namespace), source: problems.span(part, [...path, side, at]) })),
    traffic: isEmpty(ports) ? [{}] : ports.map((port) => toTraffic({ ...port, protocol: port.protocol ?? 'TCP' })),
  })
  const ingress = (spec.ingress ?? []).map(({ from, ports }, at) =>
    clause('accept', 'from', ['spec', 'ingress', at], { peers: from, ports }),
  )
  const egress = (spec.egress ?? []).map(({ to, ports }, at) => clause('connect', 'to', ['spec', 'egress', at], { peers: to, ports }))
  return {
    policy: {
      id: `NetworkPolicy/${namespace}/${metadata.name}`,
      kind: 'NetworkPolicy',
      namespace,
      source: problems.span(part, ['spec', 'podSelector']),
      // "This field is optional. If it is not specified, it defaults to an empty selector."
      applies: { namespace, workloads: toSelector(spec.podSelector ?? {}) },
      isolates,
      mode: mode !== undefined && isMode(mode) ? mode : 'observe',
    },
    // Rules for a direction that the policy does not relate to say nothing.
    clauses: [...ingress, ...egress].filter(({ gate }) => isolates.includes(gate)),
  }
}

/**
 * "If this field is not specified, it will default based on the existence of ingress or egress rules": always Ingress, and Egress if there is
 * an egress rule. An empty egress section is none; the API says so, and tells to name Egress instead.
 */
function isolatedBy({ policyTypes, egress }: Spec): readonly Gate[] {
  const types = isEmpty(policyTypes) ? ['Ingress', ...(isEmpty(egress) ? [] : ['Egress'])] : policyTypes
  return [...(types.includes('Ingress') ? ['accept' as const] : []), ...(types.includes('Egress') ? ['connect' as const] : [])]
}

/** "If podSelector is also set …, otherwise it selects the pods matching podSelector in the policy's own namespace." */
function toPeer({ podSelector, namespaceSelector, ipBlock }: z.output<typeof peer>, namespace: string): Peer {
  if (ipBlock != null) return { is: 'addresses', block: toBlock(ipBlock) }
  return { is: 'workloads', selector: toPeerSelector(podSelector, namespaceSelector, namespace) }
}

/** "Empty or missing" lists restrict nothing. */
function isEmpty<Item>(list: readonly Item[] | null | undefined): list is null | undefined {
  return list == null || list.length === 0
}

function isMode(text: string): text is Mode {
  return (MODES as readonly string[]).includes(text)
}
