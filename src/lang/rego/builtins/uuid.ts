import type { Builtin } from '../codegen/runtime.ts'
import { fromBigInt } from '../values/decimal.ts'
import { keyOf } from '../values/key.ts'
import { RegoObject, type Value } from '../values/value.ts'
import { text } from './operands.ts'

/** Nanoseconds from the Gregorian reform, from which RFC 4122 counts, to 1970. */
const REFORM = 12_219_292_800_000_000_000n
const DOMAINS = ['Person', 'Group', 'Org']

export const UUID: Readonly<Record<string, Builtin>> = {
  // The same for the same operand within one evaluation.
  'uuid.rfc4122': (runtime, name) => {
    const key = `uuid.rfc4122 ${String(keyOf(name))}`
    const value = runtime.kept.get(key) ?? random(runtime.surroundings.random)
    runtime.kept.set(key, value)
    return value
  },
  'uuid.parse': (_, a) => {
    const bytes = bytesOf(text(a, 1))
    return bytes === undefined ? undefined : RegoObject.of(describe(bytes))
  },
}

function random(next: () => number): string {
  const bytes = Buffer.from(Array.from({ length: 16 }, () => Math.floor(next() * 256)))
  bytes[6] = (bytes[6]! & 0x0f) | 0x40
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

/** With hyphens, or in braces or as a URN besides, or as bare hex. */
function bytesOf(written: string): Buffer | undefined {
  const inner = written.length === 45 ? written.replace(/^urn:uuid:/i, '') : written.length === 38 ? written.slice(1, 37) : written
  const hyphened = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i.test(inner)
  if (!hyphened && !/^[\da-f]{32}$/i.test(written)) return undefined
  return Buffer.from(inner.replaceAll('-', ''), 'hex')
}

function describe(bytes: Buffer): [string, Value][] {
  const version = bytes[6]! >> 4
  const told: [string, Value][] = [
    ['version', version],
    ['variant', variant(bytes[8]!)],
  ]
  if (version !== 1 && version !== 2) return told
  const ticks = ((BigInt(bytes.readUInt16BE(6)) & 0xfffn) << 48n) | (BigInt(bytes.readUInt16BE(4)) << 32n) | BigInt(bytes.readUInt32BE(0))
  const node = bytes.subarray(10)
  told.push(
    ['time', fromBigInt(BigInt.asIntN(64, ticks * 100n - REFORM))],
    ['nodeid', node.toString('hex').replace(/..(?=.)/g, '$&-')],
    ['macvariables', `${(node[0]! & 2) === 2 ? 'local' : 'global'}:${(node[0]! & 1) === 1 ? 'multicast' : 'unicast'}`],
    ['clocksequence', bytes.readUInt16BE(8) & 0x3fff],
  )
  if (version === 2) told.push(['id', bytes.readUInt32BE(0)], ['domain', DOMAINS[bytes[9]!] ?? `Domain${bytes[9]}`])
  return told
}

function variant(byte: number): string {
  if ((byte & 0xc0) === 0x80) return 'RFC4122'
  if ((byte & 0xe0) === 0xc0) return 'Microsoft'
  return (byte & 0xe0) === 0xe0 ? 'Future' : 'Reserved'
}
