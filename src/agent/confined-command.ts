import { join } from 'node:path'
import type { Confinement } from '../adapters/linux/confinement.ts'
import { prepare } from '../adapters/linux/landlock/prepare.ts'
import { FILES, landlockAbi } from '../adapters/linux/landlock/restrict.ts'
import { ThymusError } from '../core/errors.ts'
import type { Check } from '../core/verdict.ts'

/** Node without the notice that type stripping is young. */
export const NODE = [process.execPath, '--disable-warning=ExperimentalWarning']
/** MAX_ARG_STRLEN, of which one is the NUL. */
const MAX_ARGUMENT = 131_071

/**
 * The command line that confines itself and becomes `command`, and what this kernel cannot enforce of it, for the caller to tell. The launcher
 * accepts just that, and of it what `accepts` says: anything else that is missing when it starts stops it, with exit status 77.
 * @throws ThymusError POLICY_LIMIT where the description does not fit into an argument
 */
export function confinedCommand(
  confinement: Confinement,
  command: readonly string[],
  accepts: (check: Check) => boolean = () => true,
): { readonly command: readonly string[]; readonly missing: readonly Check[] } {
  const { missing } = prepare(confinement, landlockAbi().abi, FILES)
  const codes = new Set(missing.filter(accepts).map(({ code }) => code))
  const description = JSON.stringify({ ...confinement, accepts: [...codes] })
  const bytes = Buffer.byteLength(description)
  if (bytes > MAX_ARGUMENT) {
    throw new ThymusError(
      'POLICY_LIMIT',
      `what the workload is to forbid itself takes ${bytes} bytes, and ${MAX_ARGUMENT} can be handed over`,
    )
  }
  return { command: [...NODE, join(import.meta.dirname, 'confine.ts'), description, '--', ...command], missing }
}
