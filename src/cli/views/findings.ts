import type { Finding } from '../../core/finding.ts'
import type { Part } from '../../outputs/output.ts'
import { severitySign } from '../../outputs/symbols.ts'
import type { Terminal, Tone } from '../../outputs/text.ts'
import type { Explanation, FindingList } from '../../server/api.ts'
import type { List } from '../client.ts'
import type { Capability, CapabilityState } from '../doctor/capability.ts'
import { columnsOf, placeText, timeText } from './words.ts'

const CAPABILITY_TONES: Readonly<Record<CapabilityState, Tone>> = { ok: 'good', missing: 'bad', refused: 'bad', unknown: 'doubt' }

export function findingList({ items }: FindingList, terminal: Terminal): Part[] {
  if (items.some(({ place }) => place !== undefined)) return scanned(items, terminal)
  const rows = items.map(({ id, severity, at, about, title }) => [id, severitySign(severity, terminal), timeText(at), about, title])
  return [{ table: { columns: columnsOf('FINDING', 'SEVERITY', 'TIME', 'ABOUT', 'WHAT'), rows }, none: 'nothing was found' }]
}

/** What was found in files: a line of a file is named once, with all that is wrong there. */
function scanned(items: readonly Finding[], terminal: Terminal): Part[] {
  const rows = items.map(({ place, severity, rule, code, about, title }, at) => {
    const line = place === undefined ? '' : `${place.file}:${place.line}`
    const before = at === 0 ? undefined : items[at - 1]!.place
    const isSame = before !== undefined && line === `${before.file}:${before.line}`
    return [isSame ? '' : line, severitySign(severity, terminal), rule?.name ?? code, about, title]
  })
  return [{ table: { columns: columnsOf('PLACE', 'SEVERITY', 'RULE', 'ABOUT', 'WHAT'), rows }, none: 'nothing was found' }]
}

export function explanation({ id, title, what, because, source, line, change, severity }: Explanation): Part[] {
  const head = title === id ? id : `${id}: ${title}`
  const place = source === null ? [] : [{ lines: [placeText(source), ...(line === null ? [] : [`  ${line.trim()}`])] }]
  return [
    { lines: [severity === null ? head : `${head} (${severity})`, what] },
    ...listed('Because', because),
    ...place,
    ...listed('What would have to change', change),
  ]
}

export function capabilityList({ items }: List<Capability>): Part[] {
  const rows = items.map(({ title, state, reason, disables }) => [
    title,
    { text: state, tone: CAPABILITY_TONES[state] },
    reason,
    disables ?? '-',
  ])
  const fixes = items.flatMap(({ title, fix }) => (fix === null ? [] : [`${title}: ${fix}`]))
  return [
    { table: { columns: columnsOf('WHAT', 'STATE', 'FOUND', 'WITHOUT IT'), rows }, none: 'nothing was tried' },
    ...listed('What to do', fixes),
  ]
}

function listed(title: string, items: readonly string[]): Part[] {
  return items.length === 0 ? [] : [{ lines: [`${title}:`, ...items.map((each) => `  ${each}`)] }]
}
