// `thymus tpm seal`, `unseal` and `policy`.
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { protectedSession } from '../../adapters/linux/tpm/endorsement.ts'
import { counterValue, incrementNv, nvPublicOf } from '../../adapters/linux/tpm/nv.ts'
import { readPcrs } from '../../adapters/linux/tpm/pcrs.ts'
import { demandPcrs, seal as sealData, unsealed } from '../../adapters/linux/tpm/sealing.ts'
import type { Tpm } from '../../adapters/linux/tpm/tpm.ts'
import { ThymusError } from '../../core/errors.ts'
import { type HashName, hashById, hashByName } from '../../formats/hash.ts'
import type { PcrSelection } from '../../layers/hardware/tpm/abi/pcr-selection.ts'
import { isWritten, NV, nvName, nvType } from '../../layers/hardware/tpm/commands/nv.ts'
import { handleText } from '../../layers/hardware/tpm/entity.ts'
import { writeKeyFile } from '../../layers/hardware/tpm/key-file.ts'
import type { Session } from '../../layers/hardware/tpm/session.ts'
import {
  authorityArea,
  isApprovedBy,
  type PcrTable,
  readSignedPolicy,
  type SignedPolicy,
  signPolicy,
  writeSignedPolicy,
} from '../../layers/hardware/tpm/signed-policy.ts'
import type { WrittenStep } from '../../layers/hardware/tpm/written-policy.ts'
import { readInput, writeOutput } from '../files.ts'
import { note } from '../terminal.ts'
import { keyFile, type OwnerFlags, type SecretFlags } from './key.ts'
import { readSecret } from './secret.ts'
import { type TrustFlags, trustOf } from './trust.ts'
import { onTpm, type TpmFlags } from './use.ts'

/** Far more than is sealed: what is too long is told by its size. */
const MAX_DATA = 4096
const MAX_DOCUMENT = 65_536
/** An update is one step; each wears the memory of the TPM. */
const MAX_ADVANCE = 64n

export interface SealFlags extends TpmFlags, SecretFlags {
  readonly pcrs?: PcrSelection
  readonly 'signed-by'?: string
  readonly label?: string
}

export async function seal(flags: SealFlags, input: string, file: string): Promise<number | undefined> {
  if (flags.pcrs !== undefined && flags['signed-by'] !== undefined) {
    throw new ThymusError('USAGE', '--pcrs and --signed-by exclude each other: the signed policy says which PCRs')
  }
  if (flags.label !== undefined && flags['signed-by'] === undefined) throw new ThymusError('USAGE', '--label goes with --signed-by')
  const [data, auth, ownerAuth] = [readInput(input, MAX_DATA), readSecret(flags.auth), readSecret(flags['owner-auth'])]
  const signer = flags['signed-by'] === undefined ? undefined : authorityArea(publicKey(flags['signed-by']))
  const trust = trustOf(flags, Date.now())
  const first: readonly WrittenStep[] =
    signer === undefined ? [] : [{ step: 'authorize', key: signer, ref: Buffer.from(flags.label ?? '') }]
  // A password alone is the object's own; beside a policy it counts where a step asks for it.
  const hasPolicy = signer !== undefined || flags.pcrs !== undefined
  const policy = hasPolicy && auth.length > 0 ? [...first, { step: 'authValue' } as const] : first
  return onTpm(flags, async (tpm) => {
    const sealed = await sealData(tpm, trust, { data, pcrs: flags.pcrs, policy, auth, ownerAuth })
    writeOutput(file, writeKeyFile(sealed), { isPrivate: true })
    note(`sealed ${data.length} bytes into ${file}`)
  })
}

export interface UnsealFlags extends TpmFlags, SecretFlags {
  readonly policy?: readonly string[]
  readonly to?: string
}

export async function unseal(flags: UnsealFlags, path: string): Promise<number | undefined> {
  const [file, auth, ownerAuth] = [keyFile(path), readSecret(flags.auth), readSecret(flags['owner-auth'])]
  if (file.kind !== 'sealed') throw new ThymusError('USAGE', 'it is a key, and no sealed data', { at: path })
  const policies = (flags.policy ?? []).map((each) => signedPolicy(each))
  const trust = trustOf(flags, Date.now())
  return onTpm(flags, async (tpm) => {
    const data = await firstThatHolds(policies, (signed) => unsealed(tpm, trust, { file, auth, ownerAuth, signed }))
    if (flags.to === undefined) process.stdout.write(data)
    else writeOutput(flags.to, data, { isPrivate: true })
  })
}

/** Several policies: that of before an update, and that of after it. */
async function firstThatHolds(policies: readonly SignedPolicy[], open: (signed?: SignedPolicy) => Promise<Buffer>): Promise<Buffer> {
  if (policies.length === 0) return open()
  const faults: string[] = []
  for (const signed of policies) {
    try {
      return await open(signed)
    } catch (error) {
      if (!(error instanceof ThymusError) || error.code !== 'TPM_REFUSED') throw error
      faults.push(error.message)
    }
  }
  throw new ThymusError('TPM_REFUSED', faults.join('\n'))
}

export interface SignPolicyFlags extends TpmFlags, TrustFlags {
  readonly key: string
  readonly from?: string
  readonly counter?: number
  readonly pcrs?: PcrSelection
  readonly value?: readonly (readonly [pcr: number, value: Buffer])[]
  readonly label?: string
  readonly next?: boolean
}

/**
 * What is signed goes out from the machine as it is, or from a policy that the key has signed before: then no TPM is needed. Whoever can change that
 * policy on its way must not get values of their own signed.
 */
export async function signPolicyFile(flags: SignPolicyFlags, file: string): Promise<number | undefined> {
  const { from, counter, pcrs } = flags
  const key = privateKey(flags.key)
  const finish = ({ bank, pcrs: now, counter: at, ref }: Unsigned) => {
    const atMost = at.atMost + (flags.next ? 1n : 0n)
    const signed = signPolicy({ bank, pcrs: changed(bank, now, flags.value), counter: { ...at, atMost }, ref }, key)
    writeOutput(file, writeSignedPolicy(signed), { over: true })
    note(`it holds until the counter ${handleText(at.index)} has passed ${atMost}`)
  }
  if (from !== undefined) {
    const stray = [counter, pcrs, flags.label, flags.tpm].some((flag) => flag !== undefined)
    if (stray)
      throw new ThymusError('USAGE', '--from says which PCRs, counter and label: --pcrs, --counter, --label and --tpm do not go with it')
    finish(signedPolicy(from, createPublicKey(key)))
    return undefined
  }
  if (counter === undefined || pcrs === undefined) throw new ThymusError('USAGE', 'policy sign takes --counter and --pcrs, or --from')
  const trust = trustOf(flags, Date.now())
  return onTpm(flags, async (tpm) => {
    await using held = await protectedSession(tpm, trust)
    const { name: bank } = hashById(pcrs.hash)!
    const now = (await readPcrs(tpm, [pcrs], held.session)).get(bank)!
    const { index, name, value: atMost } = await counterOf(tpm, counter, held.session)
    finish({ bank, pcrs: now, counter: { index, name, atMost }, ref: Buffer.from(flags.label ?? '') })
  })
}

type Unsigned = Omit<SignedPolicy, 'signature'>

function changed(bank: HashName, now: PcrTable, values: SignPolicyFlags['value'] = []): PcrTable {
  const { size } = hashByName(bank)!
  for (const [pcr, each] of values) {
    if (!now.has(pcr)) throw new ThymusError('USAGE', `--value is of PCR ${pcr}, which is not among those that the policy has`)
    if (each.length !== size) throw new ThymusError('USAGE', `--value of PCR ${pcr}: ${bank} has ${size} bytes`)
  }
  return new Map([...now, ...values])
}

/** A counter that anybody could move would make every policy end at anybody's wish; one that can be read by a password alone opens nothing. */
async function counterOf(tpm: Tpm, index: number, session: Session): Promise<{ index: number; name: Buffer; value: bigint }> {
  const area = await nvPublicOf(tpm, index)
  const at = handleText(index)
  if (nvType(area.attributes) !== 'counter')
    throw new ThymusError('USAGE', 'it is no counter: thymus tpm nv define --counter makes one', { at })
  if (!isWritten(area)) throw new ThymusError('USAGE', 'it was never incremented: thymus tpm nv increment', { at })
  if ((area.attributes & NV.authRead) === 0) throw new ThymusError('USAGE', 'a policy cannot read it: its attributes lack authRead', { at })
  return { index, name: nvName(area), value: await counterValue(tpm, area, { session }) }
}

export interface AdvanceFlags extends TpmFlags, OwnerFlags {
  readonly 'signed-by': string
  readonly untried?: boolean
}

/** Makes the policies of before end. The new one is held to what is sealed and to the machine as it is before that, since there is no way back. */
export async function advance(flags: AdvanceFlags, path: string): Promise<number | undefined> {
  const signed = signedPolicy(path, publicKey(flags['signed-by']))
  const [trust, ownerAuth] = [trustOf(flags, Date.now()), readSecret(flags['owner-auth'])]
  return onTpm(flags, async (tpm) => {
    await using held = await protectedSession(tpm, trust)
    const { index, atMost, name } = signed.counter
    const counter = await counterOf(tpm, index, held.session)
    if (!counter.name.equals(name)) throw new ThymusError('USAGE', 'the policy names another counter', { at: path })
    if (atMost < counter.value) throw new ThymusError('USAGE', `it is an old one: the counter is at ${counter.value}`, { at: path })
    if (atMost > counter.value + MAX_ADVANCE) {
      throw new ThymusError('USAGE', `it is ${atMost - counter.value} steps away, and ${MAX_ADVANCE} are the most`, { at: path })
    }
    if (!flags.untried) await demandPcrs(tpm, signed, held.session)
    let value = counter.value
    for (let left = atMost - value; left > 0n; left--) value = await incrementNv(tpm, index, { session: held.session, ownerAuth })
    note(`the counter ${handleText(index)} is at ${value}: policies up to ${value - 1n} have ended`)
  })
}

/** @param by who must have signed it; left out where the TPM asks */
function signedPolicy(path: string, by?: KeyObject): SignedPolicy {
  try {
    const signed = readSignedPolicy(readInput(path, MAX_DOCUMENT).toString('utf8'))
    if (by === undefined || isApprovedBy(signed, by)) return signed
  } catch (error) {
    if (error instanceof ThymusError && error.code === 'FORMAT')
      throw new ThymusError('FORMAT', error.message, { at: `${path}: ${error.at}` })
    throw error
  }
  throw new ThymusError('UNTRUSTED', 'the policy is not signed by the key', { at: path })
}

const privateKey = (path: string): KeyObject => readKey(path, createPrivateKey)
const publicKey = (path: string): KeyObject => readKey(path, createPublicKey)

function readKey(path: string, read: (pem: Buffer) => KeyObject): KeyObject {
  const pem = readInput(path, MAX_DOCUMENT)
  try {
    return read(pem)
  } catch (cause) {
    throw new ThymusError('FORMAT', 'no key in PEM, or one that is encrypted', { at: path, cause })
  }
}
