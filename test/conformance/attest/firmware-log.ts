import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ThymusError } from '../../../src/core/errors.ts'
import { together } from '../../../src/core/verdict.ts'
import { type HashName, hashByName } from '../../../src/formats/hash.ts'
import { bootOf } from '../../../src/layers/firmware/boot/images.ts'
import { bootState } from '../../../src/layers/firmware/boot/state.ts'
import { compareBoot } from '../../../src/layers/firmware/reference/checks.ts'
import { readReference, recordBoot } from '../../../src/layers/firmware/reference/reference.ts'
import { type EventLog, parseEventLog, type RegisterKind } from '../../../src/layers/firmware/tcg-log/event-log.ts'
import { checkRegisters } from '../../../src/layers/firmware/tcg-log/registers.ts'
import { replay } from '../../../src/layers/firmware/tcg-log/replay.ts'
import { type AttestCase, answered, type CaseFiles, type Difference, factsDiffer, type Judge, readPcrs } from './case.ts'

/** Event logs of firmware and of confidential guests. */
export const firmwareLog: Readonly<Record<string, Judge>> = {
  'tcg-log': (one, files) => judgeLog('pcr', one, files),
  ccel: (one, files) => judgeLog('cc', one, files),
  'tcg-log-missing': ({ expect }, { read }) => {
    const checks = checkRegisters(undefined, 'sha256', readPcrs(read('pcrs')))
    return answered('measuredBoot', expect.measuredBoot, together(checks.map(({ verdict }) => verdict)).is)
  },
  'boot-diff': ({ expect }, { read }) => {
    const [golden, observed] = [parseEventLog(read('golden')), parseEventLog(read('observed'))]
    const shared = golden.banks.filter((bank) => observed.banks.includes(bank))
    const bank = shared.includes('sha256') ? 'sha256' : shared.at(-1)!
    const { registers, words } = compareBoot(readReference(JSON.parse(JSON.stringify(recordBoot(golden, bank)))), observed)
    const told = words.some(({ text }) => expect.mustName === undefined || text.includes(expect.mustName))
    return [
      ...answered('outcome', expect.outcome, registers.length === 0 ? 'accept' : 'reject'),
      ...factsDiffer({ ...(expect.differingPcrs && { differingPcrs: expect.differingPcrs }) }, { differingPcrs: registers }),
      ...(expect.mustName !== undefined && !told ? [{ what: 'words', expected: expect.mustName, got: words.map(({ text }) => text) }] : []),
    ]
  },
}

function judgeLog(registers: RegisterKind, { expect, files: names }: AttestCase, files: CaseFiles): readonly Difference[] {
  let log: EventLog
  try {
    log = parseEventLog(files.read('log'), registers)
  } catch (error) {
    if (!(error instanceof ThymusError) || expect.parse !== 'reject') throw error
    return []
  }
  const folder = join(files.root, dirname(names.log!))
  return [
    ...answered('parse', expect.parse, 'accept'),
    ...factsDiffer(expect.facts, facts(log, Object.keys(expect.facts?.registers ?? {}) as HashName[])),
    ...(expect.replayEqualsPcrs === true ? heldDiffer(log, folder) : []),
    ...(expect.sourcePcrs === undefined ? [] : sourceDiffer(log, expect.facts.registers)),
    ...(files.has('yaml') ? yamlDiffer(log, files.read('yaml').toString('utf8')) : []),
    ...(files.has('expectedParse') ? parseDiffer(log, JSON.parse(files.read('expectedParse').toString('utf8'))) : []),
  ]
}

/** @param banks whose registers are told; the index knows nothing of SM3 */
function facts(log: EventLog, banks: readonly HashName[]): Record<string, unknown> {
  const { secureBoot = null, exitBootServices } = bootState(bootOf(log, log.banks.at(-1)!))
  return {
    format: log.format,
    events: log.events.length,
    startupLocality: log.startupLocality,
    end: log.end,
    secureBoot,
    exitBootServices,
    registers: Object.fromEntries(banks.map((bank) => [bank, hexRegisters(log, bank)])),
    otherBanks: log.banks.length === 1 ? [] : log.banks.filter((bank) => !banks.includes(bank) && bank !== 'sm3'),
  }
}

const hexRegisters = (log: EventLog, bank: HashName) =>
  Object.fromEntries([...replay(log, bank)].map(([register, value]) => [register, value.toString('hex')]))

/** What the TPM held, beside the log: `pcr-BANK.txt`. */
function heldDiffer(log: EventLog, folder: string): readonly Difference[] {
  return log.banks.flatMap((bank) => {
    const file = join(folder, `pcr-${bank}.txt`)
    if (!existsSync(file)) return []
    const checks = checkRegisters(log, bank, readPcrs(readFileSync(file)))
    return answered(`PCRs of ${bank}`, 'pass', together(checks.map(({ verdict }) => verdict)).is)
  })
}

function sourceDiffer(log: EventLog, registers: Readonly<Record<string, Readonly<Record<string, string>>>>): readonly Difference[] {
  return Object.entries(registers).flatMap(([bank, values]) => {
    const held = new Map(Object.entries(values).map(([register, value]) => [Number(register), Buffer.from(value, 'hex')]))
    const checks = checkRegisters(log, bank as HashName, held)
    return answered(`PCRs of ${bank} that the source has`, 'pass', together(checks.map(({ verdict }) => verdict)).is)
  })
}

/** What tpm2_eventlog printed: registers and digests of the events, and registers after the replay. */
function yamlDiffer(log: EventLog, text: string): readonly Difference[] {
  const [events, pcrs] = text.split(/^pcrs:$/m) as [string, string | undefined]
  const registers = [...events.matchAll(/^ {2,}(?:- )?PCRIndex: (\d+)$/gm)].map(([, register]) => Number(register))
  const digests = [...events.matchAll(/^ +(?:- )?Digest: "([0-9a-f]+)"$/gm)].map(([, digest]) => digest!)
  const replayed: Record<string, Record<string, string>> = {}
  for (const part of (pcrs ?? '').split(/^ {2}(?=\w+:$)/m)) {
    const bank = /^(\w+):$/m.exec(part)?.[1]
    if (bank === undefined || hashByName(bank) === undefined) continue
    const size = 2 * hashByName(bank)!.size
    replayed[bank] = Object.fromEntries(
      [...part.matchAll(/^ +(\d+) *: 0x([0-9a-f]+)$/gm)].map(([, n, value]) => [n, value!.padStart(size, '0')]),
    )
  }
  return factsDiffer(
    { registers, digests, replayed },
    {
      registers: log.events.map(({ register }) => register),
      digests: log.events.flatMap(({ digests: of }) => of.map(({ value }) => value.toString('hex'))),
      replayed: Object.fromEntries(Object.keys(replayed).map((bank) => [bank, hexRegisters(log, bank as HashName)])),
    },
  ).map((difference) => ({ ...difference, what: `yaml ${difference.what}` }))
}

interface ExpectedParse {
  readonly uefi_event_logs: readonly {
    readonly index: number
    readonly event: string
    readonly digests: readonly { readonly digest: string }[]
  }[]
}

/** What another parser read: digests and data of the events behind the first. */
function parseDiffer(log: EventLog, { uefi_event_logs: expected }: ExpectedParse): readonly Difference[] {
  const told = (digests: readonly string[], event: string) => `${digests.join(' ')} ${event}`
  return factsDiffer(
    {
      events: expected.map(({ digests, event }) =>
        told(
          digests.map(({ digest }) => digest),
          event,
        ),
      ),
    },
    {
      events: log.events.slice(1).map(({ digests, data }) =>
        told(
          digests.map(({ value }) => value.toString('hex')),
          data.toString('base64'),
        ),
      ),
    },
  ).map((difference) => ({ ...difference, what: `parsed ${difference.what}`, expected: 'as expected', got: 'otherwise' }))
}
