// `thymus tpm credential`: a secret for one TPM and one key in it. Making one needs no TPM.
import { activated } from '../../adapters/linux/tpm/credentials.ts'
import { ThymusError, within } from '../../core/errors.ts'
import { readCredentialFile, writeCredentialFile } from '../../layers/hardware/tpm/abi/credential.ts'
import { readSizedPublicArea } from '../../layers/hardware/tpm/abi/public-area.ts'
import type { EndorsementKind } from '../../layers/hardware/tpm/kinds.ts'
import { makeCredential } from '../../layers/hardware/tpm/verify/credential.ts'
import { readInput, writeOutput } from '../files.ts'
import { note } from '../terminal.ts'
import { keyFile, type SecretFlags } from './key.ts'
import { readSecret } from './secret.ts'
import { trustOf } from './trust.ts'
import { onTpm, type TpmFlags } from './use.ts'

const MAX_BYTES = 8192

export async function make(flags: {
  readonly ek: string
  readonly name: Buffer
  readonly secret: string
  readonly to: string
}): Promise<undefined> {
  const area = within(flags.ek, () => readSizedPublicArea(readInput(flags.ek, MAX_BYTES)))
  writeOutput(flags.to, writeCredentialFile(makeCredential(area, flags.name, readInput(flags.secret, MAX_BYTES))))
  note('only the TPM of that endorsement key opens it, while the key of that name is in it')
}

export interface ActivateFlags extends TpmFlags, SecretFlags {
  readonly key: string
  readonly ek: EndorsementKind
  readonly to?: string
}

export async function activate(flags: ActivateFlags, path: string): Promise<number | undefined> {
  const [file, auth, trust] = [keyFile(flags.key), readSecret(flags.auth), trustOf(flags, Date.now())]
  if (flags['owner-auth'] !== undefined) throw new ThymusError('USAGE', '--owner-auth is of no use here')
  const credential = within(path, () => readCredentialFile(readInput(path, MAX_BYTES)))
  return onTpm(flags, async (tpm) => {
    const secret = await activated(tpm, trust, { file, auth, endorsement: flags.ek, credential })
    if (flags.to === undefined) process.stdout.write(secret)
    else writeOutput(flags.to, secret, { isPrivate: true })
  })
}
