import type { Appraisal } from '../../core/appraisal.ts'
import type { Check } from '../../core/verdict.ts'
import type { Part } from '../../outputs/output.ts'
import type { Cell } from '../../outputs/table.ts'
import { columnsOf } from './words.ts'

const VERDICTS: Readonly<Record<Check['verdict']['is'], Cell>> = {
  pass: { text: 'pass', tone: 'good' },
  fail: { text: 'FAIL', tone: 'bad' },
  unknown: { text: 'unknown', tone: 'doubt' },
}

export function checkList({ checks }: Pick<Appraisal, 'checks'>): Part[] {
  const rows = checks.map(({ code, title, verdict, got }) => [
    code,
    VERDICTS[verdict.is],
    title,
    verdict.is === 'unknown' ? verdict.why.text : (got ?? ''),
  ])
  return [{ table: { columns: columnsOf('CHECK', 'VERDICT', 'WHAT', 'SEEN'), rows }, none: 'nothing was checked' }]
}
