import { summaryOf } from '../../agent/records.ts'
import type { Cell, Column } from '../../outputs/table.ts'
import type { EventRecord } from '../../server/api.ts'
import { effectCell, timeText } from './words.ts'

/** As wide as what is in them mostly is: events come one by one. */
export const EVENT_COLUMNS: readonly Column[] = [
  { title: 'TIME', usual: 20 },
  { title: 'TYPE', usual: 8 },
  { title: 'WORKLOAD', usual: 20 },
  { title: 'PROCESS', usual: 22 },
  { title: 'RULING', usual: 10 },
  { title: 'FACTS' },
]

export function eventCells({ time, type, workload, process, ruling, facts }: EventRecord): (string | Cell)[] {
  const who = process === null ? '-' : `${process.comm}(${process.pid})`
  const decided: Cell = ruling === null ? { text: '-', tone: 'dim' } : effectCell(ruling.effect, ruling.enforced)
  const why = ruling === null || ruling.effect === 'allow' ? '' : `; ${summaryOf(ruling.because)}`
  return [timeText(time), type, workload, who, decided, factsText(facts) + why]
}

/** `name=value`, those that say something, in the order in which the agent gives them. */
function factsText(facts: EventRecord['facts']): string {
  return Object.entries(facts)
    .filter(([, value]) => value !== null && value !== '' && !(Array.isArray(value) && value.length === 0))
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ')
}
