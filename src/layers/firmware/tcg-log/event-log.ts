// The event log: what the firmware says that it measured (PFP 1.06 clause 10; UEFI 2.10 §38 for confidential guests, whose log has the same
// shape). A log is a claim. Only `replay`, held against a quoted register, makes it evidence; parsing believes nothing.
import { ThymusError } from '../../../core/errors.ts'
import { ByteReader } from '../../../formats/bytes.ts'
import { type HashName, hashById } from '../../../formats/hash.ts'
import { EV } from './event-types.table.ts'

/** `pcr`: registers of a TPM. `cc`: measurement registers of a confidential guest, 0 for MRTD and n + 1 for RTMR n of TDX. */
export type RegisterKind = 'pcr' | 'cc'

export interface LoggedDigest {
  readonly hash: HashName
  readonly value: Buffer
}

export interface LoggedEvent {
  /** Place in the log, from 0. */
  readonly number: number
  readonly register: number
  readonly type: number
  /** Those of algorithms that are known; views of the log. */
  readonly digests: readonly LoggedDigest[]
  /** Untrusted until it is shown to hash to a digest. A view of the log. */
  readonly data: Buffer
}

export interface EventLog {
  readonly format: 'sha1' | 'crypto-agile'
  readonly registers: RegisterKind
  /** Hashes that are known and that the events carry, in the log's order. */
  readonly banks: readonly HashName[]
  /** Where the TPM was started: PCR 0 begins with 3 or 4 after another locality or an H-CRTM (PFP 10.4.5.3). */
  readonly startupLocality: number
  readonly events: readonly LoggedEvent[]
  /** Whether the events end where the bytes do, or 0x00 or 0xff fill the rest of the area that the firmware reserved. */
  readonly end: 'eof' | 'padding'
}

/** What a machine without measurements would log. */
export const emptyLog: EventLog = { format: 'crypto-agile', registers: 'pcr', banks: [], startupLocality: 0, events: [], end: 'eof' }

/** Areas are a few hundred KiB; what is larger by orders of magnitude costs only the time to look through it once. */
const MAX_LOG = 128 << 20
/** Real logs stay below 1,000 events. */
const MAX_EVENTS = 65_536
const MAX_ALGORITHMS = 16
/** Of an algorithm that nobody knows yet. */
const MAX_DIGEST = 256
const PCR_COUNT = 24
/** MRTD and RTMR 0 to 3 (UEFI 2.10 §38.4.1). */
const CC_COUNT = 5
const NO_REGISTER = 0xffff_ffff
const SHA1_SIZE = 20
const SPEC_ID = 'Spec ID Event03\0'
const STARTUP_LOCALITY = 'StartupLocality\0'

/**
 * Parses a log as `/sys/kernel/security/tpm0/binary_bios_measurements` or `/sys/firmware/acpi/tables/data/CCEL` holds it, in the old format
 * of TPM 1.2 or in the crypto-agile one.
 * @throws ThymusError FORMAT
 */
export function parseEventLog(bytes: Uint8Array, registers: RegisterKind = 'pcr'): EventLog {
  if (bytes.length > MAX_LOG)
    throw new ThymusError('FORMAT', `${bytes.length} bytes, where ${MAX_LOG} are the most`, { at: 'log at byte 0' })
  const reader = new ByteReader(bytes, 'little')
  const paddingFrom = startOfPadding(bytes)
  if (paddingFrom === 0) reader.fail('pcrIndex', 'no event, only padding or nothing at all')
  const first = readOldEvent(reader, registers)
  const algorithms = first.type === EV.NO_ACTION ? readSpecId(first.data) : undefined
  const read = algorithms === undefined ? readOldEvent : readEvent
  const events = [first]
  let end: EventLog['end'] = 'eof'
  while (!reader.done) {
    if (reader.at >= paddingFrom) {
      end = 'padding'
      break
    }
    if (events.length === MAX_EVENTS) reader.fail('events', `more than ${MAX_EVENTS} events`)
    events.push(read(reader, registers, events.length, algorithms))
  }
  // Windows appends an event of its own, of a register that no TPM has, behind the last measurement.
  while (events.length > 1 && events.at(-1)!.register === NO_REGISTER) {
    events.pop()
    end = 'padding'
  }
  return {
    format: algorithms === undefined ? 'sha1' : 'crypto-agile',
    registers,
    banks: algorithms === undefined ? ['sha1'] : carried(algorithms, events),
    startupLocality: startupLocality(events),
    events,
    end,
  }
}

/** Announced hashes that are known. Some firmware announces more than it writes. */
function carried(algorithms: ReadonlyMap<number, number>, [, ...events]: readonly LoggedEvent[]): readonly HashName[] {
  const seen = new Set(events.flatMap(({ digests }) => digests.map(({ hash }) => hash)))
  const announced = [...algorithms.keys()].flatMap((id) => hashById(id)?.name ?? [])
  return events.length === 0 ? announced : announced.filter((name) => seen.has(name))
}

/** Where a last stretch of one byte, 0x00 or 0xff, begins. Looked for once: asking anew at each event would take the square of the time. */
function startOfPadding(bytes: Uint8Array): number {
  const last = bytes.at(-1)
  if (last !== 0 && last !== 0xff) return bytes.length
  let from = bytes.length
  while (from > 0 && bytes[from - 1] === last) from--
  return from
}

/** TCG_PCR_EVENT (PFP 10.2.1): every event of the old format, and the first of the new one. */
function readOldEvent(reader: ByteReader, registers: RegisterKind, number = 0): LoggedEvent {
  const { register, type } = readHead(reader, registers)
  // Nothing announces this format. A type that no specification has is the only sign that the bytes are no log.
  if (type >>> 16 !== 0 && type >>> 16 !== 0x8000) reader.fail('eventType', `0x${type.toString(16)} is no type of an event`)
  const value = reader.bytes(SHA1_SIZE, 'digest')
  return { number, register, type, digests: [{ hash: 'sha1', value }], data: readData(reader) }
}

/** TCG_PCR_EVENT2 (PFP 10.2.2). */
function readEvent(
  reader: ByteReader,
  registers: RegisterKind,
  number: number,
  sizes: ReadonlyMap<number, number> = new Map(),
): LoggedEvent {
  const { register, type } = readHead(reader, registers)
  const count = reader.u32('digests.count')
  if (count > MAX_ALGORITHMS) reader.fail('digests.count', `${count} digests, where ${MAX_ALGORITHMS} are the most`)
  const digests: LoggedDigest[] = []
  for (let left = count; left > 0; left--) {
    const id = reader.u16('hashAlg')
    const hash = hashById(id)
    const size = sizes.get(id) ?? hash?.size
    if (size === undefined) reader.fail('hashAlg', `algorithm 0x${id.toString(16)} is neither announced nor known`)
    const value = reader.bytes(size, 'digest')
    if (hash === undefined) continue
    if (digests.some((other) => other.hash === hash.name)) reader.fail('hashAlg', `a second ${hash.name} digest of one event`)
    digests.push({ hash: hash.name, value })
  }
  return { number, register, type, digests, data: readData(reader) }
}

function readHead(reader: ByteReader, registers: RegisterKind): { register: number; type: number } {
  const register = reader.u32('pcrIndex')
  const type = reader.u32('eventType')
  // What extends nothing may stand at 0xffffffff (PFP 10.4.5.4).
  const count = registers === 'pcr' ? PCR_COUNT : CC_COUNT
  if (register >= count && type !== EV.NO_ACTION) reader.fail('pcrIndex', `register ${register}, where ${count - 1} is the last`)
  return { register, type }
}

const readData = (reader: ByteReader) => reader.sized(reader.u32('eventSize'), MAX_LOG, 'event')

/** TCG_EfiSpecIDEvent (PFP 10.4.5.1): algorithm → size of its digests; undefined where the event is not the head of a crypto-agile log. */
function readSpecId(data: Buffer): ReadonlyMap<number, number> | undefined {
  if (data.toString('latin1', 0, SPEC_ID.length) !== SPEC_ID) return undefined
  const reader = new ByteReader(data, 'little', 8 + SHA1_SIZE + 4)
  reader.bytes(SPEC_ID.length, 'signature')
  reader.bytes(8, 'platformClass')
  const count = reader.u32('numberOfAlgorithms')
  if (count > MAX_ALGORITHMS) reader.fail('numberOfAlgorithms', `${count} algorithms, where ${MAX_ALGORITHMS} are the most`)
  const sizes = new Map<number, number>()
  for (let left = count; left > 0; left--) {
    const id = reader.u16('algorithmId')
    const size = reader.u16('digestSize')
    const known = hashById(id)?.size
    if (sizes.has(id)) reader.fail('algorithmId', `algorithm 0x${id.toString(16)} is announced twice`)
    if (size > MAX_DIGEST || (known !== undefined && known !== size)) {
      reader.fail('digestSize', `algorithm 0x${id.toString(16)} with ${size} bytes`)
    }
    sizes.set(id, size)
  }
  reader.bytes(reader.u8('vendorInfoSize'), 'vendorInfo')
  return sizes
}

function startupLocality(events: readonly LoggedEvent[]): number {
  const told = events.find(
    ({ register, type, data }) =>
      type === EV.NO_ACTION &&
      register === 0 &&
      data.length > STARTUP_LOCALITY.length &&
      data.toString('latin1', 0, STARTUP_LOCALITY.length) === STARTUP_LOCALITY,
  )
  return told?.data[STARTUP_LOCALITY.length] ?? 0
}
