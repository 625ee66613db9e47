import { boardText, type Suggestion } from '../../outputs/board.ts'
import type { Part } from '../../outputs/output.ts'
import type { Cell } from '../../outputs/table.ts'
import type { Terminal } from '../../outputs/text.ts'
import type { Status } from '../../server/api.ts'
import { columnsOf, timeText } from './words.ts'

const UNDO: Suggestion = {
  command: 'thymus down --purge',
  does: 'ends the agent and takes back everything: programs, maps, groups and files',
}

/** The board, and below it whether any event was lost. */
export function status(shown: Status, terminal: Terminal): Part[] {
  const { agent, layers, generation, workloads, policies, unconfirmed, loss, notices } = shown
  const enforces = agent.guard === null ? 'without the kernel' : `generation ${generation}`
  const title = `Thymus ${agent.version}, up since ${timeText(agent.since)}: ${counted(workloads, 'workload')}, ${counted(policies, 'policy', 'policies')}, ${enforces}`
  const waits = unconfirmed === null ? [] : [`The last change is undone at ${timeText(unconfirmed)}, unless it is confirmed.`]
  const board = boardText({ title, layers, notices: [...waits, ...notices], next: next(shown), undo: UNDO }, terminal)
  const rows = loss.map(({ program, issued, received, dropped, unread, missed }) => [
    program,
    ...[issued, received, dropped, unread, missed].map(String),
    lossCell(issued === received + dropped + unread, dropped + missed),
  ])
  if (rows.length === 0) return [{ text: board }]
  const columns = columnsOf('EVENTS OF', 'ISSUED>', 'RECEIVED>', 'DROPPED>', 'UNREAD>', 'MISSED>', 'ADDS UP')
  return [{ text: board.replace(/\n+$/, '\n') }, { table: { columns, rows }, none: '' }]
}

function next({ unconfirmed, workloads, policies }: Status): Suggestion {
  if (unconfirmed !== null) return { command: 'thymus apply --confirm', does: 'keeps the change that waits' }
  if (workloads === 0)
    return {
      command: 'thymus run --name web --label app=web -- CMD',
      does: 'starts a command as a workload; thymus demo shows the whole story',
    }
  if (policies === 0)
    return { command: 'thymus apply -f policy.yaml', does: 'puts a policy in force; it only observes unless told otherwise' }
  return { command: 'thymus finding list', does: 'what somebody should look at; thymus event tail shows events as they happen' }
}

function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}

function lossCell(adds: boolean, lost: number): Cell {
  if (!adds) return { text: 'no', tone: 'bad' }
  return lost === 0 ? { text: 'yes, nothing lost', tone: 'good' } : { text: `yes, ${lost} lost`, tone: 'doubt' }
}
