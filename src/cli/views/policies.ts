import { moduleText, summaryOf } from '../../agent/records.ts'
import type { Decision } from '../../core/decision.ts'
import type { Part } from '../../outputs/output.ts'
import type { Cell } from '../../outputs/table.ts'
import type { ApplyResult, DiffResult, PolicySummary, RememberedDecision, WhyResult } from '../../server/api.ts'
import type { List } from '../client.ts'
import { columnsOf, effectCell, modeCell, placeText, timeText } from './words.ts'

export function applyResult({ policies, generation, took }: ApplyResult): Part[] {
  const table = policies.length === 0 ? [] : [policyTable(policies, '')]
  return generation === 0 ? table : [...table, { lines: [`generation ${generation}, after ${took.toFixed(1)} ms`] }]
}

export function policyList({ items }: List<PolicySummary>): Part[] {
  return [policyTable(items, 'no policy is applied')]
}

export function whyResult({ allowed, decisions, change }: WhyResult): Part[] {
  const told = decisions.some(({ because }) => 'unknown' in because) ? 'it cannot be told' : allowed ? 'allowed' : 'denied'
  const rows = decisions.map((decision) => [
    ...requestCells(decision),
    effectCell(decision.effect, decision.enforced),
    summaryOf(decision.because),
  ])
  return [
    { lines: [told] },
    { table: { columns: columnsOf('AT', 'GATE', 'ASKS', 'EFFECT', 'BECAUSE'), rows }, none: 'no end of it is a workload: nothing decides' },
    ...(change.length === 0 ? [] : [{ lines: ['What would have to change:', ...change.map((each) => `  ${each}`)] }]),
  ]
}

export function diffResult({ added, removed, changed }: DiffResult): Part[] {
  const policies = [...added.map((id) => `+ ${id}`), ...removed.map((id) => `- ${id}`)]
  const rows = changed.map(({ request, before, after }) => [request, before, after])
  return [
    ...(policies.length === 0 ? [] : [{ lines: policies }]),
    { table: { columns: columnsOf('REQUEST', 'BEFORE', 'AFTER'), rows }, none: 'no answer changes' },
  ]
}

export function decisionList({ items }: List<RememberedDecision>): Part[] {
  const rows = items.map(({ decision, count, last, folded }) => {
    const [subject = '', gate = '', asked = ''] = requestCells(decision)
    const [effect, why] = [effectCell(decision.effect, decision.enforced), summaryOf(decision.because)]
    return [timeText(last), String(count), subject, gate, folded ? `${asked}, and others` : asked, effect, why]
  })
  return [{ table: { columns: columnsOf('LAST', 'COUNT>', 'AT', 'GATE', 'ASKS', 'EFFECT', 'BECAUSE'), rows }, none: 'nothing was denied' }]
}

function policyTable(policies: readonly PolicySummary[], none: string): Part {
  const rows = policies.map(({ id, kind, mode, rules, isolates, workloads, source }) => [
    id,
    modeCell(mode),
    String(rules),
    isolates.join(',') || '-',
    kind === 'NodePolicy' ? 'the node' : workloadsCell(workloads),
    placeText(source),
  ])
  return { table: { columns: columnsOf('POLICY', 'MODE', 'RULES>', 'ISOLATES', 'SELECTS', 'FROM'), rows }, none }
}

function workloadsCell(workloads: readonly string[]): Cell {
  return workloads.length === 0 ? { text: 'nothing', tone: 'doubt' } : workloads.join(',')
}

function requestCells({ request }: Decision): string[] {
  if (request.gate === 'exec') return [request.subject, request.gate, request.path]
  if (request.gate === 'module') return [request.subject, request.gate, moduleText(request)]
  const { peer, protocol, port } = request
  const end = peer.workload ?? peer.address ?? 'anyone'
  return [request.subject, request.gate, `${request.gate === 'bind' ? '' : `${end} `}${protocol} ${port}`]
}
