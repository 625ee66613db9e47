// What the registers hold if a log is the truth.
import { type HashName, hashByName } from '../../../formats/hash.ts'
import { Register } from '../register.ts'
import type { EventLog } from './event-log.ts'
import { EV } from './event-types.table.ts'

/** Registers that were extended, by number, in rising order. One that is missing still holds `initialValue`. */
export type Registers = ReadonlyMap<number, Buffer>

/** Replays the log in one bank; a bank that the log does not have has no registers. */
export function replay(log: EventLog, bank: HashName): Registers {
  const registers = new Map<number, Register>()
  for (const { register, type, digests } of log.events) {
    if (type === EV.NO_ACTION) continue // never extended (PFP 10.4.5)
    const digest = digests.find(({ hash }) => hash === bank)?.value
    if (digest === undefined) continue
    if (!registers.has(register)) registers.set(register, new Register(bank, initialValue(log, bank, register)))
    registers.get(register)!.extend(digest)
  }
  return new Map([...registers].sort(([a], [b]) => a - b).map(([number, { value }]) => [number, value]))
}

/**
 * What a register holds before it is first extended: zeros, but ones where only a dynamic launch may extend (PCRs 17 to 22; PC Client
 * Platform TPM Profile 1.05 §4.6.2), and the locality of the start in PCR 0.
 */
export function initialValue({ registers, startupLocality }: EventLog, bank: HashName, register: number): Buffer {
  const value = Buffer.alloc(hashByName(bank)!.size, registers === 'pcr' && isDynamic(register) ? 0xff : 0)
  if (registers === 'pcr' && register === 0) value[value.length - 1] = startupLocality
  return value
}

/** Whether a PCR is reset by a dynamic launch alone. */
const isDynamic = (pcr: number) => pcr >= 17 && pcr <= 22
