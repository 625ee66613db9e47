// What of the hardware's and the firmware's roots of trust this machine shows: devices, and the few words in which the kernel tells of them.
// Nothing is asked but whether it is there and answers; what it says is appraised elsewhere.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface MachineRoots {
  /** Null: there is none. `answers`: the kernel read a PCR; undefined where it shows none. */
  readonly tpm: { readonly version: string; readonly answers: Seen<boolean> } | null
  /** Devices by which evidence of a confidential guest or an enclave is had, or such guests are run. */
  readonly tee: readonly string[]
  /** Whether the machine was started by UEFI. */
  readonly efi: boolean
  readonly eventLog: boolean
  readonly secureBoot: Seen<boolean>
  /** Measurements of IMA, also of keys and settings. */
  readonly measurements: Seen<number>
  /** Whether IMA measures what is executed. */
  readonly measuresPrograms: Seen<boolean>
  readonly lockdown: Seen<string>
  /** Whether the kernel refuses modules that nobody signed. */
  readonly signedModules: Seen<boolean>
}

/** A value, or why there is none: the file is not there, or is not shown to this user. */
export type Seen<T> = { readonly is: T } | { readonly not: 'there' | 'shown' | 'answering' }

/** Where the kernel's collection of boot-time logs, and IMA's own, are (securityfs). */
export const EVENT_LOG = 'sys/kernel/security/tpm0/binary_bios_measurements'
const IMA = 'sys/kernel/security/integrity/ima'
export const IMA_LOG = `${IMA}/binary_runtime_measurements`
/** EFI_GLOBAL_VARIABLE (UEFI 2.10 §3.3). */
const SECURE_BOOT = 'sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c'
const TPM = 'sys/class/tpm/tpm0'
const TEE = ['sev-guest', 'tdx_guest', 'sgx_enclave', 'sev'] as const

/** What has to be readable for `seeRoots`, below the root of the file system. */
export const ROOTS_READ = [`/${TPM}/`, '/sys/kernel/security/', '/sys/firmware/efi/efivars/', '/sys/module/module/'] as const

/** Reads a dozen small files. Reading a PCR makes the kernel ask the TPM: milliseconds. @param root of the file system, where tests look elsewhere */
export function seeRoots(root = '/'): MachineRoots {
  const at = (path: string) => join(root, path)
  const read: Read = (path, as) => {
    try {
      return { is: as(readFileSync(at(path))) }
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ENOENT' || code === 'ENOTDIR') return { not: 'there' }
      return { not: code === 'EACCES' || code === 'EPERM' ? 'shown' : 'answering' }
    }
  }
  const word = (path: string) => read(path, (bytes) => bytes.toString('latin1').trim())
  const version = word(`${TPM}/tpm_version_major`)
  const bank = ['sha256', 'sha384', 'sha1'].find((name) => existsSync(at(`${TPM}/pcr-${name}/0`)))
  return {
    tpm: existsSync(at(TPM))
      ? {
          version: 'is' in version ? `${version.is}` : '',
          answers: bank === undefined ? { not: 'there' } : read(`${TPM}/pcr-${bank}/0`, (bytes) => bytes.length > 0),
        }
      : null,
    tee: TEE.filter((device) => existsSync(at(`dev/${device}`))),
    efi: existsSync(at('sys/firmware/efi')),
    eventLog: existsSync(at(EVENT_LOG)),
    // Four bytes of attributes, then the variable.
    secureBoot: read(SECURE_BOOT, (bytes) => bytes[4] === 1),
    measurements: read(`${IMA}/runtime_measurements_count`, (bytes) => Number(bytes.toString('latin1'))),
    measuresPrograms: measuresPrograms(read),
    lockdown: read('sys/kernel/security/lockdown', (bytes) => /\[(\w+)\]/.exec(bytes.toString('latin1'))?.[1] ?? ''),
    signedModules: read('sys/module/module/parameters/sig_enforce', (bytes) => bytes[0] === 0x59),
  }
}

type Read = <T>(path: string, as: (bytes: Buffer) => T) => Seen<T>

/** By the policy, where the kernel shows it; else by the command line, which can ask for one that does. */
function measuresPrograms(read: Read): Seen<boolean> {
  const policy = read(`${IMA}/policy`, (bytes) => /^measure .*\bfunc=(BPRM|MMAP)_CHECK\b/m.test(bytes.toString('latin1')))
  if ('is' in policy && policy.is) return policy
  const asked = read('proc/cmdline', (bytes) => /(^| )(ima_tcb|ima_policy=\S*\btcb\b)/.test(bytes.toString('latin1')))
  if ('is' in asked && asked.is && 'is' in read(`${IMA}/runtime_measurements_count`, Boolean)) return asked
  return policy
}
