// `thymus tpm ek`: who this TPM is, and who says so.
import { certifiedKinds, endorsementKey, presentedEk, type Trust } from '../../adapters/linux/tpm/endorsement.ts'
import type { Tpm } from '../../adapters/linux/tpm/tpm.ts'
import { EXIT, ThymusError } from '../../core/errors.ts'
import { writeSizedPublicArea } from '../../layers/hardware/tpm/abi/public-area.ts'
import type { EndorsementKind } from '../../layers/hardware/tpm/kinds.ts'
import { examineEk } from '../../layers/hardware/tpm/verify/endorsement.ts'
import { writeOutput } from '../files.ts'
import { type OutputFlags, openOutput } from '../output.ts'
import { note } from '../terminal.ts'
import { checkSummary, type Endorsement } from './answers.ts'
import { publicPem } from './key.ts'
import { addPin, knownPins, namesAuthorities, pinsFile, type TrustFlags, trustOf } from './trust.ts'
import { onTpm, type TpmFlags } from './use.ts'

export interface EkFlags extends TpmFlags, TrustFlags, OutputFlags {
  readonly kind?: EndorsementKind
  readonly trust?: boolean
  readonly certificate?: string
  readonly public?: string
  readonly area?: string
}

interface Found extends Omit<Endorsement, 'pinned'> {
  readonly pem: string | null
  readonly area: Buffer
  readonly bytes: Buffer | undefined
}

export async function ek(flags: EkFlags): Promise<number | undefined> {
  const output = await openOutput('TpmEndorsementList', flags)
  const trust = trustOf(flags, Date.now())
  let failed = false
  const interrupted = await onTpm(flags, async (tpm) => {
    const certified = await certifiedKinds(tpm)
    const kinds = flags.kind !== undefined ? [flags.kind] : certified.length > 0 ? certified : (['p256'] as const)
    const found: Found[] = []
    for (const kind of kinds) found.push(await look(tpm, kind, trust))
    failed = found.some(({ checks }) => checks.some(({ is }) => is === 'fail'))
    save(flags, found)
    if (flags.trust) keep(found, trust)
    const pinned = new Set(knownPins().map(({ name }) => name.toString('hex')))
    output.show({ items: found.map(({ pem, area, bytes, ...shown }) => ({ ...shown, pinned: pinned.has(shown.name) })) })
  })
  return interrupted ?? (failed ? EXIT.findings : undefined)
}

async function look(tpm: Tpm, kind: EndorsementKind, trust: Trust): Promise<Found> {
  await using key = await endorsementKey(tpm, kind, ({ name }) => knownPins().some((each) => each.name.equals(name)))
  const presented = await presentedEk(tpm, kind)
  const examined = presented && examineEk(presented, trust, trust.now, key.area)
  const checks = namesAuthorities(trust) ? (examined?.checks ?? []) : []
  const identity = examined?.identity ?? { manufacturer: 'unknown', model: 'unknown', version: 'unknown' }
  return {
    kind,
    name: key.name.toString('hex'),
    certificate: examined === undefined ? null : { ...identity, ends: new Date(examined.certificate.notAfter.milliseconds).toISOString() },
    checks: checks.map(checkSummary),
    pem: publicPem(key.area),
    area: writeSizedPublicArea(key.area),
    bytes: presented?.certificate,
  }
}

function save({ certificate, public: key, area }: EkFlags, found: readonly Found[]): void {
  if (certificate === undefined && key === undefined && area === undefined) return
  const [one, ...more] = found
  if (one === undefined || more.length > 0) throw new ThymusError('USAGE', 'the TPM has several: --kind says which')
  if (certificate !== undefined) {
    if (one.bytes === undefined) throw new ThymusError('USAGE', `the TPM has no certificate of its ${one.kind} key`)
    writeOutput(certificate, one.bytes)
  }
  if (key !== undefined) writeOutput(key, one.pem ?? '')
  if (area !== undefined) writeOutput(area, one.area)
}

/** With authorities, only what they vouch for; without them, what is there now, as one trusts a host at first sight. */
function keep(found: readonly Found[], trust: Trust): void {
  const vouched = namesAuthorities(trust)
  for (const { kind, name, checks } of found) {
    if (vouched && (checks.length === 0 || checks.some(({ is }) => is !== 'pass'))) {
      throw new ThymusError('UNTRUSTED', `the authorities do not vouch for its ${kind} key: it is not pinned`)
    }
    addPin({ kind, name: Buffer.from(name, 'hex') })
    note(`${kind}:${name} is trusted from now on (${pinsFile()})`)
    if (!vouched) note('nobody vouched for it: whoever sat between this machine and its TPM just now is trusted too')
  }
}
