// A log held to what registers hold.
import { type CheckTable, checked } from '../../../core/appraisal.ts'
import { type Check, unknown } from '../../../core/verdict.ts'
import type { HashName } from '../../../formats/hash.ts'
import { type EventLog, emptyLog } from './event-log.ts'
import { initialValue, replay } from './replay.ts'
import { valuesAfterSystemd } from './systemd.ts'

export const LOG_CHECKS = {
  TCG_LOG: { title: 'there is an event log that can be read', clause: 'PFP 1.06 clause 10' },
  TCG_BANK: { title: 'the log has the bank that is quoted', clause: 'PFP 1.06 §10.4.5.1' },
  TCG_REPLAY: { title: 'the log replays to the registers', clause: 'TPM 2.0 part 1 §17.2' },
  TCG_QUOTED: { title: 'every register of the log is quoted', clause: 'RFC 9683 §3.2' },
  TCG_UNLOGGED: { title: 'no register of the firmware holds what the log does not account for', clause: 'PFP 1.06 §3.3.4' },
} as const satisfies CheckTable

/**
 * Registers that only the system extends, or whoever likes: IMA, systemd's of the machine, and the two that software may reset. In a
 * confidential guest, RTMR 3. What they hold is not the log's to account for; what it says of them is held to them all the same.
 */
const OF_THE_SYSTEM = { pcr: [10, 15, 16, 23], cc: [4] } as const

/**
 * Whether a log accounts for registers whose values are known to be true.
 * @param log undefined where there is none
 * @param values register → value, as quoted; those that nothing logged and that only the system extends are left alone
 * @param others what other logs account for: a register whose value is theirs need not be in this one
 */
export function checkRegisters(
  log: EventLog | undefined,
  bank: HashName,
  values: ReadonlyMap<number, Buffer>,
  others: ReadonlyMap<number, Buffer> = new Map(),
): readonly Check[] {
  if (log === undefined) return withoutLog(bank, values)
  if (!log.banks.includes(bank)) {
    return [checked(LOG_CHECKS, 'TCG_BANK', unknown('TCG_BANK_UNLOGGED', `the log has ${log.banks.join(', ')}, and ${bank} is quoted`))]
  }
  const replayed = replay(log, bank)
  const differing = [...replayed].filter(
    ([register, value]) => values.has(register) && !leadsTo(log, bank, register, value, values.get(register)!),
  )
  const system: readonly number[] = OF_THE_SYSTEM[log.registers]
  const unquoted = [...replayed].filter(([register]) => !values.has(register))
  const unlogged = [...values].filter(
    ([register, value]) =>
      !system.includes(register) &&
      !replayed.has(register) &&
      others.get(register)?.equals(value) !== true &&
      !leadsTo(log, bank, register, initialValue(log, bank, register), value),
  )
  const held = [...replayed.keys()].filter((register) => values.has(register))
  return [
    checked(LOG_CHECKS, 'TCG_LOG', true),
    held.length === 0
      ? checked(LOG_CHECKS, 'TCG_REPLAY', unknown('TCG_NOTHING_HELD', 'no register of the log was quoted'))
      : checked(
          LOG_CHECKS,
          'TCG_REPLAY',
          differing.length === 0,
          differing.length === 0 ? {} : { got: `another value in ${list(differing)}` },
        ),
    unquoted.length === 0
      ? checked(LOG_CHECKS, 'TCG_QUOTED', true)
      : checked(LOG_CHECKS, 'TCG_QUOTED', unknown('TCG_NOT_QUOTED', `what the log says of ${list(unquoted)} is only a claim`)),
    checked(
      LOG_CHECKS,
      'TCG_UNLOGGED',
      unlogged.length === 0,
      unlogged.length === 0 ? {} : { got: `extended, but not in the log: ${list(unlogged)}` },
    ),
  ]
}

/** Whether a register holds what the log makes of it, or what systemd makes of that. */
function leadsTo({ registers }: EventLog, bank: HashName, register: number, replayed: Buffer, value: Buffer): boolean {
  return replayed.equals(value) || (registers === 'pcr' && valuesAfterSystemd(bank, register, replayed).some((each) => each.equals(value)))
}

/** What registers held when the firmware was done, before systemd went on, where the log leads to their values; else these. */
export function valuesBeforeSystemd(log: EventLog, bank: HashName, values: ReadonlyMap<number, Buffer>): ReadonlyMap<number, Buffer> {
  if (!log.banks.includes(bank)) return values
  const replayed = replay(log, bank)
  return new Map(
    [...values].map(([register, value]) => {
      const before = replayed.get(register) ?? initialValue(log, bank, register)
      return [register, leadsTo(log, bank, register, before, value) ? before : value]
    }),
  )
}

/** Without a log nothing is known of what extended registers: not even that it was wrong. */
function withoutLog(bank: HashName, values: ReadonlyMap<number, Buffer>): readonly Check[] {
  const extended = [...values].filter(([register, value]) => !value.equals(initialValue(emptyLog, bank, register)))
  const text =
    extended.length > 0
      ? `there is no event log, though registers were extended: ${list(extended)}`
      : 'there is no event log, and no register was extended'
  return [checked(LOG_CHECKS, 'TCG_LOG', unknown('TCG_LOG_MISSING', text))]
}

const list = (registers: readonly (readonly [number, Buffer])[]) =>
  registers
    .map(([register]) => register)
    .sort((a, b) => a - b)
    .join(', ')
