// What every `thymus tpm` command begins and ends with: the TPM opened, and left as it was, whatever happens and whoever interrupts.
import { defaultPlace } from '../../adapters/linux/tpm/default-place.ts'
import { Tpm } from '../../adapters/linux/tpm/tpm.ts'
import { EXIT } from '../../core/errors.ts'
import type { Place } from '../../layers/hardware/tpm/place.ts'
import { waiting } from '../terminal.ts'

export interface TpmFlags {
  readonly tpm?: Place
  /** Seconds. */
  readonly timeout?: number
}

class Interrupted extends Error {}

/** Runs `action` on the TPM, and flushes all that was made in it. @returns the status of an interruption, if there was one */
export async function onTpm(flags: TpmFlags, action: (tpm: Tpm) => Promise<void>): Promise<number | undefined> {
  const { interrupted, restore } = interruptions()
  try {
    await using tpm = await Tpm.open(flags.tpm ?? defaultPlace(), flags.timeout === undefined ? {} : { within: 1000 * flags.timeout })
    const done = action(tpm)
    done.catch(() => {}) // one that goes on after an interruption finds the TPM closed
    await waiting('the TPM works', Promise.race([done, interrupted]))
    return undefined
  } catch (error) {
    if (error instanceof Interrupted) return EXIT.interrupted
    throw error
  } finally {
    restore()
  }
}

/** The first one ends the work in order; a second one does not wait for that. */
function interruptions(): { readonly interrupted: Promise<never>; readonly restore: () => void } {
  let times = 0
  let fail: (error: Error) => void
  const interrupted = new Promise<never>((_, reject) => {
    fail = reject
  })
  interrupted.catch(() => {})
  const stop = () => {
    if (times++ > 0) process.exit(EXIT.interrupted)
    fail(new Interrupted())
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop)
  return {
    interrupted,
    restore() {
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, stop)
    },
  }
}
