// Measurement lists of the kernel: a whole one, and what came since the last time; beside the hashing alone, in the same run.
import { hash } from 'node:crypto'
import { readAsciiList } from '../src/layers/firmware/ima/ascii.ts'
import { readBinaryList } from '../src/layers/firmware/ima/binary.ts'
import { policyFromLog } from '../src/layers/firmware/ima/policy.ts'
import { beginning, type ImaProgress } from '../src/layers/firmware/ima/replay.ts'
import { validate } from '../src/layers/firmware/ima/validate.ts'
import { verifyList } from '../src/layers/firmware/ima/verify.ts'
import { imaLists, type LoggedFile, pcrAfter } from '../test/kit/ima-log.ts'
import type { Estimate } from './kit/alternate.ts'
import { inTurn, perSecond } from './kit/in-turn.ts'
import type { Benchmark, Measure } from './kit/report.ts'

/** As long as a small server's list is after its boot. */
const LINES = 800
const NEW_LINES = 5

export const imaList: Benchmark = {
  name: 'ima',
  about: `verify a measurement list of ${LINES} lines against a quoted PCR 10, whole and its last ${NEW_LINES} lines; the hashing alone beside; CPU time`,
  kernel: false,
  async run() {
    const files = Array.from(
      { length: LINES },
      (_, at): LoggedFile => ({ name: `/usr/lib/x86_64-linux-gnu/library-${at}.so`, content: `${at}` }),
    )
    const { ascii, binary, data } = imaLists(files)
    const quoted = pcrAfter(files, 'sha256')
    const verified = (list: ReturnType<typeof readAsciiList>, progress: ImaProgress) => {
      const { checks, walk } = verifyList({ list, quoted, boot: '1', progress })
      if (!checks.every(({ verdict }) => verdict.is === 'pass')) throw new Error('the list that is measured does not pass')
      return walk
    }
    const start = beginning('1', 'sha256')
    const before = verifyList({
      list: readAsciiList(imaLists(files.slice(0, -NEW_LINES)).ascii),
      quoted: pcrAfter(files.slice(0, -NEW_LINES), 'sha256'),
      boot: '1',
      progress: start,
    })
    const { progress } = before.walk
    const { ascii: news } = imaLists(files.slice(-NEW_LINES))
    const policy = policyFromLog(readAsciiList(ascii).entries)
    const times = inTurn({
      ascii: () => verified(readAsciiList(ascii), start),
      binary: () => verified(readBinaryList(binary), start),
      policy: () => validate(verified(readBinaryList(binary), start).attested, policy),
      news: () => verified(readAsciiList(news, progress.entries + 1), progress),
      hashing: () => hashes(data),
    })
    const ratio = (arm: Estimate) => arm.median / times.hashing.median
    return [
      measure('the whole list, ASCII', times.ascii, `${rate(times.ascii)} lists/s, ${ratio(times.ascii).toFixed(2)} × the hashing`),
      measure('the whole list, binary', times.binary, `${rate(times.binary)} lists/s, ${ratio(times.binary).toFixed(2)} × the hashing`),
      measure('the whole list, binary, and a policy', times.policy, `${rate(times.policy)} lists/s`),
      { ...measure(`its last ${NEW_LINES} lines`, times.news, `${rate(times.news)} lists/s`), goal: 50 },
      measure('three hashes a line, nothing else', times.hashing, `${rate(times.hashing)} lists/s`),
    ]
  },
}

const rate = (time: Estimate) => Math.round(perSecond(time).median)
const measure = (what: string, { median, interval }: Estimate, note: string): Measure => ({
  what,
  value: median,
  interval,
  unit: 'µs',
  note,
})

/** What a verifier cannot do without: the template hash, the hash of the bank, the extension of the PCR. */
function hashes(data: readonly Buffer[]): void {
  const pcr = Buffer.alloc(64)
  for (const bytes of data) {
    hash('sha1', bytes, 'binary')
    pcr.write(hash('sha256', bytes, 'binary'), 32, 'latin1')
    pcr.write(hash('sha256', pcr, 'binary'), 'latin1')
  }
}
