// Quotes, each with the values that it is about: a quote itself holds their digest alone.
import { ThymusError } from '../../../core/errors.ts'
import { type HashName, hashById } from '../../../formats/hash.ts'
import { readAttest } from '../../../layers/hardware/tpm/abi/attest.ts'
import type { PcrSelection } from '../../../layers/hardware/tpm/abi/pcr-selection.ts'
import type { Loaded } from '../../../layers/hardware/tpm/commands/objects.ts'
import type { Attestation } from '../../../layers/hardware/tpm/commands/signing.ts'
import { type PcrTable, pcrDigest } from '../../../layers/hardware/tpm/signed-policy.ts'
import { readPcrs } from './pcrs.ts'
import type { Tpm } from './tpm.ts'

export interface QuotedPcrs {
  readonly made: Attestation
  readonly pcrs: ReadonlyMap<HashName, PcrTable>
}

/** PCRs may change between the quote and the reading of their values; so often in a row they do not. */
const TRIES = 5

/** @param key that quotes @param quote runs the command, anew each time @throws ThymusError TPM_REFUSED where PCRs keep changing */
export async function quotedPcrs(
  tpm: Tpm,
  selection: readonly PcrSelection[],
  { area }: Loaded,
  quote: () => Promise<Attestation>,
): Promise<QuotedPcrs> {
  const scheme = 'scheme' in area ? area.scheme : null
  const hash = hashById(scheme?.hash ?? 0)?.name ?? 'sha256'
  for (let tries = 0; tries < TRIES; tries++) {
    const made = await quote()
    const pcrs = await readPcrs(tpm, selection)
    const { attested } = readAttest(made.message)
    const all = new Map([...pcrs.values()].flatMap((table) => [...table.values()]).map((value, at) => [at, value]))
    if (attested.type === 'quote' && attested.pcrDigest.equals(pcrDigest(hash, all))) return { made, pcrs }
  }
  throw new ThymusError('TPM_REFUSED', 'PCRs keep changing while they are quoted: try again')
}
