import { moduleName, nodeState, readModuleFile } from '../../adapters/linux/modules/files.ts'
import { ThymusError, within } from '../../core/errors.ts'
import { readAllPem } from '../../formats/pem.ts'
import { readCertificate } from '../../formats/x509/certificate.ts'
import { readKernelModule } from '../../layers/firmware/modules/appended.ts'
import { type Acceptance, acceptance, holdsKey, type NodeState, strict } from '../../layers/firmware/modules/node.ts'
import { readRevoked, togetherRevoked } from '../../layers/firmware/modules/revoked.ts'
import { type Keys, type ModuleVerdict, type TrustedKey, verifyModule, wordsOf } from '../../layers/firmware/modules/verify.ts'
import { readInput } from '../files.ts'

export interface ModuleSummary {
  readonly name: string
  readonly path: string
  /** Of the file that was judged, in hexadecimal; null where it cannot be read. */
  readonly sha256: string | null
  readonly signature: ModuleVerdict['is'] | 'unreadable'
  readonly says: string
  /** What this node would do with it. */
  readonly here: Acceptance
}

export interface ModuleList {
  readonly items: readonly ModuleSummary[]
  readonly node: { readonly asksForSignatures: boolean | null; readonly lockdown: string | null; readonly keys: readonly string[] }
}

/** Files of those whose signatures are trusted, and of what is revoked. */
export interface KeyFlags {
  readonly key?: readonly string[]
  readonly revoked?: readonly string[]
}

/** @throws ThymusError USAGE for a file that is not there, FORMAT for one that holds neither certificates nor, where that is wanted, hashes */
export function readKeys({ key = [], revoked = [] }: KeyFlags): Keys {
  return { trusted: readTrusted(key), revoked: togetherRevoked(revoked.map((file) => within(file, () => readRevoked(readInput(file))))) }
}

function readTrusted(files: readonly string[]): readonly TrustedKey[] {
  return files.flatMap((file) => {
    const bytes = readInput(file)
    const blocks = readAllPem(bytes.toString('latin1')).filter(({ label }) => label === 'CERTIFICATE')
    const certificates = blocks.length > 0 ? blocks.map((block) => block.bytes) : [bytes]
    return within(file, () => certificates.map((der) => ({ certificate: readCertificate(der), from: file })))
  })
}

/** Judges files one after the other; one that cannot be read is named, and no reason not to look at the others. */
export function judgeModules(paths: readonly string[], keys: Keys, node: NodeState = nodeState()): ModuleList {
  const items = paths.map((path): ModuleSummary => {
    const name = moduleName(path)
    try {
      const { module, sha256 } = readModuleFile(path)
      const verdict = verifyModule(readKernelModule(module), keys)
      const holds = verdict.is === 'signed' ? holdsKey(node, verdict.by.certificate.extended.subjectKeyId) : undefined
      return { name, path, sha256, signature: verdict.is, says: wordsOf(verdict), here: acceptance(verdict, node, holds) }
    } catch (error) {
      if (!(error instanceof ThymusError)) throw error
      return { name, path, sha256: null, signature: 'unreadable', says: error.message, here: 'unknown' }
    }
  })
  const { enforces, lockdown } = node
  return {
    items,
    node: { asksForSignatures: strict(enforces, lockdown) ?? null, lockdown: lockdown ?? null, keys: node.keys.map(({ name }) => name) },
  }
}
