// WorkloadPolicy, thymus.dev/v1: what NetworkPolicy cannot say. Denies beside allows, what may be executed, and which ports may be taken.
// docs/policies.md is its specification. Two layers share the kind (exec belongs to the runtime layer); it is read here as one, because it is one file.
import { z } from 'zod'
import type { Effect, Gate, Peer } from '../../core/policy.ts'
import { quote } from '../../core/quote.ts'
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

/** The kernel compares paths of up to 248 bytes (kernel/rule.h, PATH_BYTES); a file's path ends with a NUL. */
const MAX_PATH_BYTES = 247

const effect = z.enum(['allow', 'deny'])
/** To leave a list out means everything; an empty one is more likely a template that went wrong. */
const some = <Item extends z.ZodType>(item: Item) => z.array(item).min(1, 'holds nothing: leave it out to mean everything')
/** The protocol must be named: with TCP as a silent default, a deny would leave UDP open. */
const ports = some(withRules(z.strictObject({ protocol, ...portFields }), portRules)).optional()
const peer = withRules(
  z.strictObject({
    workloads: withRules(
      z.strictObject({ namespaceSelector: labelSelector.optional(), selector: labelSelector.optional() }),
      ({ namespaceSelector, selector }, complain) => {
        if (namespaceSelector === undefined && selector === undefined) complain([], 'needs selector or namespaceSelector')
      },
    ).optional(),
    ipBlock: ipBlock.optional(),
  }),
  ({ workloads, ipBlock }, complain) => {
    if ((workloads === undefined) === (ipBlock === undefined)) complain([], 'a peer is either workloads or ipBlock')
  },
)
const program = withRules(
  z.strictObject({ effect, path: z.string().optional(), below: z.string().optional() }),
  ({ path, below }, complain) => {
    if ((path === undefined) === (below === undefined)) complain([], 'needs either path (one file) or below (a folder)')
    if (path !== undefined) {
      const problem = pathProblem(path)
      if (problem !== undefined) complain(['path'], `${quote(path)} ${problem}`)
    }
    if (below !== undefined) {
      const problem = below.endsWith('/') ? pathProblem(`${below}x`) : 'must end with "/", for it means all that is below'
      if (problem !== undefined) complain(['below'], `${quote(below)} ${problem}`)
    }
  },
)
const traffic = z.strictObject({
  default: effect.optional(),
  rules: z.array(z.strictObject({ effect, peers: some(peer).optional(), ports })).optional(),
})
const schema = z.strictObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: withRules(metadata, ({ annotations }, complain) => {
    for (const key of Object.keys(annotations ?? {})) {
      if (key.startsWith('thymus.dev/')) complain(['annotations', key], 'unknown: a WorkloadPolicy has spec.mode')
    }
  }),
  spec: withRules(
    z.strictObject({
      selector: labelSelector,
      mode: z.enum(MODES).optional(),
      exec: z.strictObject({ default: effect.optional(), fileless: effect.optional(), rules: z.array(program).optional() }).optional(),
      connect: traffic.optional(),
      accept: traffic.optional(),
      bind: z.strictObject({ default: effect.optional(), rules: z.array(z.strictObject({ effect, ports })).optional() }).optional(),
    }),
    ({ exec, connect, accept, bind }, complain) => {
      if ([exec, connect, accept, bind].every((gate) => gate === undefined))
        complain([], 'needs at least one of exec, connect, accept, bind')
    },
  ),
})
type Spec = z.output<typeof schema>['spec']

/** The policy in a document of this kind; undefined after its problems were added. */
export function readWorkloadPolicy(part: Part, problems: Problems): Written | undefined {
  const document = conform(schema, part, problems)
  if (document === undefined) return undefined
  const { metadata, spec } = document
  const namespace = metadata.namespace ?? 'default'
  return {
    policy: {
      id: `WorkloadPolicy/${namespace}/${metadata.name}`,
      kind: 'WorkloadPolicy',
      namespace,
      source: problems.span(part, ['spec', 'selector']),
      applies: { namespace, workloads: toSelector(spec.selector) },
      isolates: (['exec', 'connect', 'accept', 'bind'] as const).filter((gate) => spec[gate]?.default === 'deny'),
      mode: spec.mode ?? 'observe',
    },
    clauses: [
      ...execClauses(spec.exec, part, problems),
      ...(['connect', 'accept', 'bind'] as const).flatMap((gate) => trafficClauses(gate, spec[gate], namespace, part, problems)),
    ],
  }
}

function execClauses(exec: Spec['exec'], part: Part, problems: Problems): readonly Clause[] {
  const clause = (effect: Effect, path: Path, when: Extract<Clause, { when: unknown }>['when']): Clause => ({
    ...basics('exec', effect),
    when,
    source: problems.span(part, ['spec', 'exec', ...path]),
  })
  return [
    ...(exec?.fileless === undefined ? [] : [clause(exec.fileless, ['fileless'], { is: 'fileless' })]),
    ...(exec?.rules ?? []).map(({ effect, path, below }, at) =>
      clause(effect, ['rules', at], { is: 'path', path: path ?? below!, below: below !== undefined }),
    ),
  ]
}

function trafficClauses(
  gate: 'connect' | 'accept' | 'bind',
  section: z.output<typeof traffic> | undefined,
  namespace: string,
  part: Part,
  problems: Problems,
): readonly Clause[] {
  return (section?.rules ?? []).map(({ effect, peers, ports }, at) => {
    const path = ['spec', gate, 'rules', at]
    return {
      ...basics(gate, effect),
      peers: peers?.map((peer, at) => ({ peer: toPeer(peer, namespace), source: problems.span(part, [...path, 'peers', at]) })) ?? [
        { peer: { is: 'anyone' }, source: problems.span(part, path) },
      ],
      traffic: ports?.map(toTraffic) ?? [{}],
    }
  })
}

function basics(gate: Gate, effect: Effect): Pick<Clause, 'gate' | 'effect' | 'rank'> {
  return { gate, effect, rank: RANK[effect] }
}

function toPeer({ workloads, ipBlock }: z.output<typeof peer>, namespace: string): Peer {
  if (ipBlock !== undefined) return { is: 'addresses', block: toBlock(ipBlock) }
  return { is: 'workloads', selector: toPeerSelector(workloads?.selector, workloads?.namespaceSelector, namespace) }
}

/** Only a path as the kernel prints it can ever match. */
function pathProblem(path: string): string | undefined {
  if (!path.startsWith('/')) return 'is not absolute'
  if (
    path
      .split('/')
      .slice(1)
      .some((name) => name === '' || name === '.' || name === '..')
  )
    return 'holds "//", "." or "..", or ends with "/"'
  if (path.includes('\0')) return 'holds a NUL'
  const bytes = Buffer.byteLength(path)
  return bytes > MAX_PATH_BYTES ? `has ${bytes} bytes, more than ${MAX_PATH_BYTES}` : undefined
}
