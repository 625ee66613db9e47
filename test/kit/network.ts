// Words for tests of who may talk to whom.
import { decodeSocketEvent, EVENT_TYPE, type SocketEvent } from '../../src/adapters/linux/bpf/layout.gen.ts'
import { GATE_NUMBER, PROTOCOL_NUMBER, type TrafficEntry } from '../../src/engine/rule-plane/tables.ts'
import { type Instance, trafficRule } from './instance.ts'

export const CONNECT = 1 << GATE_NUMBER.connect
export const ACCEPT = 1 << GATE_NUMBER.accept
export const BIND = 1 << GATE_NUMBER.bind

/** A rule about one peer, and about one port if it is given. */
export function rule(
  slot: number,
  gate: TrafficEntry['gate'],
  effect: 'allow' | 'deny',
  peer: number,
  port?: number,
  protocol: number = PROTOCOL_NUMBER.TCP,
): TrafficEntry {
  return trafficRule(slot, gate, effect, { peer, ...(port === undefined ? {} : { protocol, port, bits: 24 }) })
}

/** What nothing allows is denied. */
export function isolated(slot: number, gate: TrafficEntry['gate']): TrafficEntry {
  return trafficRule(slot, gate, 'deny', { rank: 0 })
}

/** Socket events since the last call, those that were denied first; both rings are emptied. */
export function all(it: Instance): SocketEvent[] {
  return (['alerts', 'events'] as const).flatMap((ring) =>
    it.drain(ring, (view, bytes, at) => {
      const kind = view.getUint8(at + 22)
      return kind >= EVENT_TYPE.EVENT_CONNECT && kind <= EVENT_TYPE.EVENT_DROP ? decodeSocketEvent(view, bytes, at) : undefined
    }),
  )
}

/** Those of one type. */
export function seen(it: Instance, type?: number): SocketEvent[] {
  return all(it).filter(({ header }) => header.type === type)
}
