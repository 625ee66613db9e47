// `thymus run --measured`: the program is verified, and a PCR extended with what it is, before its first instruction. What was measured stays in the
// log and in the PCR whatever the program does afterwards.
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, resolve } from 'node:path'
import { fileNow } from '../../adapters/linux/packages.ts'
import { appendRun, forgetRuns, runLogIn, withRunLog } from '../../adapters/linux/run-log.ts'
import { defaultPlace } from '../../adapters/linux/tpm/default-place.ts'
import { activeBanks, readPcrs } from '../../adapters/linux/tpm/pcrs.ts'
import { Tpm } from '../../adapters/linux/tpm/tpm.ts'
import type { Places } from '../../agent/places.ts'
import { ThymusError } from '../../core/errors.ts'
import { hashById } from '../../formats/hash.ts'
import { faultOf } from '../../layers/firmware/measured-run/program.ts'
import { type MeasuredRun, RUN_PCR, recordOf } from '../../layers/firmware/measured-run/record.ts'
import { valuesAfterSystemd } from '../../layers/firmware/tcg-log/systemd.ts'
import { pcrExtend } from '../../layers/hardware/tpm/commands/platform.ts'
import { type Place, placeText } from '../../layers/hardware/tpm/place.ts'
import { EMPTY } from '../../layers/hardware/tpm/session.ts'
import { readPolicy } from '../ima/files.ts'
import { note } from '../terminal.ts'

export interface MeasuredFlags {
  readonly measured?: boolean
  readonly programs?: string
  readonly key?: readonly string[]
  readonly tpm?: Place
  readonly pcr?: number
}

/**
 * Verifies the program of a command, extends the PCR and writes the log, in this order: what is in the PCR and not in the log is found, the other way
 * round it would be a lie. Resolves to the command with its program's whole path.
 * @throws ThymusError UNTRUSTED for a program that the policy does not know, or knows with another digest; nothing was extended then
 */
export async function measured(at: Places, flags: MeasuredFlags, [name, ...words]: readonly string[]): Promise<readonly string[]> {
  const { programs, key = [], tpm: place = defaultPlace(), pcr = RUN_PCR } = flags
  if (programs === undefined) throw new ThymusError('USAGE', '--measured wants --programs: the policy that knows the program')
  const policy = readPolicy(programs, key)
  const path = whichProgram(name!)
  const file = fileNow(path)
  if (file === undefined) throw new ThymusError('COMMAND', 'it cannot be read', { at: path })
  const run: MeasuredRun = { path: file.path, digest: file.sha256, arguments: words }
  const fault = faultOf(run, policy)
  if (fault !== undefined) throw new ThymusError('UNTRUSTED', fault, { at: programs })
  const log = runLogIn(at.run)
  await withRunLog(log, () => extend(place, pcr, run, log))
  note(`[measured] ${run.path} is sha256:${run.digest}, which ${programs} knows; PCR ${pcr} of ${placeText(place)} was extended`)
  return [path, ...words]
}

async function extend(place: Place, pcr: number, run: MeasuredRun, log: string): Promise<void> {
  await using tpm = await Tpm.open(place)
  const banks = (await activeBanks(tpm)).map(({ hash }) => {
    const known = hashById(hash)
    // A bank that is left out could be extended with anything by somebody else, and nobody would see that this run is missing.
    if (known === undefined)
      throw new ThymusError('TPM_REFUSED', `the TPM keeps a bank of the algorithm 0x${hash.toString(16)}, which is not known here`)
    return known
  })
  // A PCR that nobody but systemd extended is that of a new start: what the log says of it was before.
  const [first] = banks
  const now = first && (await readPcrs(tpm, [{ hash: first.id, size: 3, pcrs: [pcr] }])).get(first.name)!.get(pcr)!
  if (now !== undefined && valuesAfterSystemd(first!.name, pcr).some((start) => start.equals(now))) forgetRuns(log, pcr)
  const { line, digests } = recordOf(
    run,
    pcr,
    banks.map(({ name }) => name),
  )
  await tpm.run(
    pcrExtend(
      pcr,
      banks.map(({ id, name }) => ({ hash: id, digest: digests.get(name)! })),
    ),
    [EMPTY],
  )
  appendRun(log, line)
}

/** As a shell finds it: by PATH, unless the name has a slash. */
function whichProgram(name: string): string {
  const paths = name.includes('/') ? [resolve(name)] : (process.env.PATH ?? '').split(delimiter).map((folder) => resolve(folder, name))
  const path = paths.find(isProgram)
  if (path === undefined) throw new ThymusError('COMMAND', 'there is no such command', { at: name })
  return path
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
