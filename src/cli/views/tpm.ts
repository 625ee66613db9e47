// What `thymus tpm` shows to people.
import type { Part } from '../../outputs/output.ts'
import type { List } from '../client.ts'
import { columns } from '../help.ts'
import type {
  CheckSummary,
  Endorsement,
  HandleSummary,
  KeySummary,
  Lockout,
  NvSummary,
  PcrValue,
  Platform,
  Statement,
  TpmInfo,
} from '../tpm/answers.ts'
import { columnsOf } from './words.ts'

const facts = (...rows: readonly (readonly [string, string])[]): Part => ({ lines: columns(rows) })

export function tpmInfo({ manufacturer, vendor, firmware, specification, banks, algorithms, curves, limits }: TpmInfo): Part[] {
  return [
    facts(
      ['maker', `${manufacturer} (${vendor})`],
      ['firmware', firmware],
      ['specification', specification],
      ['PCR banks', banks.map(({ bank, pcrs }) => `${bank} (${pcrs})`).join(', ')],
      ['algorithms', algorithms.join(', ')],
      ['curves', curves.join(', ')],
      ...Object.entries(limits).map(([name, value]) => [name, String(value)] as const),
    ),
  ]
}

export function pcrList({ items }: List<PcrValue>): Part[] {
  const rows = items.map(({ bank, pcr, value }) => [bank, String(pcr), value])
  return [{ table: { columns: columnsOf('BANK', 'PCR>', 'VALUE'), rows }, none: 'no PCR was asked for' }]
}

export function tpmKey({ type, name, attributes, policy, password, publicKey }: KeySummary): Part[] {
  return [
    facts(
      ['type', type],
      ['name', name],
      ['attributes', attributes.join(', ')],
      ['policy', policy || '-'],
      ['password', password ? 'yes' : 'none'],
    ),
    ...(publicKey === null ? [] : [{ lines: publicKey.trimEnd().split('\n') }]),
  ]
}

export function tpmStatement({ type, signer, nonce, boots, restarts, about, message, signature, pcrs }: Statement): Part[] {
  return [
    facts(
      ['statement', type],
      ['signed by', signer],
      ['nonce', nonce || '-'],
      ['boots', `${boots}, resumed ${restarts} times since`],
      ...about.map(([name, value]) => [name, value] as const),
      ['message', message],
      ['signature', signature],
    ),
    ...(pcrs.length > 0 ? pcrList({ items: pcrs }) : []),
  ]
}

export function nvIndexList({ items }: List<NvSummary>): Part[] {
  const rows = items.map(({ index, type, size, attributes, isWritten, purpose }) => [
    index,
    type,
    String(size),
    isWritten ? 'yes' : 'no',
    attributes.join(','),
    purpose,
  ])
  return [
    {
      table: { columns: columnsOf('INDEX', 'TYPE', 'BYTES>', 'WRITTEN', 'ATTRIBUTES', 'WHAT IT IS'), rows },
      none: 'no NV index is defined',
    },
  ]
}

export function tpmEndorsementList({ items }: List<Endorsement>): Part[] {
  return items.flatMap(({ kind, name, certificate, pinned, checks }) => [
    facts(
      ['kind', kind],
      ['name', `${kind}:${name}`],
      ['trusted', pinned ? 'by its pin' : 'not pinned'],
      [
        'certificate',
        certificate === null ? 'none' : `${certificate.manufacturer} ${certificate.model} ${certificate.version}, ends ${certificate.ends}`,
      ],
    ),
    ...(checks.length === 0 ? [] : [checkTable(checks)]),
  ])
}

export function tpmPlatform(platform: Platform): Part[] {
  const { components, properties, elsewhere, unread, checks } = platform
  const said = (value: string | null) => value ?? 'not said'
  const rows = components.map((each) => [each.manufacturer, each.model, each.serial ?? '-', each.revision ?? '-', each.status ?? '-'])
  return [
    facts(
      ['maker', said(platform.manufacturer)],
      ['model', said(platform.model)],
      ['version', said(platform.version)],
      ['serial', said(platform.serial)],
      ['type', said(platform.type)],
      ['specification', said(platform.specification)],
      ['profile', said(platform.profile)],
      ['certificate', `${platform.number} of ${platform.issuer || 'an issuer without a common name'}, ends ${platform.ends}`],
      ...properties.map(({ name, value, status }) => ['property', `${name}: ${value}${status === null ? '' : ` (${status})`}`] as const),
      ...elsewhere.map((uri) => ['more is at', uri] as const),
      ...unread.map((id) => ['not read', id] as const),
    ),
    ...(rows.length === 0 ? [] : [{ table: { columns: columnsOf('MAKER', 'MODEL', 'SERIAL', 'REVISION', 'STATUS'), rows }, none: '' }]),
    checkTable(checks),
  ]
}

function checkTable(checks: readonly CheckSummary[]): Part {
  const rows = checks.map(({ code, is, title, got }) => [
    { text: is, tone: is === 'pass' ? 'good' : is === 'fail' ? 'bad' : 'doubt' } as const,
    code,
    got === null ? title : `${title} (${got})`,
  ])
  return { table: { columns: columnsOf('', 'CODE', 'WHAT'), rows }, none: '' }
}

export function tpmLockout({ locked, failures, tries, recovery, lockoutRecovery }: Lockout): Part[] {
  return [
    facts(
      ['locked', locked ? 'yes: authorizations are refused' : 'no'],
      ['wrong tries', `${failures} of ${tries}`],
      ['one is forgiven', recovery === 0 ? 'never' : `every ${recovery} s`],
      ['lockout password', lockoutRecovery === 0 ? 'usable again after a restart' : `usable again ${lockoutRecovery} s after a wrong one`],
    ),
  ]
}

export function tpmHandleList({ items }: List<HandleSummary>): Part[] {
  const rows = items.map(({ handle, kind, name }) => [handle, kind, name ?? '-'])
  return [{ table: { columns: columnsOf('HANDLE', 'KIND', 'NAME'), rows }, none: 'nothing is loaded or kept' }]
}
