// Event logs of firmware: read, replayed, and understood. The log is made as a server's is: long lists in dbx, and GRUB that logs each of its
// commands.
import { checkBoot } from '../src/layers/firmware/boot/checks.ts'
import { bootOf } from '../src/layers/firmware/boot/images.ts'
import { compareBoot } from '../src/layers/firmware/reference/checks.ts'
import { recordBoot } from '../src/layers/firmware/reference/reference.ts'
import { parseEventLog } from '../src/layers/firmware/tcg-log/event-log.ts'
import { replay } from '../src/layers/firmware/tcg-log/replay.ts'
import { eventLog, grub, linuxBoot } from '../test/kit/event-log.ts'
import type { Estimate } from './kit/alternate.ts'
import { inTurn, perSecond } from './kit/in-turn.ts'
import type { Benchmark, Measure } from './kit/report.ts'

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
    const times = inTurn({
      read: () => parseEventLog(bytes),
      replayed: () => replay(parseEventLog(bytes), 'sha256'),
      allBanks,
      full,
    })
    const megabytes = (what: string, time: Estimate): Measure => {
      const scale = (value: number) => (value * bytes.length) / 1e6
      const { median, interval } = perSecond(time)
      return { what, value: scale(median), unit: 'MB/s', interval: { low: scale(interval.low), high: scale(interval.high) }, note: size }
    }
    const logs = (what: string, time: Estimate): Measure => {
      const { median: value, interval } = perSecond(time)
      return { what, value, unit: 'logs/s', interval, note: size }
    }
    return [
      megabytes('read', times.read),
      megabytes('read and replayed in SHA-256', times.replayed),
      megabytes('read and replayed in three banks', times.allBanks),
      logs('read and replayed in SHA-256', times.replayed),
      logs('read, replayed, checked, held to a recorded boot', times.full),
    ]
  },
}
