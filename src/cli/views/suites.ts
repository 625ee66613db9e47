import type { Part } from '../../outputs/output.ts'
import type { List } from '../client.ts'
import { columnsOf } from './words.ts'

/** A suite, as it is told. */
export interface SuiteReport {
  readonly file: string
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  readonly failures: readonly { readonly test: string; readonly case: string | null; readonly error: string }[]
}

export function suiteList({ items }: List<SuiteReport>): Part[] {
  const rows = items.map(({ file, passed, failed, skipped }) => [
    { text: failed > 0 ? 'FAIL' : 'ok', tone: failed > 0 ? 'bad' : 'good' } as const,
    `${passed}`,
    `${failed}`,
    `${skipped}`,
    file,
  ])
  const failures = items.flatMap(({ file, failures: each }) =>
    each.map(({ test, case: name, error }) => `${file}: ${test}${name === null ? '' : `//${name}`}: ${error}`),
  )
  return [
    { table: { columns: columnsOf('', 'PASSED', 'FAILED', 'SKIPPED', 'SUITE'), rows }, none: 'no suites' },
    ...(failures.length === 0 ? [] : [{ lines: failures }]),
  ]
}
