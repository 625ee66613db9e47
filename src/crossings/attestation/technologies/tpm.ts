// A TPM's quote: who signed it, whether it answers, and the register values that it covers, which logs are then held to.
import { checked } from '../../../core/appraisal.ts'
import { type Check, together, unknown, type Verdict } from '../../../core/verdict.ts'
import type { NamedEvidence } from '../../../formats/evidence/bundle.ts'
import { type HashName, hashById, hashByName } from '../../../formats/hash.ts'
import { readTextPcrs } from '../../../layers/hardware/tpm/abi/pcr-values.ts'
import { nameOf } from '../../../layers/hardware/tpm/abi/public-area.ts'
import { readTpmSignature } from '../../../layers/hardware/tpm/abi/signature.ts'
import { type AttestationKey, readAttestationKey } from '../../../layers/hardware/tpm/verify/attestation-key.ts'
import { type VerifiedQuote, verifyQuote } from '../../../layers/hardware/tpm/verify/quote.ts'
import { type Appraiser, type Asked, part } from '../appraise.ts'
import { ATTEST_CHECKS } from '../checks.ts'
import type { Reference } from '../reference.ts'

/** `message`: TPMS_ATTEST. `signature`: TPMT_SIGNATURE. `key`: the public area of the attestation key. `pcrs`: text, a PCR a line, as tpm2_pcrread prints. */
export const appraiseQuote: Appraiser = (evidence, asked) => {
  const { checks, attest, pcrs } = quoteOf(evidence, asked)
  const { clockInfo } = attest
  const values = [...pcrs].map(([bank, registers]) => [
    hashById(bank)?.name ?? String(bank),
    Object.fromEntries([...registers].map(([register, value]) => [register, value.toString('hex')])),
  ])
  return {
    checks,
    claims: {
      key: keyNameOf(evidence) ?? null,
      clock: String(clockInfo.clock),
      'reset-count': clockInfo.resetCount,
      'restart-count': clockInfo.restartCount,
      firmware: attest.firmwareVersion.toString(16),
      pcrs: Object.fromEntries(values),
    },
    expires: null,
  }
}

/** What a log is held to: the values of one bank, as far as a genuine quote covers them, and whether it is one. */
export interface Quoted {
  readonly check: Check
  readonly bank: HashName
  readonly values: ReadonlyMap<number, Buffer>
  readonly boot: string
}

/** From what is best to what is least. */
const BANKS: readonly HashName[] = ['sha512', 'sha384', 'sha256', 'sm3', 'sha1']

/** The first quote that was presented, for a log whose events have these banks. */
export function quotedBy(all: readonly NamedEvidence[], asked: Asked, banks: readonly HashName[]): Quoted {
  const evidence = all.find(({ type }) => type === 'tpm-quote')
  const quoted = (verdict: Verdict, got?: string) => checked(ATTEST_CHECKS, 'ATTEST_QUOTED', verdict, got === undefined ? {} : { got })
  const nothing = { bank: 'sha256', values: new Map(), boot: '' } as const
  if (evidence === undefined) return { check: quoted(unknown('NO_QUOTE', 'nothing signed came with the log')), ...nothing }
  const { checks, pcrs, attest } = quoteOf(evidence, asked)
  const wrong = checks.filter(({ verdict }) => verdict.is !== 'pass')
  const verdict = together(checks.map((each) => each.verdict))
  const bank = BANKS.find((name) => banks.includes(name) && (pcrs.get(hashByName(name)!.id)?.size ?? 0) > 0)
  const got = wrong.length === 0 ? undefined : wrong.map(({ code, verdict: { is } }) => `${code} ${is}`).join(', ')
  const boot = String(attest.clockInfo.resetCount)
  if (bank === undefined) {
    const none = unknown('NO_VALUES', 'the quote covers no register of the banks that the log has')
    return { check: quoted(verdict.is === 'fail' ? verdict : none, got), ...nothing, boot }
  }
  return { check: quoted(verdict, got), bank, values: pcrs.get(hashByName(bank)!.id)!, boot }
}

/** What nobody asked is left out: which registers are quoted is asked by the logs, and what was heard before is not kept here. */
const NOT_ASKED: ReadonlySet<string> = new Set([
  'TPM_PCR_SELECTION',
  'TPM_RESET_COUNT',
  'TPM_RESTART_COUNT',
  'TPM_CLOCK',
  'TPM_FIRMWARE_VERSION',
])

function quoteOf(evidence: NamedEvidence, { nonce, reference }: Asked): VerifiedQuote {
  const key = readAttestationKey(bytesOf(evidence, 'key'))
  const pcrs = Object.hasOwn(evidence.parts, 'pcrs') ? readTextPcrs(bytesOf(evidence, 'pcrs').toString('latin1')) : undefined
  const enrolled = enrolledName(key, reference)
  const verified = verifyQuote({
    message: bytesOf(evidence, 'message'),
    signature: readTpmSignature(bytesOf(evidence, 'signature')),
    key,
    ...(pcrs === undefined ? {} : { pcrs }),
    ...(nonce === undefined ? {} : { nonce }),
    ...(enrolled === undefined ? {} : { keyName: enrolled }),
  })
  return { ...verified, checks: verified.checks.filter(({ code, verdict }) => verdict.is !== 'unknown' || !NOT_ASKED.has(code)) }
}

/** Of the keys that were enrolled the one that it is; another one where it is none of them. */
function enrolledName(key: AttestationKey, { tpm }: Reference): Buffer | undefined {
  const name = keyName(key)
  const found = tpm?.keys?.find((each) => each === name) ?? tpm?.keys?.[0]
  return found === undefined ? undefined : Buffer.from(found, 'hex')
}

/** The name of the key that signed a quote; undefined where it came without its public area. @throws ThymusError FORMAT, EVIDENCE */
export const keyNameOf = (evidence: NamedEvidence): string | undefined => keyName(readAttestationKey(bytesOf(evidence, 'key')))

const keyName = ({ area }: AttestationKey) => area && nameOf(area)?.toString('hex')

function bytesOf(evidence: NamedEvidence, name: string): Buffer {
  const bytes = part(evidence, name)
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}
