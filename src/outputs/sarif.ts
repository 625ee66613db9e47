// Findings as SARIF 2.1.0 (OASIS Standard, 27 March 2020; "§" below).
import { FINDING_CODES, type Finding, SEVERITIES, type Severity } from '../core/finding.ts'
import { jsonText } from './json.ts'
import { plain } from './text.ts'

const SCHEMA = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json'
/** §3.27.10: of four levels, `none` is not for a finding. */
const LEVEL: Readonly<Record<Severity, 'note' | 'warning' | 'error'>> = {
  info: 'note',
  low: 'note',
  medium: 'warning',
  high: 'error',
  critical: 'error',
}
/** What code-scanning services sort by, in the words of CVSS: the middle of each range. */
const SCORE: Readonly<Record<Severity, string>> = { info: '0.0', low: '2.0', medium: '5.5', high: '8.0', critical: '9.5' }

/** One run (§3.14) of this version of Thymus with a result for each finding, in their order. */
export function sarifText(findings: readonly Finding[], version: string): string {
  const byRule = Map.groupBy(findings, ruleIdOf)
  const ids = [...byRule.keys()]
  const indices = new Map(ids.map((id, index) => [id, index]))
  const log = {
    $schema: SCHEMA,
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'Thymus', semanticVersion: version, rules: ids.map((id) => ruleOf(id, byRule.get(id)!)) } },
        columnKind: 'utf16CodeUnits',
        results: findings.map((finding) => resultOf(finding, indices)),
      },
    ],
  }
  return `${jsonText(log, 2)}\n`
}

/** What code-scanning services group by: the rule of a policy where there is one, else the code. */
const ruleIdOf = ({ rule, code }: Finding) => rule?.name ?? code

/** §3.49. Code-scanning services take the severity of a result from its rule: the highest of them. */
function ruleOf(id: string, findings: readonly Finding[]) {
  const { code, layer, rule, remedy } = findings[0]!
  const highest = SEVERITIES.findLast((severity) => findings.some((finding) => finding.severity === severity))!
  const properties = { tags: ['security', layer], 'security-severity': SCORE[highest] }
  if (rule === undefined) return { id, shortDescription: { text: FINDING_CODES[code].text }, properties }
  return {
    id,
    shortDescription: { text: plain(rule.title) },
    fullDescription: { text: plain(rule.reason || rule.title) },
    ...(remedy !== '' && { help: { text: plain(remedy) } }),
    properties,
  }
}

/**
 * §3.27. What a finding is about is often no file: it has a logical location (§3.33), and a physical one only where it has a place, or
 * where a rule's line decided.
 */
function resultOf(finding: Finding, indices: ReadonlyMap<string, number>) {
  const { id, layer, severity, at, about, title, evidence, because, remedy } = finding
  const place = finding.place ?? (because !== null && 'rule' in because ? because.rule.source : undefined)
  const physicalLocation = place && {
    artifactLocation: { uri: uriOf(place.file) },
    region: { startLine: place.line, startColumn: place.column },
  }
  return {
    ruleId: ruleIdOf(finding),
    ruleIndex: indices.get(ruleIdOf(finding)),
    level: LEVEL[severity],
    message: { text: message(remedy === '' ? title : `${title}. ${remedy}`) },
    locations: [{ ...(physicalLocation && { physicalLocation }), logicalLocations: [{ fullyQualifiedName: about, kind: 'resource' }] }],
    fingerprints: { 'thymus/v1': id },
    // The one by which GitHub tells whether it has seen a result before.
    ...(finding.place && { partialFingerprints: { primaryLocationLineHash: `${id}:1` } }),
    properties: { layer, severity, at: new Date(at).toISOString(), evidence, because },
  }
}

/** Titles hold what attackers wrote: no viewer is to make a link (§3.11.6), a placeholder (§3.11.5) or an escape sequence of it. */
function message(text: string): string {
  return plain(text)
    .replaceAll(/[[\]\\]/g, '\\$&')
    .replaceAll(/[{}]/g, '$&$&')
}

/** A file's name as a URI reference (RFC 3986, 4.2): absolute with its scheme, or relative and not to be taken for one with a scheme. */
function uriOf(file: string): string {
  const path = encodeURI(file.toWellFormed()).replaceAll(/[?#]/g, encodeURIComponent)
  return path.startsWith('/') ? `file://${path}` : path.replace(/^(?=[^/]*:)/, './')
}
