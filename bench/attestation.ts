// A node that is attested again and again: the first time with all that it has to say, then with what is new. Beside both the one signature that
// nobody can save.
import { createPublicKey, verify } from 'node:crypto'
import { together } from '../src/core/verdict.ts'
import { verifyBoot } from '../src/crossings/measured-boot/verify-boot.ts'
import { checkBoot } from '../src/layers/firmware/boot/checks.ts'
import { readBinaryList } from '../src/layers/firmware/ima/binary.ts'
import { beginning } from '../src/layers/firmware/ima/replay.ts'
import { verifyList } from '../src/layers/firmware/ima/verify.ts'
import { parseEventLog } from '../src/layers/firmware/tcg-log/event-log.ts'
import { initialValue, replay } from '../src/layers/firmware/tcg-log/replay.ts'
import { selectPcrs } from '../src/layers/hardware/tpm/abi/pcr-selection.ts'
import { nameOf } from '../src/layers/hardware/tpm/abi/public-area.ts'
import { readTpmSignature } from '../src/layers/hardware/tpm/abi/signature.ts'
import { attestationKeyOf } from '../src/layers/hardware/tpm/verify/attestation-key.ts'
import { verifyQuote } from '../src/layers/hardware/tpm/verify/quote.ts'
import { eventLog, grub, linuxBoot } from '../test/kit/event-log.ts'
import { imaLists, type LoggedFile, pcrAfter } from '../test/kit/ima-log.ts'
import { type MadeQuote, newRsaKey, quoteBy } from '../test/kit/tpm-evidence.ts'
import { inTurn, perSecond } from './kit/in-turn.ts'
import type { Benchmark, Measure } from './kit/report.ts'

/** As Keylime's own performance data: 780 files, 153 events, a quote by RSA. */
const FILES = 780
const COMMANDS = 130
const NEW_FILES = 1
const BANK = 'sha256'
const PCRS = [...Array(15).keys()]

export const attestation: Benchmark = {
  name: 'attestation',
  about: `a quote by RSA-2048, an event log and ${FILES} lines of IMA, verified whole, and ${NEW_FILES} new line with a new quote; one core`,
  kernel: false,
  async run() {
    const log = eventLog([...linuxBoot(), ...Array.from({ length: COMMANDS }, (_, at) => grub(`set root=hd${at}`))])
    const files = Array.from({ length: FILES }, (_, at): LoggedFile => ({ name: `/usr/bin/program-${at}`, content: `${at}` }))
    const older = files.slice(0, -NEW_FILES)
    const ak = newRsaKey()
    const key = attestationKeyOf(ak.area)
    const keyName = nameOf(ak.area)!
    const read = parseEventLog(log)
    const registers = replay(read, BANK)
    const quoted = (list: readonly LoggedFile[]) => {
      const values = PCRS.map((pcr) => registers.get(pcr) ?? initialValue(read, BANK, pcr))
      return quoteBy(ak, { pcrs: new Map(values.map((value, pcr) => [pcr, pcr === 10 ? pcrAfter(list, BANK) : value])) })
    }
    const held = ({ message, signature, nonce, pcrs }: MadeQuote) => {
      const selections = [selectPcrs(BANK, PCRS)]
      return verifyQuote({ message, signature: readTpmSignature(signature), key, keyName, nonce, selections, pcrs })
    }
    const passes = (checks: ReturnType<typeof held>['checks']) => {
      const asked = checks.filter(({ verdict }) => verdict.is !== 'unknown' || verdict.why.code !== 'FIRST_HEARD')
      if (together(asked.map(({ verdict }) => verdict)).is !== 'pass') throw new Error('what is measured does not pass')
    }
    const lines = (list: readonly LoggedFile[]) => imaLists(list).binary
    const [now, whole] = [quoted(files), lines(files)]
    const ima = (bytes: Buffer, quote: MadeQuote, progress = beginning('3', BANK)) => {
      const pcr10 = quote.pcrs.get(0x000b)!.get(10)!
      return verifyList({ list: readBinaryList(bytes, progress.entries + 1), quoted: pcr10, boot: '3', progress })
    }
    const { progress } = ima(lines(older), quoted(older)).walk
    const news = lines(files.slice(-NEW_FILES))
    const signature = readTpmSignature(now.signature)
    const object = createPublicKey(ak.privateKey)
    const times = inTurn({
      full: () => {
        const quote = held(now)
        const boot = verifyBoot({ quote, log: parseEventLog(log) })
        passes([...quote.checks, ...boot.checks, ...ima(whole, now).checks])
        checkBoot(boot.boot!)
      },
      // PCRs 0 to 9 are those of the boot that was verified, so its log is not asked again.
      incremental: () => passes([...held(now).checks, ...ima(news, now, progress).checks]),
      signature: () => signature.kind === 'rsa' && verify('sha256', now.message, object, signature.signature),
    })
    const measure = (what: string, name: keyof typeof times, note: string, goal?: number): Measure => {
      const { median: value, interval } = times[name]
      const rate = Math.round(perSecond(times[name]).median)
      return { what, value, interval, unit: 'µs', note: `${rate}/s: ${note}`, ...(goal === undefined ? {} : { goal }) }
    }
    return [
      measure('whole', 'full', `${read.events.length} events, ${FILES} lines`, 1_000),
      measure('incremental', 'incremental', `a quote and ${NEW_FILES} new line`, 50),
      measure('the signature alone', 'signature', 'RSA-2048 with SHA-256'),
    ]
  },
}
