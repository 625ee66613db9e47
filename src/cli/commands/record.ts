import { join } from 'node:path'
import { ThymusError } from '../../core/errors.ts'
import { here } from '../session.ts'
import { note } from '../terminal.ts'

/** The agent may write in its state folder alone, so that is where recordings are. */
export async function record(flags: { readonly stop?: boolean }, name: string | undefined): Promise<undefined> {
  if ((name === undefined) === !flags.stop) throw new ThymusError('USAGE', 'record takes a NAME to begin, or --stop to end')
  const { at, client } = here()
  await client.record(name ?? null)
  note(name === undefined ? 'the recording has ended' : `recording into ${join(at.state, name)}; thymus record --stop ends it`)
}
