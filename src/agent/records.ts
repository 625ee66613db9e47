// Events as people read them: records, decisions, flows, suspicions. Pure: what is not in the event is asked of `Names`.
import { type Because, type Decision, NODE, type Request } from '../core/decision.ts'
import {
  type Event,
  type ExecEvent,
  FILELESS_FORMS,
  type ModuleEvent,
  type ModuleForm,
  type Ruling,
  type SocketEvent,
} from '../core/event.ts'
import type { Suspicion } from '../core/finding.ts'
import type { FlowChange } from '../engine/store/batch.ts'
import { fileless } from '../layers/runtime/detectors/fileless/detector.ts'

const PROTOCOLS: Readonly<Record<number, string>> = { 1: 'ICMP', 6: 'TCP', 17: 'UDP', 58: 'ICMPv6', 132: 'SCTP' }

/** What a gate was asked about. */
type Asked = ExecEvent | ModuleEvent | SocketEvent

/** What a slot is called: `namespace/name`, `host`, or the bare slot of a workload that has gone. */
export type Names = (slot: number) => string

/** In words: the rule with its place, or the policies that isolate. */
export function summaryOf(because: Because): string {
  if ('rule' in because) return `${because.policy} (${because.rule.source.file}:${because.rule.source.line})`
  if ('implicit' in because) return `nothing allows it; isolated by ${because.implicit.join(', ')}`
  return 'free' in because ? 'no policy speaks of it' : `unknown: ${because.unknown.text}`
}

export function matches(name: string, wanted: string): boolean {
  return name === wanted || name.endsWith(`/${wanted}`)
}

export function effectOf(ruling: Ruling): string {
  return deniedBy(ruling) === undefined ? 'allow' : 'deny'
}

export function deniedBy(ruling: Ruling): 'enforced' | 'trial' | undefined {
  if (ruling.effect === 'deny') return 'enforced'
  return ruling.trialEffect === 'deny' ? 'trial' : undefined
}

/** What somebody should look at. What only observing policies would deny is counted, and no finding. */
export function suspicions(event: Asked): Suspicion[] {
  const by = deniedBy(event.ruling)
  const denied = by === 'trial' && !event.ruling.reported ? undefined : by
  const would = denied === 'trial' ? 'Would be denied' : 'Denied'
  if (event.type === 'exec') {
    const found = fileless(event)
    if (found !== undefined) return event.slot === 0 ? [] : [found]
    if (denied === undefined) return []
    const title = `${would}: execution of ${event.path || event.name}`
    return [
      {
        code: 'RT_EXEC_DENIED',
        severity: 'medium',
        title,
        remedy: 'If it is wanted, allow it: `thymus explain` names the rule and the line.',
      },
    ]
  }
  if (denied === undefined || event.type === 'close') return []
  if (event.type === 'module') {
    const { path, form } = event
    const what = form === 'buffer' ? 'a module out of a buffer' : path || 'a file whose path is too long'
    const title = `${would}: loading ${what} into the kernel${UNKNOWN[form]}`
    return [{ code: 'FW_MODULE_DENIED', severity: 'high', title, remedy: REMEDIES[form] }]
  }
  const title = `${would}: ${event.type} ${target(event)}`
  return [
    {
      code: 'NET_DENIED',
      severity: 'low',
      title,
      remedy: 'If it is wanted, allow it: `thymus policy why` says what would have to change.',
    },
  ]
}

const UNKNOWN: Readonly<Record<ModuleForm, string>> = {
  file: '',
  'no-digest': '; it could not be hashed, so nobody knows what it is',
  buffer: '; it has no file, so nobody knows what it is',
}
const REMEDIES: Readonly<Record<ModuleForm, string>> = {
  file: 'Who signed it? `thymus module verify`. If it is wanted, allow its digest: `thymus explain` names the rule and the line.',
  'no-digest': 'The kernel must hash files with SHA-256: it needs IMA, and no `ima_hash=` of another kind.',
  buffer: 'If it is wanted, load it from its file: finit_module(2), as `insmod` and `modprobe` do where the kernel itself unpacks modules.',
}

function target(event: SocketEvent): string {
  const end = event.type === 'bind' || (event.type === 'drop' && !event.active) ? event.local : event.remote
  return `${PROTOCOLS[event.protocol] ?? event.protocol} ${end.address}:${end.port}`
}

export function factsOf(event: Event, name: (slot: number) => string): Record<string, unknown> {
  switch (event.type) {
    case 'fork':
      return {}
    case 'exit':
      return { status: event.status >> 8, signal: event.status & 127 }
    case 'exec': {
      const { path, name: given, interpreter, cwd, argv, links, forms, task } = event
      return { path, name: given, interpreter, cwd, argv, inode: String(event.inode), links, forms, uid: task.uid, euid: task.euid }
    }
    case 'module': {
      const { path, sha256, form, task } = event
      return { path, sha256, form, uid: task.uid, euid: task.euid }
    }
    default: {
      const { protocol, local, remote, active, bytesIn, bytesOut, peerSlot } = event
      const peer = peerSlot === 0 ? null : name(peerSlot)
      return {
        protocol: PROTOCOLS[protocol] ?? protocol,
        local: `${local.address}:${local.port}`,
        remote: `${remote.address}:${remote.port}`,
        peer,
        active,
        bytesIn,
        bytesOut,
      }
    }
  }
}

/** The decision that an event tells of, as `policy why` would word it. */
export function decisionOf(event: Asked, because: Because, names: Names): Decision {
  const denied = deniedBy(event.ruling)
  const enforced = denied === undefined ? event.ruling.effect !== null : denied === 'enforced'
  return {
    request: requestOf(event, names),
    effect: denied === undefined ? 'allow' : 'deny',
    enforced,
    because,
    generation: event.ruling.generation,
  }
}

/** A module as a request or an event names it: by its path, its digest, or both. */
export function moduleText({ path, sha256 }: { readonly path?: string; readonly sha256?: string }): string {
  if (!path) return sha256 === undefined ? 'a module without a digest' : `sha256 ${sha256}`
  return sha256 === undefined ? `${path}, without a digest` : `${path} (sha256 ${sha256})`
}

function requestOf(event: Asked, names: Names): Request {
  if (event.type === 'exec') {
    const fileless = event.forms.some((form) => FILELESS_FORMS.includes(form))
    return { gate: 'exec', subject: names(event.slot), path: event.path, fileless }
  }
  if (event.type === 'module') {
    const { sha256, path } = event
    return { gate: 'module', subject: NODE, ...(sha256 === null ? {} : { sha256 }), ...(path === '' ? {} : { path }) }
  }
  const gate = event.type === 'bind' ? 'bind' : event.active || event.type === 'connect' ? 'connect' : 'accept'
  const end = gate === 'connect' ? event.remote : event.local
  const peer = { ...(event.peerSlot === 0 ? {} : { workload: names(event.peerSlot) }), address: event.remote.address }
  return { gate, subject: names(event.slot), peer, protocol: event.protocol, port: end.port }
}

/** What a socket's event changes about its flow; nothing for a flow with no workload at either end. */
export function flowOf(event: SocketEvent, time: number, because: Because | null, names: Names): FlowChange | undefined {
  if (event.type === 'bind' || (event.slot === 0 && event.peerSlot === 0)) return undefined
  const self = names(event.slot)
  const other = event.peerSlot === 0 ? event.remote.address : names(event.peerSlot)
  const starts = event.active || event.type === 'connect'
  const denied = deniedBy(event.ruling)
  const closes = event.type === 'close'
  return {
    at: time,
    from: starts ? self : other,
    to: starts ? other : self,
    protocol: PROTOCOLS[event.protocol] ?? String(event.protocol),
    port: starts ? event.remote.port : event.local.port,
    what: closes ? 'closed' : denied === 'enforced' ? 'denied' : denied === 'trial' ? 'would deny' : 'opened',
    bytesIn: event.bytesIn,
    bytesOut: event.bytesOut,
    because: closes ? null : because === null ? 'no policy speaks of it' : summaryOf(because),
  }
}
