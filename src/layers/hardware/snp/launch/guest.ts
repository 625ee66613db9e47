// How QEMU and libvirt are told to launch a confidential guest. Sources: QEMU, docs/system/i386/amd-memory-encryption.rst and qapi/qom.json
// (SevGuestProperties, SevSnpGuestProperties); libvirt, formatdomain.html, "Launch Security".
import { ThymusError } from '../../../../core/errors.ts'
import { guestPolicyOf } from '../flags.ts'
import type { SevMode } from './digest.ts'

/** What is launched; files are paths on the host. */
export interface Guest {
  readonly mode: SevMode
  readonly firmware: string
  readonly kernel?: string
  readonly initrd?: string
  readonly commandLine?: string
  readonly vcpus: number
  /** Of QEMU, as `EPYC-Milan`. */
  readonly cpu: string
  /** In MiB. */
  readonly memory: number
  readonly policy: bigint
  /** Place of the bit of an address that says that a page is encrypted: CPUID 0x8000001f, EBX, bits 5 to 0. */
  readonly cBit: number
}

/** Bits by which an encrypted guest's physical addresses are shorter: CPUID 0x8000001f, EBX, bits 11 to 6. */
const REDUCED_PHYS_BITS = 1

/** Least that a guest should ask for: no debugging, and that what the mode adds is insisted on. SEV: 55766, table 2; SEV-SNP: ABI table 10. */
export const POLICIES: Readonly<Record<SevMode, bigint>> = { sev: 0x1n, 'sev-es': 0x5n, 'sev-snp': 0x30000n }

const SEV_ES = 1n << 2n
const SNP_RESERVED_ONE = 1n << 17n
const SEV_BITS = 6n
/** SevGuestProperties has it as uint32; the upper half is the least version of the firmware's API. */
const SEV_SIZE = 32n

/** @throws ThymusError USAGE for a policy that the firmware would refuse, or that would not ask for the mode */
export function checkPolicy(mode: SevMode, policy: bigint): void {
  const wrong = (why: string) => new ThymusError('USAGE', `0x${policy.toString(16)} is no policy of ${mode}: ${why}`)
  if (mode === 'sev-snp' && (policy & SNP_RESERVED_ONE) === 0n) throw wrong('bit 17 must be 1')
  const { unknown } = guestPolicyOf(policy)
  if (mode === 'sev-snp' && unknown !== 0n) throw wrong(`bits that no firmware knows: ${hex(unknown)}`)
  if (mode === 'sev-es' && (policy & SEV_ES) === 0n) throw wrong('bit 2 (ES) must be 1, or the host may leave it out')
  if (mode === 'sev' && (policy & SEV_ES) !== 0n) throw wrong('bit 2 asks for SEV-ES')
  if (mode !== 'sev-snp' && (policy & 0xffffn) >> SEV_BITS !== 0n) throw wrong('bits 6 to 15 are reserved')
  if (mode !== 'sev-snp' && policy >> SEV_SIZE !== 0n) throw wrong('it has 32 bits')
}

/** Arguments of qemu-system-x86_64. */
export function qemuArguments(guest: Guest): readonly string[] {
  const { mode, firmware, kernel, initrd, commandLine, vcpus, cpu, memory, policy, cBit } = guest
  const isSnp = mode === 'sev-snp'
  const security = [
    isSnp ? 'sev-snp-guest' : 'sev-guest',
    ...['id=sev0', `cbitpos=${cBit}`, `reduced-phys-bits=${REDUCED_PHYS_BITS}`, `policy=${hex(policy)}`],
    ...(kernel === undefined ? [] : ['kernel-hashes=on']),
  ]
  return [
    ...['-accel', 'kvm', '-cpu', cpu, '-smp', `${vcpus},maxcpus=${vcpus}`, '-m', `${memory}M`],
    ...['-machine', `q35,vmport=off,confidential-guest-support=sev0${isSnp ? ',memory-backend=ram0' : ''}`],
    ...(isSnp ? ['-object', `memory-backend-memfd,id=ram0,size=${memory}M,share=true,prealloc=false`] : []),
    ...['-object', security.join(','), '-bios', firmware],
    ...given('-kernel', kernel),
    ...given('-initrd', initrd),
    ...given('-append', commandLine),
    ...['-nographic', '-no-reboot'],
  ]
}

const given = (flag: string, value: string | undefined) => (value === undefined ? [] : [flag, value])
const hex = (value: bigint) => `0x${value.toString(16)}`

/** A domain for `virsh define`, without disks and networks. @throws ThymusError USAGE for a text with a control character */
export function libvirtDomain(guest: Guest, name: string): string {
  const { mode, firmware, kernel, initrd, commandLine, vcpus, cpu, memory, policy, cBit } = guest
  const isSnp = mode === 'sev-snp'
  const hashes = kernel === undefined ? '' : " kernelHashes='yes'"
  const lines = [
    "<domain type='kvm'>",
    `  <name>${xml(name)}</name>`,
    `  <memory unit='MiB'>${memory}</memory>`,
    ...(isSnp ? ["  <memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>"] : []),
    `  <vcpu>${vcpus}</vcpu>`,
    `  <cpu mode='custom' match='exact' check='none'><model>${xml(cpu)}</model></cpu>`,
    '  <os>',
    "    <type arch='x86_64' machine='q35'>hvm</type>",
    `    <loader type='rom'>${xml(firmware)}</loader>`,
    ...(kernel === undefined ? [] : [`    <kernel>${xml(kernel)}</kernel>`]),
    ...(initrd === undefined ? [] : [`    <initrd>${xml(initrd)}</initrd>`]),
    ...(commandLine === undefined ? [] : [`    <cmdline>${xml(commandLine)}</cmdline>`]),
    '  </os>',
    "  <features><acpi/><vmport state='off'/></features>",
    `  <launchSecurity type='${isSnp ? 'sev-snp' : 'sev'}'${hashes}>`,
    `    <cbitpos>${cBit}</cbitpos>`,
    `    <reducedPhysBits>${REDUCED_PHYS_BITS}</reducedPhysBits>`,
    `    <policy>${hex(policy)}</policy>`,
    '  </launchSecurity>',
    '</domain>',
  ]
  return lines.map((line) => `${line}\n`).join('')
}

const ENTITIES: Readonly<Record<string, string>> = {
  ...{ '&': '&amp;', '<': '&lt;', '>': '&gt;', "'": '&apos;', '"': '&quot;' },
  // Where it stands by itself, a reader takes it for the end of a line (XML 1.0 §2.11).
  '\r': '&#13;',
}

/** @throws ThymusError USAGE for what XML has no way to say (XML 1.0 §2.2) */
function xml(text: string): string {
  if (/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.test(text))
    throw new ThymusError('USAGE', `a domain of libvirt cannot say ${JSON.stringify(text)}: it has a control character`)
  return text.replace(/[&<>'"\r]/g, (char) => ENTITIES[char]!)
}

/** A word as a shell takes it literally. */
export const shellWord = (word: string): string => (/^[\w%+,./:=@-]+$/.test(word) ? word : `'${word.replace(/'/g, "'\\''")}'`)
