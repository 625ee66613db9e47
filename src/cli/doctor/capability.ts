/** `missing`: it is not there. `refused`: it is there, and denied to us. `unknown`: we could not find out. */
export type CapabilityState = 'ok' | 'missing' | 'refused' | 'unknown'

/** What trying it showed. */
export interface Found {
  readonly state: CapabilityState
  readonly reason: string
}

/** One line of `thymus doctor`. */
export interface Capability extends Found {
  readonly code: string
  readonly title: string
  /** What to do about it; null where it is ok, or nothing can be done. */
  readonly fix: string | null
  /** What goes without it, the layer first; null where nothing does. */
  readonly disables: string | null
}

export interface Probe {
  readonly code: string
  readonly title: string
  readonly disables: string | null
  readonly fix: string
  readonly run: () => Found | Promise<Found>
}

export const ok = (reason: string): Found => ({ state: 'ok', reason })
export const missing = (reason: string): Found => ({ state: 'missing', reason })
export const refused = (reason: string): Found => ({ state: 'refused', reason })
export const unsure = (reason: string): Found => ({ state: 'unknown', reason })

/** An error of the system as a finding: what is not there is missing, what we may not is refused, the rest we do not know. */
export function foundBy(error: unknown): Found {
  const { code = '', message } = error as NodeJS.ErrnoException
  if (['ENOENT', 'ENODEV', 'ENXIO', 'ENOSYS', 'ENOTDIR'].includes(code)) return missing(message)
  return ['EACCES', 'EPERM', 'EROFS'].includes(code) ? refused(message) : unsure(message)
}

/** Never throws: a probe that breaks has found out nothing. */
export async function examine({ code, title, disables, fix, run }: Probe): Promise<Capability> {
  let found: Found
  try {
    found = await run()
  } catch (error) {
    found = foundBy(error)
  }
  return { code, title, ...found, fix: found.state === 'ok' ? null : fix, disables: found.state === 'ok' ? null : disables }
}
