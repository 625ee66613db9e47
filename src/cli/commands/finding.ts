import { EXIT } from '../../core/errors.ts'
import { SEVERITIES, type Severity } from '../../core/finding.ts'
import { type OutputFlags, openOutput } from '../output.ts'
import { here } from '../session.ts'

export interface FindingFlags extends OutputFlags {
  readonly severity?: Severity
  readonly 'fail-on'?: Severity
}

export async function list(flags: FindingFlags): Promise<number> {
  const output = await openOutput('FindingList', flags)
  const findings = await here().client.findings(flags.severity)
  output.show(findings)
  const threshold = flags['fail-on']
  if (threshold === undefined) return EXIT.ok
  const { items } = flags.severity === undefined || isUnder(flags.severity, threshold) ? findings : await here().client.findings(threshold)
  return items.some(({ severity }) => !isUnder(severity, threshold)) ? EXIT.findings : EXIT.ok
}

function isUnder(severity: Severity, threshold: Severity): boolean {
  return SEVERITIES.indexOf(severity) < SEVERITIES.indexOf(threshold)
}
