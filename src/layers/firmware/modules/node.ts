// What a running kernel does with a module: kernel/module/signing.c, module_sig_check; security/lockdown.
import type { ModuleVerdict } from './verify.ts'

export interface NodeState {
  /** `/sys/module/module/parameters/sig_enforce`; undefined where the kernel knows no signatures, or does not say. */
  readonly enforces: boolean | undefined
  /** The mode in brackets of `/sys/kernel/security/lockdown`; undefined where there is none. */
  readonly lockdown: string | undefined
  readonly keys: readonly KernelKey[]
}

/** An asymmetric key that some keyring of the kernel holds. It is named there, not shown. */
export interface KernelKey {
  readonly name: string
  /** The end of its identifier, in hexadecimal. */
  readonly id: string
}

/** `loads`: without a signature that is trusted, too. */
export type Acceptance = 'loads' | 'refused' | 'unknown'

/** What this node would do with a module of which this is known. @param holds whether its kernel holds the key that signed it; undefined where that is not known */
export function acceptance(verdict: ModuleVerdict, { enforces, lockdown }: NodeState, holds?: boolean): Acceptance {
  const asks = strict(enforces, lockdown)
  const without: Acceptance = asks === undefined ? 'unknown' : asks ? 'refused' : 'loads'
  switch (verdict.is) {
    case 'unsigned':
      return without
    case 'signed':
      return holds === undefined ? (without === 'loads' ? 'loads' : 'unknown') : holds ? 'loads' : without
    case 'wrong':
      // Any error but a missing signature, key or algorithm is final, whether signatures are asked for or not; a kernel that knows none loads it.
      return enforces === undefined ? 'unknown' : 'refused'
    case 'revoked':
      // A kernel that has revoked it, too, refuses it, and one that has not does not; which it is, it does not say.
      return 'unknown'
    default:
      // Its key would tell whether the signature is wrong.
      return 'unknown'
  }
}

/** Whether a module needs a signature here. */
export function strict(enforces: boolean | undefined, lockdown: string | undefined): boolean | undefined {
  if (enforces === true || lockdown === 'integrity' || lockdown === 'confidentiality') return true
  return enforces === undefined && lockdown === undefined ? undefined : false
}

/** `/sys/kernel/security/lockdown`: `none [integrity] confidentiality`. */
export const readLockdown = (text: string): string | undefined => /\[(\w+)\]/.exec(text)?.[1]

const MAX_KEYS = 10_000

/** `/proc/keys`, of which only lines of asymmetric keys are taken: `ID FLAGS … asymmetri NAME: X509.rsa 5ae5f1fb []`. */
export function readKernelKeys(text: string): readonly KernelKey[] {
  const lines = text.matchAll(/^[0-9a-f]+ .*? asymmetri (.*): X509\.\w+ ([0-9a-f]+) \[.*\]$/gm)
  return [...lines.take(MAX_KEYS)].map(([, name, id]) => ({ name: name!, id: id! }))
}

/** Whether the kernel names a key with this identifier; undefined where it names none at all, as to a user who may not see them. */
export function holdsKey({ keys }: NodeState, identifier: Buffer | undefined): boolean | undefined {
  if (keys.length === 0 || identifier === undefined) return undefined
  const whole = identifier.toString('hex')
  return keys.some(({ id }) => whole.endsWith(id))
}
