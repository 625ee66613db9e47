import { hostname } from 'node:os'
import { collectEvidence } from '../../adapters/linux/evidence.ts'
import { runLogIn } from '../../adapters/linux/run-log.ts'
import { defaultPlace } from '../../adapters/linux/tpm/default-place.ts'
import { places } from '../../agent/places.ts'
import { EXIT } from '../../core/errors.ts'
import { writeBundle } from '../../formats/evidence/bundle.ts'
import type { Place } from '../../layers/hardware/tpm/place.ts'
import { type OutputFlags, openOutput } from '../output.ts'

export interface CollectFlags extends OutputFlags {
  readonly nonce?: Buffer
  readonly about?: string
  readonly endorsement?: boolean
  readonly tpm?: Place
}

export async function collect(flags: CollectFlags): Promise<number> {
  const output = await openOutput('EvidenceBundle', flags)
  const { evidence, absent } = await collectEvidence({
    tpm: flags.tpm ?? defaultPlace(),
    ...{ runs: runLogIn(places().run), endorsement: flags.endorsement ?? false },
    ...(flags.nonce === undefined ? {} : { nonce: flags.nonce }),
  })
  const about = flags.about ?? hostname()
  output.show(writeBundle({ about, collected: Date.now(), evidence: evidence.map((each) => ({ ...each, about })), absent }, flags.nonce))
  return evidence.length === 0 ? EXIT.unknown : EXIT.ok
}
