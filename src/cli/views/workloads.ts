import type { Part } from '../../outputs/output.ts'
import type { Cell } from '../../outputs/table.ts'
import type { FlowSummary, WorkloadSummary } from '../../server/api.ts'
import type { List } from '../client.ts'
import { columns } from '../help.ts'
import { agoText, bytesText, columnsOf, labelsText, modeCell } from './words.ts'

const STATES: Readonly<Record<FlowSummary['state'], Cell>> = {
  open: { text: 'open', tone: 'good' },
  closed: { text: 'closed', tone: 'dim' },
  denied: { text: 'denied', tone: 'bad' },
  'would deny': { text: 'would deny', tone: 'doubt' },
}

export function workloadList({ items }: List<WorkloadSummary>): Part[] {
  const rows = items.map(({ namespace, name, mode, labels, processes, policies, cgroup }) => [
    `${namespace}/${name}`,
    modeCell(mode),
    labelsText(labels) || '-',
    String(processes),
    policies.join(',') || '-',
    cgroup,
  ])
  const none = 'no workload; start one: thymus run --name web --label app=web -- CMD'
  return [{ table: { columns: columnsOf('WORKLOAD', 'MODE', 'LABELS', 'PROCESSES>', 'POLICIES', 'GROUP'), rows }, none }]
}

export function workload(shown: WorkloadSummary): Part[] {
  const { namespace, name, mode, labels, processes, policies, cgroup, netns, addresses, slot, identity, owned, madeBy } = shown
  const rows: (readonly [string, string])[] = [
    ['workload', `${namespace}/${name}`],
    ['labels', labelsText(labels) || '-'],
    ['mode', mode],
    ['group', `${cgroup} (${owned ? 'made by Thymus' : madeBy === undefined ? 'adopted' : `adopted from ${madeBy.manager}`})`],
    ['network', netns ?? 'that of the host'],
    ['addresses', addresses.join(', ') || '-'],
    ['processes', String(processes)],
    ['policies', policies.join(', ') || 'none selects it'],
    ['slot', `${slot}, identity ${identity}`],
  ]
  return [{ lines: columns(rows) }]
}

export function flowList({ items }: List<FlowSummary>): Part[] {
  const now = Date.now()
  const rows = items.map(({ from, to, protocol, port, state, count, bytesIn, bytesOut, last, because }) => [
    from,
    `${to} ${protocol} ${port}`,
    STATES[state],
    String(count),
    bytesText(bytesIn + bytesOut),
    agoText(last, now),
    because,
  ])
  return [{ table: { columns: columnsOf('FROM', 'TO', 'STATE', 'COUNT>', 'BYTES>', 'LAST', 'BECAUSE'), rows }, none: 'no flow was seen' }]
}
