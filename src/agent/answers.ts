// Why: what would be decided, by which line of which file, and what would have to change.
import { type Because, type Decision, type End, NODE, type Request } from '../core/decision.ts'
import { ThymusError } from '../core/errors.ts'
import { FINDING_CODES, type Finding } from '../core/finding.ts'
import type { Sliced } from '../core/slices.ts'
import type { Workload } from '../core/workload.ts'
import type { RulePlane } from '../engine/rule-plane/plane.ts'
import type { PolicySet, Store } from '../engine/store/store.ts'
import { decide, decideConnection, type Ruling, toDecision } from '../layers/network/evaluate.ts'
import type { DiffResult, Explanation, WhyRequest, WhyResult } from '../server/api.ts'
import { inSlices } from '../server/in-slices.ts'
import { type Control, key } from './control.ts'
import { questionsOf } from './questions.ts'
import { moduleText, summaryOf } from './records.ts'

/** Questions of a kind beyond which `diff` compares the first ones only, and says so. */
const MAX_ASKED = 5_000
/** Milliseconds of `diff` without a look at what the kernel says. */
const TURN = 10

export class Answers {
  readonly #control: Control
  readonly #plane: RulePlane
  readonly #store: Store

  constructor(control: Control, plane: RulePlane, store: Store) {
    this.#control = control
    this.#plane = plane
    this.#store = store
  }

  /** What the policies say to a request, at both ends. */
  why(request: WhyRequest): WhyResult {
    const rulings = this.#judge(request, this.#control.set, this.#control.workloads)
    const decisions = rulings.map((ruling) => toDecision(ruling, this.#plane.generation?.number ?? 0))
    const allowed = decisions.every(({ effect, enforced }) => effect === 'allow' || !enforced)
    return { allowed, decisions, change: decisions.flatMap((decision) => change(decision)) }
  }

  /** Which answers a change of policies would change, of those that the rules of either side name. Others are let through between questions. */
  diff(next: PolicySet): Promise<DiffResult> {
    return inSlices(this.#difference(next), TURN)
  }

  *#difference(next: PolicySet): Sliced<DiffResult> {
    const now = this.#control.set
    const workloads = this.#control.workloads
    const policies = [...new Set([now, next].flatMap(({ held }) => [...held.values()].map(({ policy }) => policy)))]
    const changed: DiffResult['changed'][number][] = []
    for (const [what, questions] of Object.entries(questionsOf(policies, workloads))) {
      let count = 0
      for (const { text, asked } of questions()) {
        if (++count > MAX_ASKED) {
          changed.push({ request: `… only the first ${MAX_ASKED} ${what} were compared`, before: '', after: '' })
          break
        }
        const [before, after] = [now, next].map((set) => verdictOf(this.#judge(asked, set, workloads)))
        if (before !== after) changed.push({ request: text, before: before!, after: after! })
        yield
      }
    }
    const without = (one: PolicySet, other: PolicySet) => [...one.held.keys()].filter((id) => !other.held.has(id))
    return { added: without(next, now), removed: without(now, next), changed }
  }

  /** A finding or a policy. @throws ThymusError POLICY_UNKNOWN for anything else. */
  explain(id: string): Explanation {
    const finding = this.#store.finding(id)
    if (finding) return this.#explainFinding(finding)
    const held = this.#control.set.held.get(id)
    if (held) {
      const { policy } = held
      const what = `${policy.kind} in mode ${policy.mode}; isolates ${policy.isolates.join(', ') || 'nothing'}; ${policy.rules.length} rules`
      return {
        id,
        title: id,
        what,
        because: [],
        source: policy.source,
        line: lineOf(held.text, policy.source.line),
        change: [],
        severity: null,
      }
    }
    throw new ThymusError('POLICY_UNKNOWN', 'neither a finding nor a policy', { at: id })
  }

  #explainFinding(finding: Finding): Explanation {
    const source = finding.because && 'rule' in finding.because ? finding.because.rule.source : this.#isolatedBy(finding.because)
    const held = [...this.#control.set.held.values()].find(({ policy }) => source && policy.source.file === source.file)
    return {
      id: finding.id,
      title: finding.title,
      what: FINDING_CODES[finding.code].text,
      because: [
        ...(finding.because ? [summaryOf(finding.because)] : []),
        ...Object.entries(finding.evidence).map(([name, value]) => `${name}: ${JSON.stringify(value)}`),
      ],
      source,
      line: held && source ? lineOf(held.text, source.line) : null,
      change: [finding.remedy],
      severity: finding.severity,
    }
  }

  #isolatedBy(because: Because | null): Explanation['source'] {
    if (because === null || !('implicit' in because)) return null
    return this.#control.set.held.get(because.implicit[0] ?? '')?.policy.source ?? null
  }

  #judge(request: WhyRequest, set: PolicySet, workloads: readonly Workload[]): readonly Ruling[] {
    const policies = [...set.held.values()].map(({ policy }) => policy)
    const judged = (asked: Request) => [decide(policies, set.namespaces, workloads, asked)]
    if (request.gate === 'module') return judged({ ...request, subject: NODE })
    const port = request.port ?? 0
    const protocol = request.protocol ?? 'TCP'
    switch (request.gate) {
      case 'exec': {
        if (request.path === undefined) throw new ThymusError('USAGE', 'exec needs --path')
        return judged({
          gate: 'exec',
          subject: named(request.from, workloads),
          path: request.path,
          fileless: isFileless(request.path),
        })
      }
      case 'bind':
        return judged({ gate: 'bind', subject: named(request.from, workloads), peer: {}, protocol, port })
      case 'connect': {
        if (request.to === undefined) throw new ThymusError('USAGE', 'connect needs --to')
        const ends = { from: endOf(request.from, workloads), to: endOf(request.to, workloads) }
        return decideConnection(policies, set.namespaces, workloads, { ...ends, protocol, port }).rulings
      }
    }
  }
}

/** A name without a slash hangs in no directory (a memfd), and what is in /dev/shm is in memory only. */
function isFileless(path: string): boolean {
  return !path.startsWith('/') || path.startsWith('/dev/shm/')
}

/** A workload by `namespace/name`, or by its name where only one has it. */
function named(name: string, workloads: readonly Workload[]): string {
  const found = workloads.filter((workload) => key(workload) === name || workload.name === name)
  if (found.length === 1) return key(found[0]!)
  throw new ThymusError(
    'WORKLOAD_UNKNOWN',
    found.length === 0 ? `no workload ${name}` : `${name} is in ${found.length} namespaces: say which, as namespace/name`,
  )
}

function endOf(text: string, workloads: readonly Workload[]): End {
  return /^[0-9a-fA-F.:]+$/.test(text) && /[.:]/.test(text) ? { address: text } : { workload: named(text, workloads) }
}

function verdictOf(rulings: readonly Ruling[]): string {
  if (rulings.some(({ inForce }) => inForce.effect === 'deny')) return 'deny'
  return rulings.some(({ trial }) => trial.effect === 'deny') ? 'would deny' : 'allow'
}

function change({ request, effect, because }: Decision): string[] {
  if (effect === 'allow') return []
  if (request.gate === 'module' && request.sha256 === undefined) return ['no rule allows a module without a digest: load it from its file']
  if ('implicit' in because)
    return [`add to ${because.implicit.join(' or ')}, or to a policy of its own for ${request.subject}: ${allowing(request)}`]
  if ('rule' in because) return [`${because.policy}, line ${because.rule.source.line}, denies it: remove or narrow that rule`]
  return []
}

/** The rule that would allow it. */
function allowing(request: Request): string {
  switch (request.gate) {
    case 'exec':
      return `an exec rule that allows ${request.path}`
    case 'module':
      return `a rule of modules that allows ${moduleText(request)}`
    case 'bind':
      return `a bind rule that allows ${request.protocol}/${request.port}`
    default:
      return `${request.gate === 'connect' ? 'an egress' : 'an ingress'} rule that allows ${peerName(request.peer)} on ${request.protocol}/${request.port}`
  }
}

function peerName({ workload, address }: End): string {
  return workload ?? address ?? 'anyone'
}

function lineOf(text: string, line: number): string | null {
  return text.split('\n')[line - 1]?.trimEnd() ?? null
}
