import type { PlaceEntry, SubjectEntry, Tables } from '../../../engine/rule-plane/tables.ts'
import { GATE_NUMBER, TABLE_LIMIT } from '../../../engine/rule-plane/tables.ts'
import { encodePathKey, encodePlace, encodePlaceKey, encodeRuleValue, encodeSubject, encodeTrafficKey, SIZE } from './layout.gen.ts'

/** Keys one after another, and their values. */
export interface Entries {
  readonly keys: Buffer
  readonly values: Buffer
}

export const TABLE_NAMES = ['subjects', 'places', 'traffic', 'paths'] as const
export type TableName = (typeof TABLE_NAMES)[number]
export type EncodedTables = Readonly<Record<TableName, Entries>>

/** Bytes of a key and of a value of each table (kernel/rule.h). */
export const TABLE_SHAPE: Readonly<Record<TableName, readonly [key: number, value: number]>> = {
  subjects: [4, SIZE.subject],
  places: [SIZE.place_key, SIZE.place],
  traffic: [SIZE.traffic_key, SIZE.rule_value],
  paths: [SIZE.path_key, SIZE.rule_value],
}

const TRIAL = 0x80
const EFFECT = { allow: 1, deny: 2 } as const
const TRAFFIC_FIXED_BITS = 72
const PATH_FIXED_BITS = 64

/** Entries of subjects. */
export function encodeSubjects(subjects: readonly SubjectEntry[]): Entries {
  return entries('subjects', subjects, (subject, keys, key, values, value) => {
    keys.writeUInt32LE(subject.slot, key)
    encodeSubject(values, value, {
      identity: subject.identity,
      enforced_gates: subject.enforcedGates,
      trial_gates: subject.trialGates,
      plain_gates: subject.plainGates,
    })
  })
}

/** Entries of places. */
export function encodePlaces(places: readonly PlaceEntry[]): Entries {
  return entries('places', places, (place, keys, key, values, value) => {
    encodePlaceKey(keys, key, { prefixlen: place.bits, address: place.address })
    encodePlace(values, value, { block: place.block, slot: place.slot })
  })
}

/** One generation of policy, as the bytes that the kernel's maps hold. */
export function encodeTables(tables: Tables): EncodedTables {
  return {
    subjects: encodeSubjects(tables.subjects),
    places: encodePlaces(tables.places),
    traffic: entries('traffic', tables.traffic, (rule, keys, key, values, value) => {
      encodeTrafficKey(keys, key, {
        prefixlen: TRAFFIC_FIXED_BITS + rule.bits,
        subject: rule.subject,
        peer: rule.peer,
        gate: GATE_NUMBER[rule.gate] | (rule.trial ? TRIAL : 0),
        protocol: rule.protocol,
        port: rule.port,
      })
      encodeRuleValue(values, value, ruleValue(rule))
    }),
    paths: entries('paths', tables.paths, (rule, keys, key, values, value) => {
      // With its NUL a path is one file; without, all that begins with it.
      const bytes = Buffer.byteLength(rule.path) + (rule.whole ? 1 : 0)
      if (bytes > TABLE_LIMIT.pathBytes) throw new RangeError(`path of ${bytes} bytes`) // the compiler has refused it before
      encodePathKey(keys, key, {
        prefixlen: PATH_FIXED_BITS + bytes * 8,
        subject: rule.subject,
        gate: GATE_NUMBER[rule.gate ?? 'exec'] | (rule.trial ? TRIAL : 0),
        path: rule.path,
      })
      encodeRuleValue(values, value, ruleValue(rule))
    }),
  }
}

function ruleValue(rule: { cookie: number; rank: number; effect: 'allow' | 'deny'; report: boolean }) {
  return { cookie: rule.cookie, rank: rule.rank, effect: EFFECT[rule.effect], report: rule.report ? 1 : 0 }
}

function entries<T>(
  name: TableName,
  list: readonly T[],
  write: (item: T, keys: Buffer, key: number, values: Buffer, value: number) => void,
): Entries {
  const [keySize, valueSize] = TABLE_SHAPE[name]
  const keys = Buffer.alloc(list.length * keySize)
  const values = Buffer.alloc(list.length * valueSize)
  list.forEach((item, index) => {
    write(item, keys, index * keySize, values, index * valueSize)
  })
  return { keys, values }
}
