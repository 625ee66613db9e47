// `thymus tee launch`: the lines that start a confidential guest, and what its report will have to say.
import { resolve } from 'node:path'
import { ThymusError, within } from '../../core/errors.ts'
import { MIB } from '../../core/limits.ts'
import { launchDigest, type SevMode } from '../../layers/hardware/snp/launch/digest.ts'
import { readFirmware } from '../../layers/hardware/snp/launch/firmware.ts'
import { checkPolicy, type Guest, libvirtDomain, POLICIES, qemuArguments } from '../../layers/hardware/snp/launch/guest.ts'
import { hashKernel } from '../../layers/hardware/snp/launch/kernel-hashes.ts'
import { VCPU_TYPES, type Vmm, vcpuSignature } from '../../layers/hardware/snp/launch/vcpu.ts'
import { readWhole } from '../files.ts'
import { type OutputFlags, openOutput } from '../output.ts'
import type { Launched } from '../views/tee.ts'

/** Of a kernel, and of an initrd; in bytes. */
const MAX_KERNEL = 1024 * MIB
const MAX_FIRMWARE = 16 * MIB

export interface LaunchFlags extends OutputFlags {
  readonly mode: SevMode
  readonly firmware: string
  readonly kernel?: string
  readonly initrd?: string
  readonly append?: string
  readonly vcpus: number
  readonly cpu: string
  readonly memory: number
  readonly policy?: bigint
  readonly features: bigint
  readonly vmm: Vmm
  readonly 'c-bit': number
  readonly name: string
}

export async function launch(flags: LaunchFlags): Promise<undefined> {
  const { mode, vmm, features, vcpus, cpu, kernel, initrd, append } = flags
  const policy = flags.policy ?? POLICIES[mode]
  checkPolicy(mode, policy)
  if (kernel === undefined && (initrd !== undefined || append !== undefined)) {
    throw new ThymusError('USAGE', '--initrd and --append are handed over with a --kernel')
  }
  const signature = vcpuSignature(cpu)
  if (signature === undefined) throw new ThymusError('USAGE', `"${cpu}" is no type of processor that is known: ${VCPU_TYPES.join(', ')}`)
  const output = await openOutput('Launch', flags)
  const hashes =
    kernel === undefined
      ? {}
      : { hashes: hashKernel(readWhole(kernel, MAX_KERNEL), initrd === undefined ? undefined : readWhole(initrd, MAX_KERNEL), append) }
  const digest = within(flags.firmware, () => {
    const firmware = readFirmware(readWhole(flags.firmware, MAX_FIRMWARE))
    return launchDigest({ mode, firmware, ...hashes, vcpus, signature, vmm, features })
  })
  const launched: Launched = {
    mode,
    measurement: digest.toString('hex'),
    policy: `0x${policy.toString(16)}`,
    ...(vmm === 'qemu' && lines(flags, policy)),
    notes: notes(flags),
  }
  output.show(launched)
}

function lines(flags: LaunchFlags, policy: bigint): Pick<Launched, 'qemu' | 'libvirt'> {
  const { mode, vcpus, cpu, memory, append } = flags
  const guest: Guest = {
    ...{ mode, vcpus, cpu, memory, policy, cBit: flags['c-bit'], firmware: resolve(flags.firmware) },
    ...(flags.kernel !== undefined && { kernel: resolve(flags.kernel) }),
    ...(flags.initrd !== undefined && { initrd: resolve(flags.initrd) }),
    ...(append !== undefined && { commandLine: append }),
  }
  return { qemu: ['qemu-system-x86_64', ...qemuArguments(guest)], libvirt: libvirtDomain(guest, flags.name) }
}

function notes({ mode, kernel, features, vmm }: LaunchFlags): readonly string[] {
  return [
    ...(kernel === undefined ? ['what the guest boots from its disk is not measured'] : []),
    ...(mode === 'sev-snp' && vmm === 'qemu' && features === 1n
      ? ['on a host whose kvm_amd has debug_swap=Y the measurement is that of --features 0x21']
      : []),
    ...(mode === 'sev' ? ['SEV alone encrypts memory, not registers, and does not keep the host from changing either'] : []),
    ...(mode === 'sev-es' ? ['SEV-ES does not keep the host from replaying or remapping memory: that is what SEV-SNP adds'] : []),
  ]
}
