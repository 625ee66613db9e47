// The steps of a policy as a key file keeps them: the code of a command, and its parameters (draft-bottomley-tpm-keys-00, 4).
import { ThymusError } from '../../../core/errors.ts'
import type { ByteReader } from '../../../formats/bytes.ts'
import { ALG, LIMIT } from './abi/algorithms.ts'
import { readSized, sized, u16, whole } from './abi/marshal.ts'
import { type PcrSelection, readPcrSelections, writePcrSelections } from './abi/pcr-selection.ts'
import { nameOf, type PublicArea, readSizedPublic, writeSizedPublicArea } from './abi/public-area.ts'
import { authorize, authValue, pcr, STEP, type Step } from './policy.ts'

export type WrittenStep =
  | { readonly step: 'pcr'; readonly digest: Buffer; readonly selection: readonly PcrSelection[] }
  /** Whatever `key` approves for `ref`. */
  | { readonly step: 'authorize'; readonly key: PublicArea; readonly ref: Buffer }
  | { readonly step: 'authValue' }

const MAX_REF = 66

export function writtenStep(step: WrittenStep): { readonly code: number; readonly parameters: Buffer } {
  switch (step.step) {
    case 'pcr':
      return { code: STEP.pcr, parameters: Buffer.concat([sized(step.digest), writePcrSelections(step.selection)]) }
    case 'authorize':
      // The signature comes with each policy that is approved: here stands none.
      return { code: STEP.authorize, parameters: Buffer.concat([writeSizedPublicArea(step.key), sized(step.ref), u16(ALG.null)]) }
    case 'authValue':
      return { code: STEP.authValue, parameters: Buffer.alloc(0) }
  }
}

/** @throws ThymusError FORMAT */
export function readWrittenStep(code: number, parameters: Buffer): WrittenStep {
  return whole(parameters, 'CommandPolicy', (reader) => read(code, reader))
}

function read(code: number, reader: ByteReader): WrittenStep {
  switch (code) {
    case STEP.pcr:
      return { step: 'pcr', digest: readSized(reader, LIMIT.digest, 'pcrDigest'), selection: readPcrSelections(reader, 'pcrs') }
    case STEP.authorize: {
      const key = readSizedPublic(reader)
      const ref = readSized(reader, MAX_REF, 'policyRef')
      if (reader.u16('signature') !== ALG.null) reader.fail('signature', 'it stands with the policy that it approves, not here')
      return { step: 'authorize', key, ref }
    }
    case STEP.authValue:
      return { step: 'authValue' }
    default:
      return reader.fail('CommandCode', `0x${code.toString(16)} is a step that is not taken`)
  }
}

/** As a step of a digest. @throws ThymusError FORMAT for a key whose name's hash is not known */
export function digestStep(step: WrittenStep): Step {
  switch (step.step) {
    case 'pcr':
      return pcr(step.digest, step.selection)
    case 'authorize':
      return authorize(nameOrFail(step.key), step.ref)
    case 'authValue':
      return authValue
  }
}

export function nameOrFail(area: PublicArea): Buffer {
  const name = nameOf(area)
  if (name === undefined) throw new ThymusError('FORMAT', 'the hash that the key is named by is not known', { at: 'nameAlg' })
  return name
}
