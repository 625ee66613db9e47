// `thymus tpm platform`: what a platform certificate says of the machine, who says so, and whether it is about this TPM.
import { presentedKeys } from '../../adapters/linux/tpm/endorsement.ts'
import { EXIT, within } from '../../core/errors.ts'
import { together } from '../../core/verdict.ts'
import { commonName } from '../../formats/x509/name.ts'
import type { PlatformComponent } from '../../layers/hardware/tpm/abi/platform-attributes.ts'
import { type PlatformCertificate, readPlatformFile } from '../../layers/hardware/tpm/abi/platform-certificate.ts'
import { type ExaminedEk, examineEk } from '../../layers/hardware/tpm/verify/endorsement.ts'
import { type PlatformStatement, verifyPlatformCertificate } from '../../layers/hardware/tpm/verify/platform-certificate.ts'
import { readInput } from '../files.ts'
import { type OutputFlags, openOutput } from '../output.ts'
import { checkSummary, type Platform, type PlatformPart } from './answers.ts'
import { type AuthorityFlags, authoritiesOf } from './trust.ts'
import { onTpm, type TpmFlags } from './use.ts'

export interface PlatformFlags extends TpmFlags, AuthorityFlags, OutputFlags {
  readonly 'platform-roots'?: readonly string[]
  readonly 'ek-certificate'?: string
  /** Milliseconds since 1970. */
  readonly at?: number
}

const MAX_BYTES = 1 << 20

export async function platform(flags: PlatformFlags, path: string): Promise<number | undefined> {
  const output = await openOutput('TpmPlatform', flags)
  const certificate = within(path, () => readPlatformFile(readInput(path, MAX_BYTES)))
  const now = flags.at ?? Date.now()
  const makers = authoritiesOf({ roots: flags['platform-roots'] ?? [] })
  const authorities = authoritiesOf(flags)
  const given = flags['ek-certificate']
  const keys: ExaminedEk[] = []
  if (given !== undefined) keys.push(within(given, () => examineEk({ certificate: readInput(given, MAX_BYTES) }, authorities, now)))
  else {
    const interrupted = await onTpm(flags, async (tpm) => {
      for (const { area, ...presented } of await presentedKeys(tpm)) keys.push(examineEk(presented, authorities, now, area))
    })
    if (interrupted !== undefined) return interrupted
  }
  const checks = checksOf({ platform: certificate, ...makers, now }, keys)
  output.show({ ...answerOf(certificate), checks: checks.map(checkSummary) })
  const { is } = together(checks.map(({ verdict }) => verdict))
  return is === 'pass' ? EXIT.ok : is === 'fail' ? EXIT.findings : EXIT.unknown
}

/** Of the platform, and of the key that it is about: where it is about none of them, of the first. */
function checksOf(statement: PlatformStatement, keys: readonly ExaminedEk[]) {
  const held = keys.map((key) => [...verifyPlatformCertificate({ ...statement, ekCertificate: key.certificate }), ...key.checks])
  const isAbout = (checks: (typeof held)[number]) =>
    checks.some(({ code, verdict }) => code === 'TPM_PLATFORM_HOLDER' && verdict.is === 'pass')
  return held.find(isAbout) ?? held[0] ?? verifyPlatformCertificate(statement)
}

const TYPES: Readonly<Record<string, Platform['type']>> = { '2.23.133.8.2': 'platform', '2.23.133.8.5': 'delta' }
const STATUS = ['added', 'modified', 'removed'] as const
const statusOf = ({ status }: { readonly status?: number }) => (status === undefined ? null : (STATUS[status] ?? null))

function answerOf(read: PlatformCertificate): Omit<Platform, 'checks'> {
  const { platform: named, specification, credentialSpecification, credentialType, configuration, configurationUri } = read
  const version = (of: typeof specification) => (of === undefined ? null : `${of.major}.${of.minor} revision ${of.revision}`)
  const elsewhere = [configurationUri, configuration?.componentsUri, configuration?.propertiesUri]
  return {
    ...{ manufacturer: named.manufacturer ?? null, model: named.model ?? null },
    ...{ version: named.version ?? null, serial: named.serial ?? null },
    type: credentialType === undefined ? null : (TYPES[credentialType] ?? null),
    ...{ specification: version(specification), profile: version(credentialSpecification) },
    ...{ issuer: commonName(read.issuer), number: read.serial.toString(16) },
    ...{ begins: new Date(read.notBefore).toISOString(), ends: new Date(read.notAfter).toISOString() },
    components: (configuration?.components ?? []).map(partOf),
    properties: (configuration?.properties ?? []).map((each) => ({ name: each.name, value: each.value, status: statusOf(each) })),
    ...{ elsewhere: elsewhere.flatMap((each) => each?.uri ?? []), unread: read.others },
  }
}

function partOf(component: PlatformComponent): PlatformPart {
  const { registry, class: number, manufacturer, model, serial, revision, fieldReplaceable } = component
  return {
    class: number === undefined ? null : `${registry === undefined ? '' : `${registry}:`}${number.toString('hex')}`,
    ...{ manufacturer, model, serial: serial ?? null, revision: revision ?? null, replaceable: fieldReplaceable },
    addresses: component.addresses.map(({ value }) => value),
    status: statusOf(component),
  }
}
