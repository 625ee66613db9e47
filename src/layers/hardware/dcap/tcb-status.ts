// Statuses of a trusted computing base, and how those of its parts become one: Intel's quote verification library, 4.1.2.5 (EvaluateTcb) and
// TDRelaunchCheck. Where that library leaves a part's need of configuration out, it is kept here.

/** Those between the best and the worst: weaker than UpToDate, and a policy may allow them by name. The two of a relaunch are concluded, not published. */
export const WEAKER_STATUSES = [
  'SWHardeningNeeded',
  'ConfigurationNeeded',
  'ConfigurationAndSWHardeningNeeded',
  'TDRelaunchAdvised',
  'TDRelaunchAdvisedConfigurationNeeded',
  'OutOfDate',
  'OutOfDateConfigurationNeeded',
] as const

export type WeakerStatus = (typeof WEAKER_STATUSES)[number]
export type TcbStatus = 'UpToDate' | WeakerStatus | 'Revoked'

/** Those that Intel publishes. */
export const PUBLISHED_STATUSES = [
  'UpToDate',
  'SWHardeningNeeded',
  'ConfigurationNeeded',
  'ConfigurationAndSWHardeningNeeded',
  'OutOfDate',
  'OutOfDateConfigurationNeeded',
  'Revoked',
] as const satisfies readonly TcbStatus[]

export type PublishedStatus = (typeof PUBLISHED_STATUSES)[number]

/** The status of a whole: it lacks whatever one of its parts lacks. Being out of date says more than that software should be hardened. */
export function converge(parts: readonly PublishedStatus[]): PublishedStatus {
  const lacks = (what: string) => parts.some((part) => part.includes(what))
  if (lacks('Revoked')) return 'Revoked'
  if (lacks('OutOfDate')) return lacks('Configuration') ? 'OutOfDateConfigurationNeeded' : 'OutOfDate'
  if (lacks('Configuration')) return lacks('SWHardening') ? 'ConfigurationAndSWHardeningNeeded' : 'ConfigurationNeeded'
  return lacks('SWHardening') ? 'SWHardeningNeeded' : 'UpToDate'
}

/**
 * A TD that was launched on what is out of date, and whose platform was brought up to date since, is well again once it is launched anew. One whose
 * platform went back lacks what it lacks now; Intel's library goes by the launch alone.
 */
export function afterUpdate(launch: PublishedStatus, current: PublishedStatus): TcbStatus {
  if (!launch.startsWith('OutOfDate') || current.startsWith('OutOfDate') || current === 'Revoked') return converge([launch, current])
  return `${launch}${current}`.includes('Configuration') ? 'TDRelaunchAdvisedConfigurationNeeded' : 'TDRelaunchAdvised'
}
