// PodSecurityConfiguration (pod-security.admission.config.k8s.io): what holds where a namespace says nothing, and whom nothing holds.
import { ThymusError } from '../../../core/errors.ts'
import { dnsLabelProblem, subdomainProblem } from '../../../core/label-syntax.ts'
import { quote } from '../../../core/quote.ts'
import { FieldReader } from '../../../formats/kubernetes/field-reader.ts'
import { type KubernetesObject, kindOf } from '../../../formats/kubernetes/object.ts'
import { WORDS } from './fields.ts'
import { parseLevel, parseVersion } from './level.ts'
import { MODES, type Mode, type NamespacePolicy, NO_LEVEL, NO_VERSION } from './namespace-policy.ts'
import { NEWEST_MINOR } from './registry.ts'

export interface PodSecurityConfiguration {
  readonly defaults: NamespacePolicy
  readonly exemptions: {
    readonly usernames: ReadonlySet<string>
    readonly namespaces: ReadonlySet<string>
    readonly runtimeClasses: ReadonlySet<string>
  }
  /** Minor of the cluster's version: for it, later standards are this one, and `latest` too. */
  readonly clusterMinor: number
}

const GROUP = 'pod-security.admission.config.k8s.io'
const VERSIONS = ['v1', 'v1beta1', 'v1alpha1']
const PRIVILEGED = { level: 'privileged', version: 'latest' } as const

/** Of a cluster without one: all is allowed that no label forbids. */
export const NO_CONFIGURATION: PodSecurityConfiguration = {
  defaults: { enforce: PRIVILEGED, audit: PRIVILEGED, warn: PRIVILEGED },
  exemptions: { usernames: new Set(), namespaces: new Set(), runtimeClasses: new Set() },
  clusterMinor: NEWEST_MINOR,
}

/**
 * Refuses what the API server would not start with: unknown fields, levels and versions that are none, names that are none or stand there twice.
 * @throws ThymusError CONFIG, with the path of the field.
 */
export function readConfiguration(object: KubernetesObject, clusterMinor = NEWEST_MINOR): PodSecurityConfiguration {
  const { group, version, kind } = kindOf(object)
  if (group !== GROUP || !VERSIONS.includes(version) || kind !== 'PodSecurityConfiguration')
    throw wrong('kind', `must be PodSecurityConfiguration of ${GROUP}/${VERSIONS.join(', ')}`)
  const configuration = new FieldReader(object, { words: WORDS, error: (path, text) => wrong(path, `${path} ${text}`) })
  only(configuration, ['apiVersion', 'kind', 'defaults', 'exemptions'])
  const defaults = configuration.object('defaults')
  only(
    defaults,
    MODES.flatMap((mode) => [mode, `${mode}-version`]),
  )
  const exemptions = configuration.object('exemptions')
  only(exemptions, ['usernames', 'namespaces', 'runtimeClasses'])
  const mode = (name: Mode) => ({
    level: parsed(defaults, name, 'privileged', parseLevel, NO_LEVEL),
    version: parsed(defaults, `${name}-version`, 'latest', parseVersion, NO_VERSION),
  })
  return {
    defaults: { enforce: mode('enforce'), audit: mode('audit'), warn: mode('warn') },
    exemptions: {
      usernames: names(exemptions, 'usernames', (name) => (name === '' ? 'must not be empty' : undefined)),
      namespaces: names(exemptions, 'namespaces', dnsLabelProblem),
      runtimeClasses: names(exemptions, 'runtimeClasses', subdomainProblem),
    },
    clusterMinor,
  }
}

function only(fields: FieldReader, known: readonly string[]): void {
  const key = fields.names.find((key) => !known.includes(key))
  if (key !== undefined) throw wrong(fields.at(key), `${quote(key)} is no field`)
}

function parsed<T>(defaults: FieldReader, key: string, otherwise: T, parse: (text: string) => T | undefined, expected: string): T {
  const value = defaults.text(key)
  if (value === '') return otherwise
  const found = parse(value)
  if (found === undefined) throw wrong(`defaults.${key}`, `${quote(value)} ${expected}`)
  return found
}

function names(exemptions: FieldReader, key: string, problem: (name: string) => string | undefined): ReadonlySet<string> {
  const found = new Set<string>()
  for (const [at, name] of exemptions.texts(key).entries()) {
    const what = found.has(name) ? 'stands there twice' : problem(name)
    if (what !== undefined) throw wrong(`exemptions.${key}[${at}]`, `${quote(name)} ${what}`)
    found.add(name)
  }
  return found
}

const wrong = (at: string, what: string) => new ThymusError('CONFIG', what, { at })
