import { lstatSync, unlinkSync } from 'node:fs'
import { createConnection } from 'node:net'
import { ThymusError } from '../core/errors.ts'

/**
 * Removes the socket file that a killed server left, so that another one can listen there. False where somebody still answers on it.
 * Throws ThymusError USAGE for a file that is no socket.
 */
export async function removeStale(socket: string): Promise<boolean> {
  const found = lstatSync(socket, { throwIfNoEntry: false })
  if (found === undefined) return true
  if (!found.isSocket()) throw new ThymusError('USAGE', 'there is a file that is no socket', { at: socket })
  const answers = await new Promise<boolean>((resolve) => {
    const probe = createConnection(socket)
    probe.once('connect', () => {
      probe.destroy()
      resolve(true)
    })
    probe.once('error', () => resolve(false))
  })
  if (!answers) unlinkSync(socket)
  return !answers
}
