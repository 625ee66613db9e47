// Is this machine able to run, or to be, a confidential guest, and is its memory encrypted now? Each thing is asked of the kernel, which asked
// the processor: a hypervisor can lie about all of it. Only a report proves anything (`thymus attest`).
import { type Found, missing, ok, type Probe, refused, unsure } from '../doctor/capability.ts'
import type { Machine } from './machine.ts'

/** Linux, arch/x86/mm/mem_encrypt.c, print_mem_encrypt_feature_info; older kernels put the vendor before it. */
const ENCRYPTION_LINE = /Memory Encryption Features active: *(.*)/
/** Linux, arch/x86/kernel/cpu/intel.c, detect_tme. */
const TME_LINE = /x86\/tme: enabled by BIOS/
/** The log goes back to the beginning: the kernel's first line. */
const FIRST_LINE = /Linux version /
/** SEV_STATUS: bit 0 SEV, 1 SEV-ES, 2 SEV-SNP (AMD APM volume 2, 15.34.10). */
const SEV_STATUS = 0xc0010131
const SEV_BITS = ['SEV', 'SEV-ES', 'SEV-SNP'] as const

const SEV_FLAGS = ['sev', 'sev_es', 'sev_snp'] as const

/** Probes of `thymus tee doctor`, in the order of a machine's layers. */
export function teeProbes(machine: Machine): readonly Probe[] {
  const probe = (code: string, title: string, disables: string | null, fix: string, run: () => Found): Probe => ({
    code,
    title,
    disables,
    fix,
    run,
  })
  const guests = 'confidential guests on this host'
  return [
    probe('TEE_SEV', 'SEV of the processor', guests, 'an AMD EPYC processor; SEV-SNP from its third generation (Milan) on', () =>
      sev(machine),
    ),
    probe(
      'TEE_SEV_HOST',
      'host of SEV guests',
      guests,
      'SMEE, SEV-SNP and RMP coverage on in the firmware; modprobe kvm_amd sev=1 sev_es=1 sev_snp=1',
      () => sevHost(machine),
    ),
    probe(
      'TEE_TDX_HOST',
      'host of TDX guests',
      guests,
      'an Intel Xeon from its fifth generation on, TDX on in the firmware; modprobe kvm_intel tdx=1',
      () => tdxHost(machine),
    ),
    probe('TEE_SGX', 'SGX enclaves', 'enclaves on this host', 'an Intel Xeon with SGX on in the firmware; Linux 5.11', () => sgx(machine)),
    probe('TEE_GUEST', 'this machine is a confidential guest', 'proof of what this machine is', 'launch it as one: thymus tee launch', () =>
      guest(machine),
    ),
    probe(
      'TEE_MEMORY',
      'memory is encrypted now',
      'memory that whoever reads the modules cannot read',
      'SME, TSME or TME on in the firmware; or a confidential guest',
      () => memory(machine),
    ),
    probe(
      'TEE_REPORTS',
      'reports (configfs-tsm)',
      'evidence of a confidential guest',
      'in a confidential guest: modprobe sev-guest, or tdx-guest (Linux 6.7)',
      () => (machine.exists('/sys/kernel/config/tsm/report') ? ok('/sys/kernel/config/tsm/report') : missing('the kernel gives none')),
    ),
  ]
}

interface Processor {
  readonly vendor: string
  readonly flags: ReadonlySet<string>
}

function processor(machine: Machine): Processor {
  const text = machine.text('/proc/cpuinfo') ?? ''
  const value = (name: string) => new RegExp(`^${name}\\s*: (.*)$`, 'm').exec(text)?.[1] ?? ''
  return { vendor: value('vendor_id'), flags: new Set(value('flags').split(' ')) }
}

function sev(machine: Machine): Found {
  const { vendor, flags } = processor(machine)
  const has = SEV_FLAGS.filter((flag) => flags.has(flag))
  if (has.length > 0) return ok(has.join(', '))
  const seen = flags.has('hypervisor') ? 'the hypervisor shows none' : 'it has none'
  return missing(vendor === 'AuthenticAMD' ? seen : `this is ${vendor === '' ? 'no processor that says its vendor' : vendor}`)
}

function sevHost(machine: Machine): Found {
  const state = (name: string) => machine.text(`/sys/module/kvm_amd/parameters/${name}`)?.trim()
  const on = SEV_FLAGS.filter((name) => isOn(state(name)))
  if (!machine.exists('/sys/module/kvm_amd')) return missing('kvm_amd is not loaded')
  if (on.length === 0) return refused('kvm_amd runs no encrypted guests')
  return machine.exists('/dev/sev')
    ? ok(`kvm_amd: ${on.join(', ')}`)
    : refused(`kvm_amd: ${on.join(', ')}, but there is no secure processor (/dev/sev)`)
}

const isOn = (value: string | undefined) => value === 'Y' || value === '1'

function tdxHost(machine: Machine): Found {
  if (!processor(machine).flags.has('tdx_host_platform')) return missing('the kernel found no TDX')
  const tdx = machine.text('/sys/module/kvm_intel/parameters/tdx')?.trim()
  return isOn(tdx) ? ok('kvm_intel: tdx') : refused('kvm_intel runs no TDX guests')
}

function sgx(machine: Machine): Found {
  if (!processor(machine).flags.has('sgx')) return missing('the processor shows none')
  return machine.exists('/dev/sgx_enclave') ? ok('/dev/sgx_enclave') : refused('the processor has it, but there is no /dev/sgx_enclave')
}

/** By devices, then by the status register, then by what the kernel said. */
function guest(machine: Machine): Found {
  const { vendor, flags } = processor(machine)
  if (machine.exists('/dev/tdx_guest') || flags.has('tdx_guest')) return ok('Intel TDX')
  const level = machine.text('/sys/devices/system/cpu/sev/vmpl')?.trim()
  if (machine.exists('/dev/sev-guest') || level !== undefined) return ok(`AMD SEV-SNP${level === undefined ? '' : `, VMPL ${level}`}`)
  if (!flags.has('hypervisor')) return missing('it runs on no hypervisor')
  if (vendor === 'AuthenticAMD' && machine.exists('/dev/cpu/0/msr')) return guestByStatus(machine)
  const log = machine.log()
  const said = encryptionLine(log)
  if (said !== undefined && !said.endsWith('SME')) return ok(said)
  return said !== undefined || FIRST_LINE.test(log)
    ? missing('the kernel found no encryption when it booted')
    : unsure('the kernel’s log does not go back to when it booted')
}

function guestByStatus(machine: Machine): Found {
  const register = machine.bytes('/dev/cpu/0/msr', SEV_STATUS, 8)
  if (register.length < 8) return unsure('SEV_STATUS cannot be read')
  const status = Number(register.readBigUInt64LE() & 7n)
  const on = SEV_BITS.filter((_, at) => ((status >> at) & 1) === 1)
  return on.length > 0 ? ok(`AMD ${on.join(', ')}`) : missing('SEV_STATUS says no')
}

const encryptionLine = (log: string) => ENCRYPTION_LINE.exec(log)?.[1]?.trim()

function memory(machine: Machine): Found {
  const { flags } = processor(machine)
  const inside = guest(machine)
  if (inside.state === 'ok') return ok(`of this guest: ${inside.reason}`)
  if (flags.has('hypervisor')) return unsure('of a guest that is not confidential only the host could tell')
  const log = machine.log()
  const said = encryptionLine(log)
  if (said !== undefined) return ok(`of this host: ${said}`)
  if (TME_LINE.test(log)) return ok('of this host: Intel TME')
  return unsure('the firmware may encrypt it (TSME, TME), which the kernel is not told')
}
