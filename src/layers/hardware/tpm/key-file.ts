// Key files that OpenSSL's TPM provider, GnuTLS and the kernel read too (draft-bottomley-tpm-keys-00, 3): an object outside the TPM, encrypted to
// its parent, and what its policy asks for.
import { ThymusError } from '../../../core/errors.ts'
import { DerReader } from '../../../formats/der/reader.ts'
import { contextConstructed, TAG } from '../../../formats/der/tags.ts'
import { boolean, element, integer, octets, oid, sequence } from '../../../formats/der/writer.ts'
import { readAllPem, writePem } from '../../../formats/pem.ts'
import { sized, whole } from './abi/marshal.ts'
import { readSizedPublicArea, writeSizedPublicArea } from './abi/public-area.ts'
import type { Blob } from './commands/objects.ts'
import { HANDLE } from './entity.ts'
import { readWrittenStep, type WrittenStep, writtenStep } from './written-policy.ts'

export interface KeyFile {
  readonly kind: 'key' | 'sealed'
  readonly blob: Blob
  /** A persistent handle, or the hierarchy whose storage root is the parent. */
  readonly parent: number
  /** It has no password. */
  readonly emptyAuth: boolean
  /** In the order in which a session takes them. */
  readonly policy: readonly WrittenStep[]
}

const LABEL = 'TSS2 PRIVATE KEY'
const OID = { key: '2.23.133.10.1.3', sealed: '2.23.133.10.1.5' } as const
const MAX_PRIVATE = 2048
const MAX_STEPS = 16
const FIELD = { emptyAuth: 0, policy: 1 } as const

export function writeKeyFile({ kind, blob, parent, emptyAuth, policy }: KeyFile): string {
  const steps = policy.map((step) => {
    const { code, parameters } = writtenStep(step)
    return sequence(explicit(0, integer(BigInt(code))), explicit(1, octets(parameters)))
  })
  const der = sequence(
    oid(OID[kind]),
    explicit(FIELD.emptyAuth, boolean(emptyAuth)),
    ...(steps.length > 0 ? [explicit(FIELD.policy, sequence(...steps))] : []),
    integer(BigInt(parent >>> 0)),
    octets(writeSizedPublicArea(blob.area)),
    octets(sized(blob.private)),
  )
  return writePem(LABEL, der)
}

/** @throws ThymusError FORMAT; for what the format knows and Thymus does not, too */
export function readKeyFile(text: string): KeyFile {
  const block = readAllPem(text).find(({ label }) => label === LABEL)
  if (block === undefined) throw new ThymusError('FORMAT', `there is no block "${LABEL}" in it`)
  const outer = new DerReader(block.bytes)
  const reader = outer.enter(TAG.sequence)
  outer.finish()
  const type = reader.oid()
  const kind =
    type === OID.key ? 'key' : type === OID.sealed ? 'sealed' : reader.fail(`a key file of type ${type} is not one that can be loaded`)
  const emptyAuth = reader.optional(contextConstructed(FIELD.emptyAuth), (each) => readYes(each.enter(contextConstructed(FIELD.emptyAuth))))
  const policy = reader.optional(contextConstructed(FIELD.policy), readPolicy) ?? []
  if (reader.tag !== TAG.integer) reader.fail('a secret, an authPolicy or a field that is not known: this file is for another program')
  const parent = reader.count(0xffffffff)
  const area = readSizedPublicArea(reader.octets())
  const sensitive = whole(reader.octets(), 'privkey', (bytes) => bytes.sized(bytes.u16('privkey.size'), MAX_PRIVATE, 'privkey'))
  reader.finish()
  return { kind, blob: { area, private: sensitive }, parent, emptyAuth: emptyAuth ?? false, policy }
}

/** OpenSSL's provider writes TRUE as 0x01, which is no DER. */
function readYes(reader: DerReader): boolean {
  const content = reader.content(TAG.boolean)
  if (content.length !== 1) reader.fail('no boolean')
  return content[0] !== 0
}

function readPolicy(reader: DerReader): readonly WrittenStep[] {
  const list = reader.enter(contextConstructed(FIELD.policy)).enter(TAG.sequence)
  const steps: WrittenStep[] = []
  while (!list.done) {
    const step = list.enter(TAG.sequence)
    const code = step.enter(contextConstructed(0)).count(0xffffffff)
    const parameters = step.enter(contextConstructed(1)).octets()
    step.finish()
    if (steps.push(readWrittenStep(code, parameters)) > MAX_STEPS) list.fail(`more than ${MAX_STEPS} steps`)
  }
  return steps
}

/** Below whose storage root a key is. */
export const OWNER_ROOT = HANDLE.owner
/** For keys that attest: what they say of boots is not blurred, as it is for keys of the owner (part 1, 36), and the owner may change. */
export const ENDORSEMENT_ROOT = HANDLE.endorsement

const explicit = (number: number, content: Buffer) => element(contextConstructed(number), content)
