import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Because } from '../core/decision.ts'
import { ThymusError } from '../core/errors.ts'
import type { Finding } from '../core/finding.ts'
import type { Workload } from '../core/workload.ts'
import { Segments } from '../engine/store/segments.ts'
import { Store } from '../engine/store/store.ts'
import type { FlowSummary } from '../server/api.ts'
import { LAYOUT } from './layout.ts'
import { type Origin, RecordedRing } from './recording.ts'
import { Watch } from './watch.ts'

export interface Replayed {
  readonly origin: Origin
  readonly findings: readonly Finding[]
  readonly flows: readonly FlowSummary[]
  readonly events: number
  /** Events that were lost while it was recorded. */
  readonly lost: number
}

const NOT_RECORDED: Because = { unknown: { code: 'NOT_RECORDED', text: 'the recording does not say why' } }
const ALL = 100_000

/**
 * Puts a recording through the pipeline of the agent, with a store of its own that goes afterwards. Needs no privilege, and no agent.
 * @throws ThymusError FORMAT for what is no recording, or one of another version; USAGE for what cannot be opened
 */
export function replay(path: string): Replayed {
  const ring = new RecordedRing(path)
  const folder = mkdtempSync(join(tmpdir(), 'thymus-replay-'))
  try {
    if (ring.origin.layout !== LAYOUT.toString('hex')) {
      const what = `events of another layout than this version of Thymus reads were recorded, on ${ring.origin.on}`
      throw new ThymusError('FORMAT', what, { at: path })
    }
    const now = () => ring.origin.boot // nothing of then is too old to be kept
    const store = new Store(join(folder, 'replay.db'), { now, boot: 'replay' })
    const segments = new Segments(join(folder, 'segments'), { layout: LAYOUT, now })
    const knowledge = {
      workloadOf: (slot: number) => workloadOf(ring, slot),
      reason: (generation: number, cookie: number) => ring.reason(generation, cookie) ?? NOT_RECORDED,
    }
    const watch = new Watch([{ name: 'recording', source: ring }], store, segments, knowledge, ring.origin.boot)
    while (watch.tick() > 0);
    const events = [...watch.received().values()].reduce((sum, count) => sum + count, 0)
    const found = { findings: store.findings({ limit: ALL }), flows: watch.flows() }
    segments.close()
    store.close()
    return { origin: ring.origin, ...found, events, lost: ring.lost }
  } finally {
    ring.close()
    rmSync(folder, { recursive: true })
  }
}

function workloadOf(ring: RecordedRing, slot: number): Workload | undefined {
  const named = ring.nameOf(slot)
  return named && { ...named, labels: {}, mode: 'observe', anchor: { is: 'process', pid: 0 }, addresses: [] }
}
