import { spawnSync } from 'node:child_process'
import { dirname } from 'node:path'
import { ThymusError } from '../core/errors.ts'

/** Prints the first of the folders that whoever runs it may not enter. */
const FIRST_CLOSED = 'for folder; do [ -x "$folder" ] || { printf %s "$folder"; exit; }; done'

/**
 * Makes sure that a user can get to a folder, by going there as that user.
 * @throws ThymusError AGENT_CLOSED naming the first folder on the way that is closed, and what to do; PRIVILEGE where nobody can be that user
 */
export function needReach(folder: string, user: number): void {
  const options = { uid: user, gid: user, cwd: '/', encoding: 'utf8' } as const
  const { status, stdout, error } = spawnSync('/bin/sh', ['-c', FIRST_CLOSED, 'sh', ...wayTo(folder)], options)
  if (error !== undefined || status !== 0) {
    throw new ThymusError('PRIVILEGE', `nothing can be started as user ${user}, as whom the mind runs: ${error?.message ?? status}`)
  }
  if (stdout === '') return
  const remedy = `chmod o+x ${stdout}, or a THYMUS_HOME elsewhere`
  throw new ThymusError('AGENT_CLOSED', `the mind runs as user ${user}, who may not enter this folder: ${remedy}`, { at: stdout })
}

/** The folder and all above it, outermost first. */
function wayTo(folder: string): string[] {
  const above = dirname(folder)
  return above === folder ? [folder] : [...wayTo(above), folder]
}
