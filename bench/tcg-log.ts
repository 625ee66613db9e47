// Event logs of firmware: read, replayed, and understood. The log is made as a server's is: long lists in dbx, and GRUB that logs each of its
// commands.
import { checkBoot } from '../src/layers/firmware/boot/checks.ts'
import { bootOf } from '../src/layers/firmware/boot/images.ts'
import { compareBoot } from '../src/layers/firmware/reference/checks.ts'
import { recordBoot } from '../src/layers/firmware/reference/reference.ts'
import { parseEventLog } from '../src/layers/firmware/tcg-log/event-log.ts'
import { replay } from '../src/layers/firmware/tcg-log/replay.ts'
import { eventLog, grub, linuxBoot } from '../test/kit/event-log.ts'
import { ownTime } from '../test/kit/own-time.ts'
import { estimate } from './kit/alternate.ts'
import type { Benchmark, Measure } from './kit/report.ts'

const ROUNDS = 15
/** How long one arm works at a time. */
const ARM_MS = 60
const HASHES = 400
const COMMANDS = 100

export const tcgLog: Benchmark = {
  name: 'tcg-log',
  about: 'event logs: read, replayed in one bank and in three, checked, held to a recorded boot; one core',
  kernel: false,
  async run() {
    const dbx = Array.from({ length: HASHES }, (_, at) => Buffer.alloc(32, at))
    const commands = Array.from({ length: COMMANDS }, (_, at) => grub(`search --no-floppy --set=root --file /boot/${at}`))
    const bytes = eventLog([...linuxBoot({ dbx }), ...commands], ['sha1', 'sha256', 'sha384'])
    const log = parseEventLog(bytes)
    const reference = recordBoot(log, 'sha256')
    const size = `${log.events.length} events, ${(bytes.length / 1024).toFixed(0)} KiB`
    const rate = (what: string, work: () => unknown, unit: 'MB/s' | 'logs/s'): Measure => {
      const perSecond = ratesOf(work)
      const { median, interval } = estimate(unit === 'MB/s' ? perSecond.map((each) => (each * bytes.length) / 1e6) : perSecond)
      return { what, value: median, unit, interval, note: size }
    }
    const allBanks = () => {
      const read = parseEventLog(bytes)
      return read.banks.map((bank) => replay(read, bank))
    }
    const full = () => {
      const read = parseEventLog(bytes)
      replay(read, 'sha256')
      const boot = bootOf(read, 'sha256')
      checkBoot(boot)
      return compareBoot(reference, read, boot)
    }
    return [
      rate('read', () => parseEventLog(bytes), 'MB/s'),
      rate('read and replayed in SHA-256', () => replay(parseEventLog(bytes), 'sha256'), 'MB/s'),
      rate('read and replayed in three banks', allBanks, 'MB/s'),
      rate('read and replayed in SHA-256', () => replay(parseEventLog(bytes), 'sha256'), 'logs/s'),
      rate('read, replayed, checked, held to a recorded boot', full, 'logs/s'),
    ]
  },
}

/** How often a second of this process's own time, round by round; the first rounds warm up. */
function ratesOf(work: () => unknown): readonly number[] {
  const rates: number[] = []
  for (let round = -3; round < ROUNDS; round++) {
    const begun = ownTime()
    let done = 0
    while (ownTime() - begun < ARM_MS) {
      work()
      done++
    }
    if (round >= 0) rates.push((done * 1000) / (ownTime() - begun))
  }
  return rates
}
