// `thymus tpm key` and `thymus tpm sign`.
import { createHash } from 'node:crypto'
import { protectedSession, type Trust } from '../../adapters/linux/tpm/endorsement.ts'
import { createBlob, loadBlob } from '../../adapters/linux/tpm/keys.ts'
import { authorizing, type HeldSession } from '../../adapters/linux/tpm/sessions.ts'
import type { Tpm } from '../../adapters/linux/tpm/tpm.ts'
import { ThymusError } from '../../core/errors.ts'
import { integer, sequence } from '../../formats/der/writer.ts'
import { type HashName, hashByName } from '../../formats/hash.ts'
import { writePem } from '../../formats/pem.ts'
import { ALG, OBJECT } from '../../layers/hardware/tpm/abi/algorithms.ts'
import { hasAttributes, type PublicArea } from '../../layers/hardware/tpm/abi/public-area.ts'
import type { TpmSignature } from '../../layers/hardware/tpm/abi/signature.ts'
import { entityOf } from '../../layers/hardware/tpm/commands/objects.ts'
import { sign as signCommand } from '../../layers/hardware/tpm/commands/signing.ts'
import { ENDORSEMENT_ROOT, type KeyFile, OWNER_ROOT, readKeyFile, writeKeyFile } from '../../layers/hardware/tpm/key-file.ts'
import type { KeyKind } from '../../layers/hardware/tpm/kinds.ts'
import { signingKey } from '../../layers/hardware/tpm/templates.ts'
import { subjectPublicKeyOf } from '../../layers/hardware/tpm/verify/public-key.ts'
import { nameOrFail } from '../../layers/hardware/tpm/written-policy.ts'
import { readInput, writeOutput } from '../files.ts'
import { type OutputFlags, openOutput } from '../output.ts'
import type { KeySummary } from './answers.ts'
import { readSecret } from './secret.ts'
import { isVouchedFor, type TrustFlags, trustOf } from './trust.ts'
import { onTpm, type TpmFlags } from './use.ts'

const MAX_KEY_FILE = 65_536

export interface OwnerFlags extends TrustFlags {
  readonly 'owner-auth'?: string
}

export interface SecretFlags extends OwnerFlags {
  readonly auth?: string
}

export interface CreateFlags extends TpmFlags, OutputFlags, SecretFlags {
  readonly type: KeyKind
  readonly restricted?: boolean
}

export async function create(flags: CreateFlags, file: string): Promise<number | undefined> {
  const output = await openOutput('TpmKey', flags)
  const auth = readSecret(flags.auth)
  return onTpm(flags, async (tpm) => {
    await using access = await provenAccess(tpm, flags, auth)
    const parent = flags.restricted ? ENDORSEMENT_ROOT : OWNER_ROOT
    const blob = await createBlob(tpm, signingKey(flags.type, flags.restricted ?? false), { auth }, access, parent)
    const made: KeyFile = { kind: 'key', blob, parent, emptyAuth: auth.length === 0, policy: [] }
    writeOutput(file, writeKeyFile(made), { isPrivate: true })
    output.show(summary(made))
  })
}

export async function show(flags: OutputFlags, file: string): Promise<undefined> {
  const output = await openOutput('TpmKey', flags)
  output.show(summary(keyFile(file)))
}

export interface SignFlags extends TpmFlags, SecretFlags {
  readonly key: string
  readonly hash: HashName
  readonly scheme?: 'rsassa' | 'rsapss'
  readonly to?: string
}

export async function sign(flags: SignFlags, input: string): Promise<number | undefined> {
  const file = keyFile(flags.key)
  const digest = createHash(flags.hash).update(readInput(input)).digest()
  if (flags.scheme !== undefined && file.blob.area.type !== 'rsa') throw new ThymusError('USAGE', '--scheme is of RSA keys')
  if (hasAttributes(file.blob.area, OBJECT.restricted)) {
    throw new ThymusError('USAGE', 'the key is restricted: it signs what the TPM says (quote, certify), and no files', { at: flags.key })
  }
  const auth = readSecret(flags.auth)
  return onTpm(flags, async (tpm) => {
    await using access = await secretAccess(tpm, flags, auth)
    await using key = await loadBlob(tpm, file.blob, file.parent, access)
    const scheme = {
      algorithm: file.blob.area.type === 'rsa' ? ALG[flags.scheme ?? 'rsassa'] : ALG.ecdsa,
      hash: hashByName(flags.hash)!.id,
    }
    const entity = entityOf(key, auth)
    const signature = signatureBytes(await tpm.run(signCommand(entity, digest, scheme), [authorizing(entity, access.session)]))
    if (flags.to === undefined) process.stdout.write(signature)
    else writeOutput(flags.to, signature)
  })
}

/** As OpenSSL has it: the number of RSA, DER of ECDSA. */
function signatureBytes(signature: TpmSignature): Buffer {
  if (signature.kind === 'rsa') return signature.signature
  if (signature.kind !== 'ecc') throw new ThymusError('FORMAT', 'the TPM signed by a scheme that was not asked for')
  return sequence(...[signature.r, signature.s].map((part) => integer(BigInt(`0x${part.toString('hex')}`))))
}

export type SecretAccess = AsyncDisposable & { readonly session?: HeldSession['session']; readonly ownerAuth: Buffer }

/** A session that keeps secrets, where there is one to keep: a password here or of the owner's. */
export async function secretAccess(tpm: Tpm, flags: OwnerFlags, ...secrets: readonly Buffer[]): Promise<SecretAccess> {
  const ownerAuth = readSecret(flags['owner-auth'])
  if ([ownerAuth, ...secrets].every(({ length }) => length === 0)) return { ownerAuth, [Symbol.asyncDispose]: async () => {} }
  return protectedAccess(tpm, trustOf(flags, Date.now()), ownerAuth)
}

/** The same for what proves nothing by itself, as a key that is made: also without a secret, where somebody vouches for the TPM. */
export async function provenAccess(tpm: Tpm, flags: OwnerFlags, ...secrets: readonly Buffer[]): Promise<SecretAccess> {
  const trust = trustOf(flags, Date.now())
  return isVouchedFor(trust) ? protectedAccess(tpm, trust, readSecret(flags['owner-auth'])) : secretAccess(tpm, flags, ...secrets)
}

async function protectedAccess(tpm: Tpm, trust: Trust, ownerAuth: Buffer): Promise<SecretAccess> {
  const held = await protectedSession(tpm, trust)
  return { ownerAuth, session: held.session, [Symbol.asyncDispose]: () => held[Symbol.asyncDispose]() }
}

export function keyFile(path: string): KeyFile {
  try {
    return readKeyFile(readInput(path, MAX_KEY_FILE).toString('latin1'))
  } catch (error) {
    if (error instanceof ThymusError && error.code === 'FORMAT')
      throw new ThymusError('FORMAT', `no key file: ${error.message}`, { at: path, cause: error })
    throw error
  }
}

function summary({ blob: { area }, emptyAuth }: KeyFile): KeySummary {
  return {
    type: typeText(area),
    name: nameOrFail(area).toString('hex'),
    attributes: Object.entries(OBJECT).flatMap(([name, bit]) => (hasAttributes(area, bit) ? [name] : [])),
    policy: area.authPolicy.toString('hex'),
    password: !emptyAuth,
    publicKey: publicPem(area),
  }
}

function typeText(area: PublicArea): string {
  if (area.type === 'rsa') return `rsa${area.keyBits}`
  if (area.type === 'ecc') return area.curve === 3 ? 'p256' : area.curve === 4 ? 'p384' : `curve 0x${area.curve.toString(16)}`
  return area.type === 'keyedHash' ? 'sealed data' : area.type
}

export function publicPem(area: PublicArea): string | null {
  const key = subjectPublicKeyOf(area)
  return key === undefined ? null : writePem('PUBLIC KEY', key.raw)
}
