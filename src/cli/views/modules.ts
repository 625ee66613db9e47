import type { Acceptance } from '../../layers/firmware/modules/node.ts'
import type { Part } from '../../outputs/output.ts'
import type { Cell } from '../../outputs/table.ts'
import type { ModuleList, ModuleSummary } from '../module/judged.ts'
import { columnsOf } from './words.ts'

const SIGNATURES: Readonly<Record<ModuleSummary['signature'], Cell>> = {
  signed: { text: 'signed', tone: 'good' },
  unsigned: { text: 'unsigned', tone: 'bad' },
  wrong: { text: 'WRONG', tone: 'bad' },
  revoked: { text: 'REVOKED', tone: 'bad' },
  stranger: { text: 'unknown', tone: 'doubt' },
  unsupported: { text: 'unknown', tone: 'doubt' },
  unreadable: { text: 'unknown', tone: 'doubt' },
}

const HERE: Readonly<Record<Acceptance, string>> = { loads: 'loads', refused: 'refused', unknown: '-' }

export function moduleList({ items, node }: ModuleList): Part[] {
  const rows = items.map(({ name, signature, here, says }) => [name, SIGNATURES[signature], HERE[here], says])
  const { asksForSignatures: asks, lockdown, keys } = node
  const locked = lockdown === null ? '' : `, lockdown ${lockdown}`
  return [
    { table: { columns: columnsOf('MODULE', 'SIGNATURE', 'HERE', ''), rows }, none: 'no module' },
    {
      lines: [
        asks === null
          ? 'whether this kernel asks for signatures cannot be told'
          : `this kernel ${asks ? 'refuses' : 'loads'} unsigned modules${locked}`,
        keys.length === 0 ? 'it shows no keys' : `its keys: ${keys.join('; ')}`,
      ],
    },
  ]
}
