// Documents of what the kernel asks and of what was decided, made of core's nouns.
import type { Because as CoreBecause, Decision as CoreDecision, Request as CoreRequest, End } from '../../core/decision.ts'
import { ThymusError } from '../../core/errors.ts'
import { type ExecEvent, FILELESS_FORMS } from '../../core/event.ts'
import type { Protocol } from '../../core/policy.ts'
import { quote } from '../../core/quote.ts'
import type { Mode, Workload } from '../../core/workload.ts'
import { readIp, showIp } from '../ip.ts'
import type { Because, Decision } from './decision.ts'
import { API_VERSION, type Context, type Process, type Request } from './request.ts'
import { timeText } from './time.ts'

/** What is known beside the request itself. */
export interface Seen {
  /** Milliseconds since 1970. */
  readonly at: number
  /** Among them must be all that the request names. */
  readonly workloads: readonly Workload[]
  readonly process?: Process
  /** What else the kernel saw of an exec. */
  readonly image?: Pick<ExecEvent, 'argv' | 'interpreter' | 'forms'>
  readonly context: Context
}

/** No document asks about the node itself. */
type WorkloadRequest = Exclude<CoreRequest, { gate: 'module' }>

/**
 * What a policy is asked.
 * @throws ThymusError WORKLOAD_UNKNOWN for a name of no workload: a rule about it could not match, and would be passed by; FORMAT for what is
 * no address or time
 */
export function requestDocument(
  request: WorkloadRequest,
  { at, workloads, process, image, context }: Seen,
): Request<'exec' | 'connect' | 'accept' | 'bind'> {
  const subject = { workload: workloadDocument(named(workloads, request.subject)), ...(process === undefined ? {} : { process }) }
  const frame = { apiVersion: API_VERSION, time: timeText(at), subject, context } as const
  if (request.gate === 'exec') {
    const { gate, path, fileless } = request
    return { ...frame, gate, object: { path, fileless, ...(image === undefined ? {} : imageFields(image)) } }
  }
  const { gate, port, peer } = request
  const protocol = protocolOf(request.protocol)
  return gate === 'bind'
    ? { ...frame, gate, object: { protocol, port } }
    : { ...frame, gate, object: { protocol, port, peer: peerOf(peer, workloads) } }
}

/** What came of it. `mode` is that of a denial which is not enforced: what is, is in force. */
export function decisionDocument({ effect, enforced, because }: CoreDecision, mode: Mode): Decision {
  const holds = enforced ? 'enforce' : mode
  const rest = { enforced, mode: holds, because: reasonsOf(because, holds), warnings: [] }
  // Who evaluates policies must say something, and denies what it does not know; the document tells the two apart.
  return 'unknown' in because
    ? { apiVersion: API_VERSION, effect: 'unknown', reason: because.unknown, ...rest }
    : { apiVersion: API_VERSION, effect, ...rest }
}

function workloadDocument({ namespace, name, labels, image }: Workload) {
  return { namespace, name, labels, ...(image === undefined ? {} : { image }) }
}

function named(workloads: readonly Workload[], name: string): Workload {
  const found = workloads.find((workload) => `${workload.namespace}/${workload.name}` === name)
  if (found === undefined) throw new ThymusError('WORKLOAD_UNKNOWN', `no workload ${quote(name)}`)
  return found
}

function imageFields({ argv, interpreter, forms }: Pick<ExecEvent, 'argv' | 'interpreter' | 'forms'>) {
  const fileless = forms.filter((form) => FILELESS_FORMS.includes(form)) as ('unlinked' | 'unhashed' | 'shm' | 'script-fd')[]
  return { arguments: argv, forms: fileless, ...(interpreter === '' ? {} : { interpreter }) }
}

const PROTOCOLS: ReadonlyMap<number, Protocol> = new Map([
  [6, 'TCP'],
  [17, 'UDP'],
  [132, 'SCTP'],
])

/** One spelling for each, so that a rule need not know two. */
function protocolOf(protocol: Protocol | number): Protocol | number {
  return typeof protocol === 'number' ? (PROTOCOLS.get(protocol) ?? protocol) : protocol
}

function peerOf({ workload, address, port }: End, workloads: readonly Workload[]) {
  return {
    ...(workload === undefined ? {} : { workload: workloadDocument(named(workloads, workload)) }),
    ...(address === undefined ? {} : { address: addressOf(address) }),
    ...(port === undefined ? {} : { port }),
  }
}

function addressOf(text: string): string {
  const bytes = readIp(text)
  if (bytes === undefined) throw new ThymusError('FORMAT', `${quote(text)} is no address`)
  return showIp(bytes)
}

function reasonsOf(because: CoreBecause, mode: Mode): readonly Because[] {
  if ('rule' in because) {
    const { policy, rule } = because
    const message = rule.effect === 'deny' ? 'a rule denies it' : 'a rule allows it'
    return [{ policy, rule: String(rule.cookie), source: rule.source, message, mode }]
  }
  return 'implicit' in because ? because.implicit.map((policy) => ({ policy, message: 'no rule allows it', mode })) : []
}
