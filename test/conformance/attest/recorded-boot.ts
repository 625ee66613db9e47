import type { Check } from '../../../src/core/verdict.ts'
import { verifyBoot } from '../../../src/crossings/measured-boot/verify-boot.ts'
import { type HashName, hashById } from '../../../src/formats/hash.ts'
import { bootOf } from '../../../src/layers/firmware/boot/images.ts'
import { bootState } from '../../../src/layers/firmware/boot/state.ts'
import { type EventLog, parseEventLog } from '../../../src/layers/firmware/tcg-log/event-log.ts'
import { checkRegisters } from '../../../src/layers/firmware/tcg-log/registers.ts'
import { replay } from '../../../src/layers/firmware/tcg-log/replay.ts'
import { readGoTpmAttestation } from '../../../src/layers/hardware/tpm/abi/go-tpm-tools.ts'
import { bankOf } from '../../../src/layers/hardware/tpm/abi/pcr-values.ts'
import { readPublicArea } from '../../../src/layers/hardware/tpm/abi/public-area.ts'
import { readTpmSignature } from '../../../src/layers/hardware/tpm/abi/signature.ts'
import { attestationKeyOf } from '../../../src/layers/hardware/tpm/verify/attestation-key.ts'
import { verifyQuote } from '../../../src/layers/hardware/tpm/verify/quote.ts'
import { type AttestCase, answered, type CaseFiles, type Difference, factsDiffer, type Judge } from './case.ts'

/** Boots as Go's libraries record them: key, quotes, PCR values and log in one file. */
export const recordedBoot: Readonly<Record<string, Judge>> = {
  'go-tpm-tools-attestation': judgeAttestation,
  'tpm-dump': judgeDump,
}

/** crypto.Hash of Go. */
const GO_HASHES: Readonly<Record<number, HashName>> = { 3: 'sha1', 5: 'sha256', 6: 'sha384', 7: 'sha512' }

const stateOf = (log: EventLog) => bootState(bootOf(log, log.banks.at(-1)!))

function judgeAttestation({ params, expect }: AttestCase, { read }: CaseFiles): readonly Difference[] {
  const attestation = readGoTpmAttestation(read('pb'))
  const key = attestationKeyOf(readPublicArea(attestation.akPublic))
  const log = parseEventLog(attestation.eventLog)
  const nonce = typeof params.nonce === 'string' ? { nonce: Buffer.from(params.nonce, 'hex') } : {}
  const quotes = attestation.quotes.map(({ message, signature, pcrs }) => {
    const quote = verifyQuote({ message, signature: readTpmSignature(signature), key, pcrs, ...nonce })
    return { bank: hashById([...pcrs.keys()][0] ?? 0)?.name, quote, boot: verifyBoot({ quote, log }) }
  })
  const checks = quotes.flatMap(({ quote, boot }) => [...quote.checks, ...boot.checks])
  const passes = (of: { checks: readonly Check[] }, code: string) => of.checks.find((check) => check.code === code)?.verdict.is === 'pass'
  const facts = {
    quotes: quotes.map(({ bank, quote, boot }) => ({
      ...{ bank, sigOk: passes(quote, 'TPM_SIGNATURE'), nonce: quote.attest.extraData.toString('hex') },
      ...{ pcrDigestOk: passes(quote, 'TPM_PCR_DIGEST'), logReplayEqualsPcrs: passes(boot, 'TCG_REPLAY') },
    })),
    ...{ secureBoot: stateOf(log).secureBoot, events: log.events.length },
  }
  const refused = quotes.length === 0 || checks.some(({ verdict }) => verdict.is === 'fail')
  return [...answered('verify', expect.verify, refused ? 'reject' : 'accept'), ...factsDiffer(expect.facts, facts)]
}

function judgeDump({ params, expect }: AttestCase, { read }: CaseFiles): readonly Difference[] {
  const dump = JSON.parse(read('dump').toString('utf8'))
  const bytes = (text: string) => Buffer.from(text, 'base64')
  const log = parseEventLog(bytes(dump.Log.Raw))
  const pcrs: readonly { Index: number; Digest: string; DigestAlg: number }[] = dump.Log.PCRs
  const bank = GO_HASHES[pcrs[0]?.DigestAlg ?? 0] ?? 'sha1'
  const values = new Map(pcrs.map(({ Index, Digest }) => [Index, bytes(Digest)]))
  const replayed = replay(log, bank)
  const common = {
    pcrMatch: Object.fromEntries([...replayed].map(([pcr, value]) => [pcr, value.equals(values.get(pcr) ?? Buffer.alloc(0))])),
    ...{ events: log.events.length, secureBoot: stateOf(log).secureBoot ?? false },
  }
  const wrong = checkRegisters(log, bank, values).some(({ verdict }) => verdict.is === 'fail')
  const told = (quote: string, facts: object) => [
    ...answered('quote', expect.quote, quote),
    ...answered('replay', expect.replay, wrong ? 'reject' : 'accept'),
    ...factsDiffer(expect.facts, { ...common, ...facts }),
  ]
  // A quote of TPM 1.2 is of another kind altogether.
  if (params.tpmVersion !== 2) return told('unknown', {})
  const key = attestationKeyOf(readPublicArea(bytes(dump.AK.Public)))
  const signature = readTpmSignature(bytes(dump.Quote.Signature))
  const statement = { message: bytes(dump.Quote.Quote), signature, key, pcrs: bankOf(bank, values), nonce: bytes(dump.Quote.Nonce ?? '') }
  const quote = verifyQuote(statement)
  const checks = [...quote.checks, ...verifyBoot({ quote, log }).checks]
  const quoteSel = quote.quote?.selections.map(({ hash, pcrs: numbers }) => ({ bank: hashById(hash)?.name, pcrs: numbers }))
  return told(checks.some(({ verdict }) => verdict.is === 'fail') ? 'reject' : 'accept', { quoteSel })
}
