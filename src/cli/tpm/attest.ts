// `thymus tpm quote` and `thymus tpm certify`: what a key says about the TPM that it is in.
import { loadBlob } from '../../adapters/linux/tpm/keys.ts'
import { quotedPcrs } from '../../adapters/linux/tpm/quotes.ts'
import { authorizing } from '../../adapters/linux/tpm/sessions.ts'
import { ThymusError } from '../../core/errors.ts'
import { type Attest, readAttest } from '../../layers/hardware/tpm/abi/attest.ts'
import { writePublicArea } from '../../layers/hardware/tpm/abi/public-area.ts'
import { entityOf, type Loaded } from '../../layers/hardware/tpm/commands/objects.ts'
import { type Attestation, certify as certifyCommand, quote as quoteCommand } from '../../layers/hardware/tpm/commands/signing.ts'
import { writeOutput } from '../files.ts'
import { type OutputFlags, openOutput } from '../output.ts'
import type { Statement } from './answers.ts'
import { keyFile, type SecretFlags, secretAccess } from './key.ts'
import type { PcrWish } from './parameters.ts'
import { listed, selected } from './pcr.ts'
import { readSecret } from './secret.ts'
import { onTpm, type TpmFlags } from './use.ts'

interface StatementFlags extends TpmFlags, OutputFlags, SecretFlags {
  readonly key: string
  readonly nonce?: Buffer
  readonly message?: string
  readonly signature?: string
}

export async function quote(flags: StatementFlags & { readonly pcrs: readonly PcrWish[] }): Promise<number | undefined> {
  const output = await openOutput('TpmStatement', flags)
  const [file, auth] = [keyFile(flags.key), readSecret(flags.auth)]
  return onTpm(flags, async (tpm) => {
    const selection = await selected(tpm, flags.pcrs)
    await using access = await secretAccess(tpm, flags, auth)
    await using key = await loadBlob(tpm, file.blob, file.parent, access)
    const entity = entityOf(key, auth)
    const turn = () => tpm.run(quoteCommand(entity, flags.nonce ?? Buffer.alloc(0), selection), [authorizing(entity, access.session)])
    const { made, pcrs } = await quotedPcrs(tpm, selection, key, turn)
    save(flags, made)
    output.show(statement(made, key, listed(pcrs)))
  })
}

export async function certify(flags: StatementFlags, object: string): Promise<number | undefined> {
  const output = await openOutput('TpmStatement', flags)
  const [file, other, auth] = [keyFile(flags.key), keyFile(object), readSecret(flags.auth)]
  if (!other.emptyAuth) throw new ThymusError('USAGE', 'what is certified has a password: --auth is that of --key', { at: object })
  return onTpm(flags, async (tpm) => {
    await using access = await secretAccess(tpm, flags, auth)
    await using key = await loadBlob(tpm, file.blob, file.parent, access)
    await using certified = await loadBlob(tpm, other.blob, other.parent, access)
    const [by, about] = [entityOf(key, auth), entityOf(certified)]
    const uses = [authorizing(about, undefined), authorizing(by, access.session)]
    const made = await tpm.run(certifyCommand(about, by, flags.nonce ?? Buffer.alloc(0)), uses)
    save(flags, made)
    output.show(statement(made, key, []))
  })
}

function save({ message, signature }: StatementFlags, made: Attestation): void {
  if (message !== undefined) writeOutput(message, made.message)
  if (signature !== undefined) writeOutput(signature, made.signature)
}

function statement({ message, signature }: Attestation, key: Loaded, pcrs: Statement['pcrs']): Statement {
  const said = readAttest(message)
  return {
    type: said.attested.type === 'quote' ? 'quote' : 'certify',
    signer: key.name.toString('hex'),
    nonce: said.extraData.toString('hex'),
    boots: said.clockInfo.resetCount,
    restarts: said.clockInfo.restartCount,
    about: aboutOf(said),
    message: message.toString('base64'),
    signature: signature.toString('base64'),
    key: writePublicArea(key.area).toString('base64'),
    pcrs,
  }
}

function aboutOf({ attested }: Attest): Statement['about'] {
  if (attested.type === 'quote') return [['digest of PCRs', attested.pcrDigest.toString('hex')]]
  return attested.type === 'certify' ? [['certified', attested.name.toString('hex')]] : []
}
