// What two sets of policies may answer differently: requests that their rules name, and of each kind one that no rule names.
import { join } from 'node:path'
import type { Gate, Policy, Predicate, Protocol } from '../core/policy.ts'
import type { Workload } from '../core/workload.ts'
import { addressText, endsOf, parseBlock } from '../layers/network/address.ts'
import type { WhyRequest } from '../server/api.ts'
import { key } from './control.ts'
import { moduleText } from './records.ts'

export interface Question {
  readonly text: string
  readonly asked: WhyRequest
}

type Traffic = Extract<Predicate, { is: 'traffic' }>
type Port = readonly [Protocol, number]

/** No rule names it: what is left after all rules. */
const OTHER_PORT: Port = ['TCP', 1]
const OTHER_PROGRAM = '/…'
const OTHER_MODULE = '0'.repeat(64)
/** Of no machine (RFC 5737). */
const OTHER_ADDRESS = '192.0.2.1'
/** Without a name in any directory. */
const FILELESS = 'memfd:…'

/** Questions by what they are about, so that many of one kind leave room for the others. */
export function questionsOf(
  policies: readonly Policy[],
  workloads: readonly Workload[],
): Readonly<Record<string, () => Iterable<Question>>> {
  const names = workloads.map(key)
  return {
    modules: () => modules(policies),
    programs: () => programs(policies, names),
    'bound ports': () => bound(policies, names),
    addresses: () => withAddresses(policies, names),
    'pairs of workloads': () => between(policies, names),
  }
}

function* modules(policies: readonly Policy[]): Generator<Question> {
  const named = rulesAt(policies, 'module').flatMap((when) => (when.is === 'content' ? [when.sha256] : []))
  for (const sha256 of new Set(named)) yield { text: `module ${moduleText({ sha256 })}`, asked: { gate: 'module', sha256 } }
  yield { text: 'any other module', asked: { gate: 'module', sha256: OTHER_MODULE } }
}

function* programs(policies: readonly Policy[], names: readonly string[]): Generator<Question> {
  const named = rulesAt(policies, 'exec').flatMap((when) => (when.is === 'path' ? [when.below ? join(when.path, '…') : when.path] : []))
  for (const from of names) {
    for (const path of new Set([...named, OTHER_PROGRAM, FILELESS])) {
      const what = path === OTHER_PROGRAM ? 'any other program' : path === FILELESS ? 'a program without a file' : path
      yield { text: `${from} executes ${what}`, asked: { gate: 'exec', from, path } }
    }
  }
}

function* bound(policies: readonly Policy[], names: readonly string[]): Generator<Question> {
  const ports = portsOf(trafficAt(policies, 'bind'))
  for (const from of names)
    for (const at of ports) yield { text: `${from} binds ${portText(at)}`, asked: { gate: 'bind', from, protocol: at[0], port: at[1] } }
}

/** Both ways; of a block, and of each hole in it, the first address and the last. */
function* withAddresses(policies: readonly Policy[], names: readonly string[]): Generator<Question> {
  const traffic = trafficAt(policies, 'connect', 'accept')
  const ports = portsOf(traffic)
  const blocks = traffic.flatMap(({ peer }) => (peer.is === 'addresses' ? [peer.block.cidr, ...peer.block.except] : []))
  const addresses = new Set([...blocks.flatMap((cidr) => endsOf(parseBlock(cidr)!).map(addressText)), OTHER_ADDRESS])
  for (const workload of names)
    for (const address of addresses)
      for (const ends of [[workload, address] as const, [address, workload] as const]) yield* connections(ends, ports)
}

function* between(policies: readonly Policy[], names: readonly string[]): Generator<Question> {
  const ports = portsOf(trafficAt(policies, 'connect', 'accept'))
  for (const from of names) for (const to of names) if (from !== to) yield* connections([from, to], ports)
}

function* connections([from, to]: readonly [string, string], ports: readonly Port[]): Generator<Question> {
  const [source, target] = [from, to].map((end) => (end === OTHER_ADDRESS ? 'any other address' : end))
  for (const at of ports)
    yield { text: `${source} → ${target} ${portText(at)}`, asked: { gate: 'connect', from, to, protocol: at[0], port: at[1] } }
}

const portText = (port: Port) => (port === OTHER_PORT ? 'any other port' : port.join('/'))

function rulesAt(policies: readonly Policy[], ...gates: readonly Gate[]): readonly Predicate[] {
  return policies.flatMap(({ rules }) => rules.filter(({ gate }) => gates.includes(gate)).map(({ when }) => when))
}

function trafficAt(policies: readonly Policy[], ...gates: readonly Gate[]): readonly Traffic[] {
  return rulesAt(policies, ...gates).filter((when) => when.is === 'traffic')
}

function portsOf(traffic: readonly Traffic[]): readonly Port[] {
  const named = traffic.flatMap(({ protocol = 'TCP', ports }) => (ports ?? []).map((port) => [protocol, port] as const))
  return [...new Map([OTHER_PORT, ...named].map((port) => [port.join('/'), port])).values()]
}
