// What a report of SEV-SNP costs beside the one signature that nobody can save: read, verified with an endorsement that is kept, and held to a
// policy.
import { verify } from 'node:crypto'
import { together } from '../src/core/verdict.ts'
import { readReport } from '../src/layers/hardware/snp/report.ts'
import { STRICT, validateReport } from '../src/layers/hardware/snp/validate.ts'
import { verifyReport } from '../src/layers/hardware/snp/verify.ts'
import { Vendor } from '../test/kit/snp.ts'
import { alternate } from './kit/alternate.ts'
import type { Benchmark } from './kit/report.ts'

const ROUNDS = 15
/** Reports of one arm. */
const REPORTS = 40
const NOW = Date.UTC(2025, 0)
/** Of the rate of signatures alone: 85 %. */
const GOAL = 1 / 0.85

export const snpVerify: Benchmark = {
  name: 'snp-verify',
  about: 'a report of SEV-SNP, its endorsement kept: CPU time beside that of its P-384 signature alone',
  kernel: false,
  async run() {
    const vendor = new Vendor()
    const endorsement = vendor.endorsement()
    const reports = Array.from({ length: REPORTS }, (_, at) => vendor.report(5, { 80: Buffer.alloc(64, at) }))
    const signed = reports.map(readReport)
    const signatures = () => {
      const key = { key: endorsement.key!, dsaEncoding: 'ieee-p1363' } as const
      for (const report of signed) if (!verify('sha384', report.signed, key, report.signature)) throw new Error('no signature')
    }
    const whole = () => {
      for (const bytes of reports) {
        const report = readReport(bytes)
        const checks = [...verifyReport(report, endorsement, NOW), ...validateReport(report, STRICT, endorsement)]
        if (together(checks.map(({ verdict }) => verdict)).is !== 'pass') throw new Error('it is not accepted')
      }
    }
    const { ratio, same, base } = await alternate({ base: timed(signatures), other: timed(whole) }, ROUNDS)
    const rate = (1000 * REPORTS) / base
    return [
      { what: 'signatures alone', value: rate, unit: '/s' },
      {
        what: 'whole reports',
        value: rate / ratio.median,
        unit: '/s',
        note: `${(100 / ratio.median).toFixed(1)} % of the rate of signatures`,
      },
      {
        ...{ what: 'report ÷ signature', value: ratio.median, unit: '×', interval: ratio.interval, goal: GOAL },
        note: `signature ÷ signature ${same.median.toFixed(3)}`,
      },
    ]
  },
}

/** Milliseconds of this thread's CPU: what others do meanwhile is not counted. */
const timed = (work: () => void) => () => {
  const begun = process.threadCpuUsage()
  work()
  const { user, system } = process.threadCpuUsage(begun)
  return (user + system) / 1000
}
