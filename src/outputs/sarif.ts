// Findings as SARIF 2.1.0 (OASIS Standard, 27 March 2020; "§" below).
import { FINDING_CODES, type Finding, type FindingCode, SEVERITIES, type Severity } from '../core/finding.ts'
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
  const codes = [...new Set(findings.map(({ code }) => code))]
  const log = {
    $schema: SCHEMA,
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'Thymus', semanticVersion: version, rules: codes.map((code) => ruleOf(code, findings)) } },
        columnKind: 'utf16CodeUnits',
        results: findings.map((finding) => resultOf(finding, codes)),
      },
    ],
  }
  return `${jsonText(log, 2)}\n`
}

/** §3.49. Code-scanning services take the severity of a result from its rule: the highest of them. */
function ruleOf(code: FindingCode, findings: readonly Finding[]) {
  const { layer, text } = FINDING_CODES[code]
  const highest = SEVERITIES.findLast((severity) => findings.some((finding) => finding.code === code && finding.severity === severity))!
  return { id: code, shortDescription: { text }, properties: { tags: ['security', layer], 'security-severity': SCORE[highest] } }
}

/** §3.27. What a finding is about is no file: it has a logical location (§3.33), and a physical one only where a rule's line decided. */
function resultOf({ id, code, layer, severity, at, about, title, evidence, because, remedy }: Finding, codes: readonly FindingCode[]) {
  const rule = because !== null && 'rule' in because ? because.rule : undefined
  const physicalLocation = rule && {
    artifactLocation: { uri: uriOf(rule.source.file) },
    region: { startLine: rule.source.line, startColumn: rule.source.column },
  }
  return {
    ruleId: code,
    ruleIndex: codes.indexOf(code),
    level: LEVEL[severity],
    message: { text: message(`${title}. ${remedy}`) },
    locations: [{ ...(physicalLocation && { physicalLocation }), logicalLocations: [{ fullyQualifiedName: about, kind: 'resource' }] }],
    fingerprints: { 'thymus/v1': id },
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
