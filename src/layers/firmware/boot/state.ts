// What a boot says of Secure Boot and of who vouched for what it started. Only measurements whose data is bound to their digest count.
import { ThymusError } from '../../../core/errors.ts'
import { GUID } from '../../../formats/efi/guid.ts'
import { type EfiSignature, readSignatureLists } from '../../../formats/efi/signature-list.ts'
import { type Authority, readAuthority } from '../secure-boot/authority.ts'
import { writeVariableData } from '../tcg-log/payload.ts'
import { type Measurement, measuring } from './measurement.ts'

export interface LoggedAuthority extends Authority {
  /** Before the separator of PCR 7 drivers are verified, behind it what boots. */
  readonly beforeSeparator: boolean
}

export interface BootState {
  /** Undefined where the log does not say, or says it where nothing binds it. */
  readonly secureBoot: boolean | undefined
  readonly setupMode: boolean | undefined
  readonly auditMode: boolean | undefined
  readonly deployedMode: boolean | undefined
  readonly keys: Readonly<Partial<Record<KeyVariable, readonly EfiSignature[]>>>
  readonly authorities: readonly LoggedAuthority[]
  /** shim's SBAT level, as `sbat,1,2021030218` and lines behind it. */
  readonly sbatLevel: string | undefined
  readonly firmwareVersion: string | undefined
  readonly exitBootServices: boolean
}

/** Variables of Secure Boot that are on or off. */
export const FLAGS = ['SecureBoot', 'SetupMode', 'AuditMode', 'DeployedMode'] as const
/** Those that hold lists of signatures. */
export const KEY_VARIABLES = ['PK', 'KEK', 'db', 'dbx'] as const
type KeyVariable = (typeof KEY_VARIABLES)[number]

const EXIT = 'Exit Boot Services Invocation'

/** @param all of one bank */
export function bootState(all: readonly Measurement[]): BootState {
  const flag = (name: string) => flagOf(all.find((each) => isVariable(each, name))?.variable?.data)
  return {
    secureBoot: flag('SecureBoot') && hidesSecureBoot(all) ? undefined : flag('SecureBoot'),
    setupMode: flag('SetupMode'),
    auditMode: flag('AuditMode'),
    deployedMode: flag('DeployedMode'),
    keys: keysOf(all),
    authorities: authoritiesOf(all),
    sbatLevel: all.find(({ kind, variable }) => kind === 'authority' && variable?.name === 'SbatLevel')?.variable?.data.toString('latin1'),
    firmwareVersion: all.find(({ kind }) => kind === 'firmware-version')?.text,
    exitBootServices: all.some(({ kind, text }) => kind === 'action' && text === EXIT),
  }
}

/** Whether a bound measurement is of one of the variables of Secure Boot; others can have the same names. */
export function isVariable({ kind, variable }: Measurement, name: string): boolean {
  if (kind !== 'secure-boot' || variable === undefined || variable.name !== name) return false
  return variable.guid === (name === 'db' || name === 'dbx' ? GUID.imageSecurityDatabase : GUID.globalVariable)
}

const OFF = [Buffer.of(0), Buffer.alloc(0)].map((data) => writeVariableData({ guid: GUID.globalVariable, name: 'SecureBoot', data }))

/** Whether it was measured that Secure Boot is off, and the log calls that something else. */
const hidesSecureBoot = (all: readonly Measurement[]): boolean =>
  OFF.some((off) => measuring(all, off).some((each) => !isVariable(each, 'SecureBoot')))

/** An empty variable is one that is not there, and so not set. */
function flagOf(data: Buffer | undefined): boolean | undefined {
  return data === undefined ? undefined : data.length > 0 && data[0] === 1
}

function keysOf(all: readonly Measurement[]): BootState['keys'] {
  const keys: Partial<Record<KeyVariable, readonly EfiSignature[]>> = {}
  for (const name of KEY_VARIABLES) {
    const data = all.find((each) => isVariable(each, name))?.variable?.data
    const signatures = data === undefined ? undefined : trySignatures(data)
    if (signatures !== undefined) keys[name] = signatures
  }
  return keys
}

/** Undefined for what is no signature list. */
export function trySignatures(data: Buffer): readonly EfiSignature[] | undefined {
  try {
    return readSignatureLists(data)
  } catch (error) {
    if (error instanceof ThymusError) return undefined
    throw error
  }
}

function authoritiesOf(all: readonly Measurement[]): readonly LoggedAuthority[] {
  const register = all.find(({ kind }) => kind === 'authority')?.event.register
  const separator = all.findIndex(({ kind, event }) => kind === 'separator' && event.register === register)
  return all.flatMap(({ kind, variable }, at) => {
    if (kind !== 'authority' || variable === undefined) return []
    return [{ ...readAuthority(variable), beforeSeparator: at < separator }]
  })
}
