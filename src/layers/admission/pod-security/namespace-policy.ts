// Which levels a namespace has for enforcing, auditing and warning (k8s.io/pod-security-admission/api, PolicyToEvaluate).
import { quoteTerm } from '../../../lang/rego/values/text.ts'
import { compareLevels, LEVELS, type Level, type LevelVersion, parseLevel, parseVersion, type Version } from './level.ts'

export const PREFIX = 'pod-security.kubernetes.io/'
export const MODES = ['enforce', 'audit', 'warn'] as const
export type Mode = (typeof MODES)[number]

export type NamespacePolicy = Readonly<Record<Mode, LevelVersion>>

/** A label whose value is none, as the API server tells it. */
export interface LabelError {
  /** `metadata.labels[pod-security.kubernetes.io/enforce]` */
  readonly field: string
  /** `Invalid value: "x": must be one of privileged, baseline, restricted` */
  readonly message: string
}

export const NO_LEVEL = `must be one of ${LEVELS.join(', ')}`
export const NO_VERSION = 'must be "latest" or "v1.x"'

/**
 * What the labels say over the defaults. There is a policy whatever they are: an invalid level enforces `restricted` but audits and warns of
 * nothing, an invalid version is the latest.
 */
export function namespacePolicy(
  labels: ReadonlyMap<string, string>,
  defaults: NamespacePolicy,
): { readonly policy: NamespacePolicy; readonly errors: readonly LabelError[] } {
  if (labels.size === 0) return { policy: defaults, errors: [] }
  const errors: LabelError[] = []
  const read = <T>(name: string, parse: (text: string) => T | undefined, otherwise: T, expected: string): T | undefined => {
    const text = labels.get(PREFIX + name)
    if (text === undefined) return undefined
    const value = parse(text)
    if (value === undefined) {
      errors.push({ field: `metadata.labels[${PREFIX}${name}]`, message: `Invalid value: ${quoteTerm(text)}: ${expected}` })
    }
    return value ?? otherwise
  }
  const mode = (name: Mode, otherwise: Level): LevelVersion => ({
    level: read(name, parseLevel, otherwise, NO_LEVEL) ?? defaults[name].level,
    version: read<Version>(`${name}-version`, parseVersion, 'latest', NO_VERSION) ?? defaults[name].version,
  })
  const enforce = mode('enforce', 'restricted')
  const audit = mode('audit', 'privileged')
  return { policy: { enforce, audit, warn: warned(labels, enforce, mode('warn', 'privileged')) }, errors }
}

/** A namespace that says itself what it enforces, and not of what it warns, warns of no less. */
function warned(labels: ReadonlyMap<string, string>, enforce: LevelVersion, warn: LevelVersion): LevelVersion {
  const said = labels.get(`${PREFIX}enforce`)
  if (said === undefined || parseLevel(said) === undefined || labels.has(`${PREFIX}warn`)) return warn
  if (compareLevels(enforce.level, warn.level) <= 0) return warn
  return { level: enforce.level, version: labels.has(`${PREFIX}warn-version`) ? warn.version : enforce.version }
}

export const isPrivileged = (policy: NamespacePolicy, modes: readonly Mode[] = MODES) =>
  modes.every((mode) => policy[mode].level === 'privileged')

/** Of no different effect: versions of `privileged` are all one. */
export function isEquivalent(a: NamespacePolicy, b: NamespacePolicy): boolean {
  return MODES.every((mode) => {
    const same = a[mode].level === b[mode].level
    return same && (a[mode].level === 'privileged' || a[mode].version === b[mode].version)
  })
}

/** Several errors as one text: Go's aggregate. */
export function errorsText(errors: readonly LabelError[]): string {
  const texts = [...new Set(errors.map(({ field, message }) => `${field}: ${message}`))]
  return texts.length === 1 ? texts[0]! : `[${texts.join(', ')}]`
}
