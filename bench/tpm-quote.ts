// From asking for a quote to having it, on an emulator: the bus, the session-less command, the signature. What a real TPM takes longer is its own.
import { randomBytes } from 'node:crypto'
import { createBlob, loadBlob } from '../src/adapters/linux/tpm/keys.ts'
import { Tpm } from '../src/adapters/linux/tpm/tpm.ts'
import { selectPcrs } from '../src/layers/hardware/tpm/abi/pcr-selection.ts'
import { entityOf } from '../src/layers/hardware/tpm/commands/objects.ts'
import { pcrRead } from '../src/layers/hardware/tpm/commands/platform.ts'
import { quote } from '../src/layers/hardware/tpm/commands/signing.ts'
import { EMPTY } from '../src/layers/hardware/tpm/session.ts'
import { signingKey } from '../src/layers/hardware/tpm/templates.ts'
import { startSwtpm, whyNoSwtpm } from '../test/kit/swtpm.ts'
import { estimate } from './kit/alternate.ts'
import { type Benchmark, type Measure, unmeasured } from './kit/report.ts'
import { quantile } from './kit/statistics.ts'

const RUNS = 1000
const GOAL_MS = 20
const KINDS = ['p256', 'rsa2048'] as const

export const tpmQuote: Benchmark = {
  name: 'tpm-quote',
  about: 'a quote of 24 PCRs from an emulated TPM (swtpm), there and back',
  kernel: false,
  async run() {
    const why = whyNoSwtpm()
    if (why !== undefined) return [unmeasured('quote', why)]
    await using swtpm = await startSwtpm()
    await using tpm = await Tpm.open(swtpm.place)
    const all = [
      selectPcrs(
        'sha256',
        Array.from({ length: 24 }, (_, pcr) => pcr),
      ),
    ]
    const measures: Measure[] = []
    for (const kind of KINDS) {
      await using key = await loadBlob(tpm, await createBlob(tpm, signingKey(kind, true)))
      const times = await timed(() => tpm.run(quote(entityOf(key), randomBytes(32), all), [EMPTY]))
      const { median, interval } = estimate(times)
      const note = `${RUNS} quotes, ${Math.round(1000 / median)} a second`
      measures.push({ what: `quote, ${kind}, p50`, value: median, unit: 'ms', interval, note })
      measures.push({ what: `quote, ${kind}, p99`, value: quantile(times, 0.99), unit: 'ms', goal: GOAL_MS })
    }
    const reads = await timed(() => tpm.run(pcrRead([selectPcrs('sha256', [0])])))
    measures.push({ what: 'PCR_Read of one, p50', value: quantile(reads, 0.5), unit: 'ms', note: 'the bus and an empty command' })
    return measures
  },
}

async function timed(run: () => Promise<unknown>): Promise<readonly number[]> {
  await run()
  const times: number[] = []
  for (let left = RUNS; left > 0; left--) {
    const before = performance.now()
    await run()
    times.push(performance.now() - before)
  }
  return times
}
