import type { Appraisal } from '../../core/appraisal.ts'
import type { Check } from '../../core/verdict.ts'
import type { Part } from '../../outputs/output.ts'
import type { Cell } from '../../outputs/table.ts'
import type { ImageList } from '../boot/verify.ts'
import { columnsOf } from './words.ts'

const VERDICTS: Readonly<Record<Check['verdict']['is'], Cell>> = {
  pass: { text: 'pass', tone: 'good' },
  fail: { text: 'FAIL', tone: 'bad' },
  unknown: { text: 'unknown', tone: 'doubt' },
}

export function checkList({ checks }: Pick<Appraisal, 'checks'>): Part[] {
  return [{ table: { columns: columnsOf(...COLUMNS), rows: checks.map(cellsOf) }, none: 'nothing was checked' }]
}

export function imageList({ items }: ImageList): Part[] {
  const rows = items.flatMap(({ about, checks }) => checks.map((check) => [about, ...cellsOf(check)]))
  return [{ table: { columns: columnsOf('IMAGE', ...COLUMNS), rows }, none: 'no image' }]
}

const COLUMNS = ['CHECK', 'VERDICT', 'WHAT', 'SEEN'] as const
const cellsOf = ({ code, title, verdict, got }: Check): readonly (string | Cell)[] => [
  code,
  VERDICTS[verdict.is],
  title,
  verdict.is === 'unknown' ? verdict.why.text : (got ?? ''),
]
