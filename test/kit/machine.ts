// A machine that attests itself: a boot, what ran since, and a quote over both, as its TPM would give it.
import { hash } from 'node:crypto'
import type { Bundle, NamedEvidence } from '../../src/formats/evidence/bundle.ts'
import { type MeasuredRun, RUN_PCR, recordOf } from '../../src/layers/firmware/measured-run/record.ts'
import { parseEventLog } from '../../src/layers/firmware/tcg-log/event-log.ts'
import { replay } from '../../src/layers/firmware/tcg-log/replay.ts'
import { nameOf, writePublicArea } from '../../src/layers/hardware/tpm/abi/public-area.ts'
import { certificate, newPair } from './certificates.ts'
import { type BootRequest, eventLog, linuxBoot } from './event-log.ts'
import { imaLists, type LoggedFile, pcrAfter } from './ima-log.ts'
import { newEccKey, type QuoteRequest, quoteBy, type TpmKey } from './tpm-evidence.ts'

export const NOW = Date.UTC(2026, 10, 28)
export const NONCE = Buffer.from('00112233445566778899aabbccddeeff', 'hex')

export interface MachineRequest {
  readonly boot?: BootRequest
  readonly files?: readonly LoggedFile[]
  /** In which form its list is presented. */
  readonly list?: 'ascii' | 'binary'
  /** Values of registers that no log accounts for. */
  readonly pcrs?: ReadonlyMap<number, Buffer>
  /** Words by which systemd extends registers after the kernel took the boot's aggregate. */
  readonly extended?: ReadonlyMap<number, string>
  /** Programs that were measured before they started; the last `unquoted` of them after the quote. */
  readonly runs?: readonly MeasuredRun[]
  readonly unquoted?: number
  /** Which registers are quoted; all that have a value. */
  readonly quoted?: (pcr: number) => boolean
  /** Of those programs. */
  readonly runPcr?: number
  readonly nonce?: Buffer
  readonly key?: TpmKey
  /** What its TPM says of its own age. */
  readonly age?: Pick<QuoteRequest, 'clock' | 'resetCount' | 'restartCount' | 'safe'>
}

export const DB = certificate({ subject: 'Maker', key: newPair() })
export const AK = newEccKey()
export const AK_NAME = nameOf(AK.area)!.toString('hex')

/** What it presents. */
export function machine({
  boot = {},
  files = [{ name: '/usr/bin/agent', content: 'agent' }],
  list = 'binary',
  pcrs: others = new Map(),
  extended = new Map(),
  runs,
  unquoted = 0,
  runPcr = RUN_PCR,
  quoted = () => true,
  nonce = NONCE,
  key = AK,
  age = {},
}: MachineRequest = {}): Bundle {
  const log = eventLog(linuxBoot({ db: [DB], ...boot }), ['sha256'])
  const booted = replay(parseEventLog(log), 'sha256')
  const pcrs = new Map([...Array.from({ length: 16 }, (_, pcr) => [pcr, booted.get(pcr) ?? Buffer.alloc(32)] as const), ...others])
  // The hash of the boot's registers is the digest of the first entry.
  const all = [{ name: 'boot_aggregate', content: Buffer.concat(Array.from({ length: 10 }, (_, pcr) => pcrs.get(pcr)!)) }, ...files]
  pcrs.set(10, pcrAfter(all, 'sha256'))
  for (const [pcr, word] of extended)
    pcrs.set(pcr, hash('sha256', Buffer.concat([pcrs.get(pcr)!, hash('sha256', word, 'buffer')]), 'buffer'))
  const measured = (runs ?? []).map((run) => recordOf(run, runPcr, ['sha256']))
  for (const { digests } of measured.slice(0, measured.length - unquoted))
    pcrs.set(runPcr, hash('sha256', Buffer.concat([pcrs.get(runPcr)!, digests.get('sha256')!]), 'buffer'))
  for (const pcr of [...pcrs.keys()].filter((each) => !quoted(each))) pcrs.delete(pcr)
  const { message, signature } = quoteBy(key, { ...age, nonce, pcrs })
  const text = `sha256:\n${[...pcrs].map(([pcr, value]) => `  ${pcr}: ${value.toString('hex')}\n`).join('')}`
  return bundleOf({
    tpm: ['tpm-quote', { message, signature, key: writePublicArea(key.area), pcrs: Buffer.from(text) }],
    boot: ['tcg-log', { log }],
    ima: ['ima-log', { log: imaLists(all)[list] }],
    ...(runs === undefined ? {} : { runs: ['measured-runs', { log: Buffer.from(measured.map(({ line }) => line).join('')) }] }),
  })
}

export function bundleOf(parts: Readonly<Record<string, readonly [type: string, parts: NamedEvidence['parts']]>>): Bundle {
  const evidence = Object.entries(parts).map(([name, [type, each]]) => ({ name, type, about: 'node-1', parts: each }))
  return { about: 'node-1', collected: NOW, evidence, absent: [] }
}

/** Evidence of one name with other parts. */
export function changed({ evidence, ...rest }: Bundle, name: string, parts: NamedEvidence['parts']): Bundle {
  return { ...rest, evidence: evidence.map((each) => (each.name === name ? { ...each, parts: { ...each.parts, ...parts } } : each)) }
}
