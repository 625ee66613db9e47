// A TDX quote with collateral that was opened before, whole: reading, two signatures, chain and revocation, TCB level, policy. Beside it the two
// signatures alone, in turn, and dcap-qvl, which opens collateral each time.
import { createPublicKey, verify } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { together } from '../src/core/verdict.ts'
import { openCollateral, readCollateral } from '../src/layers/hardware/dcap/collateral.ts'
import { readQuote } from '../src/layers/hardware/dcap/quote.ts'
import { validateQuote } from '../src/layers/hardware/dcap/validate.ts'
import { QuoteVerifier } from '../src/layers/hardware/dcap/verify.ts'
import { NOW, QuoteAuthority } from '../test/kit/dcap.ts'
import { type Arm, alternate, ratioVerdict } from './kit/alternate.ts'
import { type Benchmark, type Measure, unmeasured } from './kit/report.ts'

const ROUNDS = 31
/** Short, so that most arms are not interrupted on a busy machine. */
const TIMES = 50
/** That library takes some fifty times as long. */
const PEER_TIMES = 8
/** Its signatures are at least 80 % of it. */
const GOAL = 0.25

export const dcapVerify: Benchmark = {
  name: 'dcap-verify',
  about: 'verification of a TDX quote with opened collateral, beside its signatures alone and beside dcap-qvl',
  kernel: false,
  async run() {
    const authority = new QuoteAuthority()
    const bytes = authority.quote({ version: 4 })
    const text = authority.collateral('TDX')
    const whole = (verifier: QuoteVerifier, collateral: ReturnType<typeof openCollateral>) => {
      const verified = verifier.verify(readQuote(bytes), { now: NOW, collateral })
      const checks = [...verified.checks, ...validateQuote(verified, {}, NOW)]
      if (together(checks.map(({ verdict }) => verdict)).is !== 'pass') throw new Error('the quote that is measured is not accepted')
    }
    const open = () => openCollateral(readCollateral(text), authority.anchors)
    const collateral = open()
    const verifier = new QuoteVerifier(authority.anchors)
    const signatures = timed(TIMES, signaturesOf(authority, bytes))
    const known = timed(TIMES, () => whole(verifier, collateral))
    const first = timed(TIMES, () => whole(new QuoteVerifier(authority.anchors), collateral))
    const everything = timed(TIMES, () => whole(new QuoteVerifier(authority.anchors), open()))
    // Compiled before it counts.
    for (const arm of [signatures, known, first, everything]) for (let at = 0; at < 30; at++) arm()
    const beside = await alternate({ base: signatures, other: known }, ROUNDS)
    const { median, interval } = beside.ratio
    const perSecond = 1_000 / (beside.base * median)
    return [
      { what: 'whole ÷ its two signatures', value: median, unit: '×', interval, goal: 1 + GOAL, outcome: ratioVerdict(beside, GOAL) },
      { what: 'quotes, platform and collateral known', value: perSecond, unit: '/s' },
      { what: 'quotes, platform new', value: 1_000 / (await middle(first)), unit: '/s' },
      { what: 'quotes, platform and collateral new', value: 1_000 / (await middle(everything)), unit: '/s' },
      ...(await peer(authority, bytes, text, perSecond)),
    ]
  },
}

async function peer(authority: QuoteAuthority, bytes: Buffer, text: string, ours: number): Promise<readonly Measure[]> {
  const oracle = await import('@phala/dcap-qvl').catch(() => undefined)
  if (oracle === undefined) return [unmeasured('dcap-qvl', 'it is not installed')]
  const verifier = oracle.QuoteVerifier.newWithRootCa(authority.certificates.root)
  const collateral = JSON.parse(text)
  const milliseconds = await middle(timed(PEER_TIMES, () => verifier.verify(bytes, collateral, NOW / 1_000)))
  const note = `${((ours * milliseconds) / 1_000).toFixed(0)} times as many here`
  return [{ what: 'dcap-qvl 0.3.9, quotes', value: 1_000 / milliseconds, unit: '/s', note }]
}

/** The signature of the quote and that of the quoting enclave’s report, with keys that are at hand. */
function signaturesOf(authority: QuoteAuthority, bytes: Buffer): () => void {
  const quote = readQuote(bytes)
  const head = authority.anchors[0]!.subarray(0, -64)
  const attestation = createPublicKey({ key: Buffer.concat([head, quote.attestationKey]), format: 'der', type: 'spki' })
  const pck = authority.pck.key.publicKey
  return () => {
    const both =
      verify('sha256', quote.signed, { key: attestation, dsaEncoding: 'ieee-p1363' }, quote.signature) &&
      verify('sha256', quote.qe.signed, { key: pck, dsaEncoding: 'ieee-p1363' }, quote.qe.signature)
    if (!both) throw new Error('a signature that is measured is wrong')
  }
}

/** Milliseconds of one. */
const timed =
  (times: number, work: () => void): (() => number) =>
  () => {
    const start = performance.now()
    for (let left = times; left > 0; left--) work()
    return (performance.now() - start) / times
  }

/** The median of several. */
async function middle(arm: Arm): Promise<number> {
  const found: number[] = []
  for (let left = 5; left > 0; left--) found.push(await arm())
  return found.sort((a, b) => a - b)[2]!
}
