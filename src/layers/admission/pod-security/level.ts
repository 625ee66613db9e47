// Levels and versions of the Pod Security Standards, as labels and configurations write them (k8s.io/pod-security-admission/api).

export const LEVELS = ['privileged', 'baseline', 'restricted'] as const
export type Level = (typeof LEVELS)[number]

/** `latest`, or `v1.` and a minor without leading zeros: equal texts are equal versions. */
export type Version = 'latest' | `v1.${string}`

export interface LevelVersion {
  readonly level: Level
  readonly version: Version
}

export const levelVersionText = ({ level, version }: LevelVersion) => `${level}:${version}`

/** Undefined for all that is no level. */
export function parseLevel(text: string): Level | undefined {
  return LEVELS.find((level) => level === text)
}

export function parseVersion(text: string): Version | undefined {
  if (text === 'latest') return text
  // Go's int has 64 bits.
  return /^v1\.(0|[1-9]\d{0,18})$/.test(text) && BigInt(text.slice(3)) < 2n ** 63n ? (text as Version) : undefined
}

/** Greater than every minor for `latest`. */
export const minorOf = (version: Version) => (version === 'latest' ? Number.POSITIVE_INFINITY : Number(version.slice(3)))

/** Greater than 0 if `a` is stricter than `b`. */
export const compareLevels = (a: Level, b: Level) => LEVELS.indexOf(a) - LEVELS.indexOf(b)

export const sameLevelVersion = (a: LevelVersion, b: LevelVersion) => a.level === b.level && a.version === b.version
