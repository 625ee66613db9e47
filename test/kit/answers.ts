// Answers as an agent gives them, for the golden tests: every state of every thing once.
import type { Decision } from '../../src/core/decision.ts'
import type { Finding } from '../../src/core/finding.ts'
import { LAYERS } from '../../src/core/finding.ts'
import type { Rule } from '../../src/core/policy.ts'
import { PASS, unknown } from '../../src/core/verdict.ts'
import type {
  ApplyResult,
  DiffResult,
  EventRecord,
  Explanation,
  FlowSummary,
  PolicySummary,
  RememberedDecision,
  Status,
  WhyResult,
  WorkloadSummary,
} from '../../src/server/api.ts'

/** 2026-01-02 03:04:05 UTC. */
const AT = Date.UTC(2026, 0, 2, 3, 4, 5)

const RULE: Rule = {
  cookie: 3,
  source: { file: 'db.yaml', line: 9, column: 7 },
  gate: 'accept',
  when: { is: 'traffic', peer: { is: 'anyone' }, protocol: 'TCP', ports: [5432, 5432] },
  effect: 'allow',
  rank: 1000,
}

export const POLICIES: readonly PolicySummary[] = [
  {
    id: 'NetworkPolicy/default/db',
    kind: 'NetworkPolicy',
    namespace: 'default',
    mode: 'enforce',
    source: { file: 'db.yaml', line: 1, column: 1 },
    rules: 2,
    isolates: ['accept', 'connect'],
    workloads: ['default/db'],
  },
  {
    id: 'WorkloadPolicy/default/web',
    kind: 'WorkloadPolicy',
    namespace: 'default',
    mode: 'observe',
    source: { file: 'web.yaml', line: 4, column: 1 },
    rules: 0,
    isolates: [],
    workloads: [],
  },
]

export const APPLIED: ApplyResult = { generation: 7, policies: POLICIES, warnings: [], unconfirmed: null, cut: 0, took: 3.16 }

export const STATUS: Status = {
  agent: { version: '0.1.0', pid: 42, guard: 41, since: AT, user: 65_530 },
  layers: LAYERS.map((layer) => {
    const empty = { layer, rungs: [], checks: [] }
    if (layer === 'network') {
      return {
        ...empty,
        state: PASS,
        summary: '1 policy, 2 workloads',
        rungs: [
          { gate: 'connect', rung: 'EPERM (cgroup/connect4)', works: PASS },
          { gate: 'accept', rung: 'packets dropped', works: unknown('NOT_SEEN', 'no second address here') },
        ],
      }
    }
    if (layer === 'runtime') return { ...empty, state: { is: 'fail' }, summary: '1 finding of high severity' }
    if (layer === 'firmware') return { ...empty, state: unknown('NO_TPM', 'there is no TPM'), summary: 'nothing was measured' }
    return { ...empty, state: { is: 'not built' }, summary: 'not built yet' }
  }),
  generation: 7,
  workloads: 2,
  policies: 1,
  unconfirmed: null,
  loss: [
    { program: 'on_exec', issued: 100, received: 90, dropped: 10, unread: 0, missed: 0 },
    { program: 'on_fork', issued: 5, received: 5, dropped: 0, unread: 0, missed: 0 },
    { program: 'connect4', issued: 5, received: 3, dropped: 0, unread: 1, missed: 0 },
  ],
  notices: ['STATE_CORRUPT: the database was damaged and set aside'],
}

export const WORKLOADS: readonly WorkloadSummary[] = [
  {
    name: 'db',
    namespace: 'default',
    labels: { app: 'db', tier: 'data' },
    slot: 1,
    identity: 257,
    mode: 'enforce',
    cgroup: '/sys/fs/cgroup/thymus/default.db',
    owned: true,
    netns: '/run/netns/thymus0-1',
    addresses: ['10.213.0.1', 'fd74:796d:7573::1'],
    processes: 3,
    policies: ['NetworkPolicy/default/db'],
  },
  {
    name: 'web',
    namespace: 'shop',
    labels: {},
    slot: 2,
    identity: 256,
    mode: 'shadow',
    cgroup: '/sys/fs/cgroup/system.slice/web.service',
    owned: false,
    netns: null,
    addresses: [],
    processes: 0,
    policies: [],
  },
]

const DECISIONS: readonly Decision[] = [
  {
    request: { gate: 'connect', subject: 'default/web', peer: { workload: 'default/db' }, protocol: 'TCP', port: 5432 },
    effect: 'allow',
    enforced: true,
    because: { free: true },
    generation: 7,
  },
  {
    request: { gate: 'accept', subject: 'default/db', peer: { workload: 'default/web' }, protocol: 'TCP', port: 5432 },
    effect: 'deny',
    enforced: true,
    because: { implicit: ['NetworkPolicy/default/db'] },
    generation: 7,
  },
]
export const WHY: WhyResult = {
  allowed: false,
  decisions: DECISIONS,
  change: ['a rule of NetworkPolicy/default/db that allows default/web at TCP 5432'],
}
export const WHY_EXEC: WhyResult = {
  allowed: false,
  decisions: [
    {
      request: { gate: 'exec', subject: 'default/web', path: '/bin/sh', fileless: false },
      effect: 'deny',
      enforced: false,
      because: { rule: RULE, policy: 'WorkloadPolicy/default/web' },
      generation: 7,
    },
  ],
  change: [],
}
export const WHY_UNKNOWN: WhyResult = {
  allowed: false,
  decisions: [{ ...DECISIONS[0]!, because: { unknown: { code: 'NO_ADDRESS', text: 'the workload has no address of its own' } } }],
  change: [],
}

export const DIFF: DiffResult = {
  added: ['NetworkPolicy/default/new'],
  removed: ['NetworkPolicy/default/old'],
  changed: [{ request: 'default/web → default/db TCP 5432', before: 'allow', after: 'deny' }],
}

export const DENIED: readonly RememberedDecision[] = [
  {
    decision: { ...DECISIONS[1]!, effect: 'deny', enforced: true },
    count: 12_345,
    first: AT - 60_000,
    last: AT,
    folded: true,
    process: null,
  },
  {
    decision: {
      request: { gate: 'exec', subject: 'shop/web', path: '/usr/bin/curl', fileless: false },
      effect: 'deny',
      enforced: false,
      because: { rule: { ...RULE, gate: 'exec', effect: 'deny' }, policy: 'WorkloadPolicy/shop/web' },
      generation: 3,
    },
    ...{ count: 1, first: AT, last: AT, folded: false, process: null },
  },
]

export const FLOWS: readonly FlowSummary[] = [
  {
    from: 'default/web',
    to: 'default/db',
    protocol: 'TCP',
    port: 5432,
    state: 'open',
    count: 3,
    bytesIn: 1_048_576,
    bytesOut: 512,
    last: AT,
    because: 'NetworkPolicy/default/db (db.yaml:9)',
  },
  {
    from: 'default/web',
    to: '203.0.113.9',
    protocol: 'UDP',
    port: 53,
    state: 'would deny',
    count: 1,
    bytesIn: 0,
    bytesOut: 64,
    last: AT,
    because: 'nothing allows it',
  },
]

export const FINDINGS: readonly Finding[] = [
  {
    id: 'NET_DENIED-a1',
    code: 'NET_DENIED',
    layer: 'network',
    severity: 'low',
    at: AT,
    about: 'default/web',
    title: 'Denied: connect TCP 10.0.0.9:22',
    evidence: {},
    because: { implicit: ['NetworkPolicy/default/web'] },
    remedy: 'If it is wanted, allow it.',
  },
  {
    id: 'RT_FILELESS-b2',
    code: 'RT_FILELESS',
    layer: 'runtime',
    severity: 'high',
    at: AT + 1000,
    about: 'default/db',
    title: 'Stopped: an image that is in no directory (memfd:x)',
    evidence: { path: 'memfd:x' },
    because: null,
    remedy: 'Find out how the caller got its payload.',
  },
]

export const EVENTS: readonly EventRecord[] = [
  {
    type: 'exec',
    time: AT,
    workload: 'default/web',
    process: { pid: 100, comm: 'sh', ancestors: ['systemd', 'bash'] },
    facts: { path: '/bin/ls', argv: ['ls', '-l'], interpreter: null },
    ruling: null,
  },
  {
    type: 'connect',
    time: AT + 1,
    workload: 'default/web',
    process: null,
    facts: { protocol: 'TCP', remote: '10.0.0.9:22' },
    ruling: { effect: 'deny', enforced: false, because: { rule: RULE, policy: 'NetworkPolicy/default/web' } },
  },
]

export const EXPLANATION: Explanation = {
  id: 'NET_DENIED-a1',
  title: 'Denied: connect TCP 10.0.0.9:22',
  what: 'A policy denies traffic or a port that was asked for.',
  because: ['no rule of NetworkPolicy/default/web allows it'],
  source: { file: 'web.yaml', line: 12, column: 5 },
  line: '    policyTypes: [Egress]',
  change: ['a rule that allows it'],
  severity: 'low',
}

/** An agent that has all of the above. */
export const ANSWERS = {
  status: async () => STATUS,
  policies: () => POLICIES,
  apply: async () => APPLIED,
  deletePolicy: async () => APPLIED,
  why: () => WHY,
  diff: async () => DIFF,
  workloads: async () => WORKLOADS,
  startWorkload: async () => WORKLOADS[1]!,
  flows: () => FLOWS,
  decisions: () => DENIED,
  findings: () => ({ items: FINDINGS }),
  explain: () => EXPLANATION,
  async *events() {
    yield* EVENTS
  },
}
