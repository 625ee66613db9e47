// Statuses of a trusted computing base, and how those of its parts become one: Intel's quote verification library, 4.1.2.5 (EvaluateTcb) and
// TDRelaunchCheck. Where that library leaves a part's need of configuration out, it is kept here.

/** Every status but the two of a relaunch is published; those are concluded. */
export const TCB_STATUSES = [
  'UpToDate',
  'SWHardeningNeeded',
  'ConfigurationNeeded',
  'ConfigurationAndSWHardeningNeeded',
  'TDRelaunchAdvised',
  'TDRelaunchAdvisedConfigurationNeeded',
  'OutOfDate',
  'OutOfDateConfigurationNeeded',
  'Revoked',
] as const

export type TcbStatus = (typeof TCB_STATUSES)[number]

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
