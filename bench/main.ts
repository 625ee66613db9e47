// Usage: main.ts [--save] [NAME…]; without a name says what there is. `all` is every one, in turn.
import { parseArgs } from 'node:util'
import { admissionAudit } from './admission-audit.ts'
import { admissionGatekeeper } from './admission-gatekeeper.ts'
import { admissionWebhook } from './admission-webhook.ts'
import { apply } from './apply.ts'
import { attestation } from './attestation.ts'
import { cliStart } from './cli-start.ts'
import { dcapVerify } from './dcap-verify.ts'
import { events } from './events.ts'
import { execLatency } from './exec-latency.ts'
import { imaList } from './ima.ts'
import { report } from './kit/report.ts'
import { memoryHeld } from './memory.ts'
import { overhead } from './overhead.ts'
import { regoAci, regoCompile, regoMemory, regoRules, regoSmall } from './rego.ts'
import { snpVerify } from './snp-verify.ts'
import { tcgLog } from './tcg-log.ts'
import { tpmQuote } from './tpm-quote.ts'
import { verdict } from './verdict.ts'

const BENCHMARKS = [
  verdict,
  execLatency,
  memoryHeld,
  apply,
  events,
  overhead,
  cliStart,
  regoSmall,
  regoAci,
  regoRules,
  regoCompile,
  regoMemory,
  admissionGatekeeper,
  admissionWebhook,
  admissionAudit,
  attestation,
  imaList,
  snpVerify,
  tcgLog,
  dcapVerify,
  tpmQuote,
]

const { values, positionals } = parseArgs({ allowPositionals: true, options: { save: { type: 'boolean', default: false } } })
const names = positionals.includes('all') ? BENCHMARKS.map(({ name }) => name) : positionals
const stranger = names.find((name) => !BENCHMARKS.some((each) => each.name === name))
if (stranger !== undefined || names.length === 0) {
  if (stranger !== undefined) console.error(`no benchmark is called ${JSON.stringify(stranger)}`)
  for (const { name, about } of BENCHMARKS) console.log(`${name.padEnd(22)}${about}`)
  process.exitCode = stranger === undefined ? 0 : 2
} else {
  for (const each of BENCHMARKS) if (names.includes(each.name)) await report(each, values.save)
}
