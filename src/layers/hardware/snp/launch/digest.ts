// The launch digest: what a confidential guest was, before its first instruction, as the firmware of the processor measures it.
// SEV and SEV-ES: SEV API (AMD 55766) §6.5, SHA-256 of all that was launched. SEV-SNP: ABI §8.17.2, a chain of PAGE_INFO structures.
import { createHash } from 'node:crypto'
import { ThymusError } from '../../../../core/errors.ts'
import { type Firmware, PAGE, type Section } from './firmware.ts'
import { hashesPage, hashesTable, type KernelHashes } from './kernel-hashes.ts'
import { RESET_VECTOR, savedState, type Vmm } from './vcpu.ts'

export type SevMode = 'sev' | 'sev-es' | 'sev-snp'

/** What a guest is launched with. */
export interface Launch {
  readonly mode: SevMode
  readonly firmware: Firmware
  /** For a kernel that the host hands over; undefined for a guest that boots from its disk. */
  readonly hashes?: KernelHashes
  readonly vcpus: number
  /** What CPUID function 1 says in EAX (`vcpuSignature`); SEV does not measure it, nor do all hypervisors. */
  readonly signature?: number
  /** `qemu` if left out. */
  readonly vmm?: Vmm
  /** SEV_FEATURES of SEV-SNP: 1, and 0x20 for the debug registers' swap that newer kernels turn on. */
  readonly features?: bigint
  /** SEV-SNP: the digest after the pages of the firmware, 48 bytes, instead of computing it from the image (which still tells the rest). */
  readonly firmwareDigest?: Buffer
}

/** Kernels differ in how many they allow; no machine has more. */
const MAX_VCPUS = 4_096
/** Bit 0, SNPActive. */
const SNP_ONLY = 1n

/**
 * The digest: 32 bytes of SEV and SEV-ES, 48 of SEV-SNP.
 * @throws ThymusError REFERENCE where the firmware cannot be launched so: a kernel that it does not measure, processors without a beginning
 */
export function launchDigest(launch: Launch): Buffer {
  const { mode, firmware, hashes, vcpus } = launch
  if (!Number.isInteger(vcpus) || vcpus < 1 || vcpus > MAX_VCPUS) throw impossible(`${vcpus} processors`)
  if (hashes !== undefined && firmware.hashesTable === undefined) throw impossible('the firmware has no place for the hashes of a kernel')
  if (mode === 'sev-snp') return snpDigest(launch)
  if (launch.firmwareDigest !== undefined) throw impossible('only SEV-SNP goes on from the digest of a firmware')
  const parts = [firmware.bytes, ...(hashes === undefined ? [] : [hashesTable(hashes)])]
  const digest = createHash('sha256')
  for (const part of mode === 'sev' ? parts : [...parts, ...states(launch, 0n)]) digest.update(part)
  return digest.digest()
}

const impossible = (message: string) => new ThymusError('REFERENCE', message)

/** The saved state of each processor. */
function states({ firmware, vcpus, vmm = 'qemu', signature = 0 }: Launch, features: bigint): readonly Buffer[] {
  const first = savedState(vmm, RESET_VECTOR, features, signature)
  if (vcpus === 1) return [first]
  if (firmware.resetEip === undefined) throw impossible('the firmware does not say where further processors begin')
  const other = savedState(vmm, firmware.resetEip, features, signature)
  return [first, ...Array.from({ length: vcpus - 1 }, () => other)]
}

function snpDigest(launch: Launch): Buffer {
  const { firmware, hashes, vmm = 'qemu', features = SNP_ONLY, firmwareDigest } = launch
  if (hashes !== undefined && !firmware.sections.some(({ kind }) => kind === 'kernel-hashes')) {
    throw impossible('the firmware’s metadata has no page for the hashes of a kernel')
  }
  const chain = new PageChain(firmwareDigest)
  if (firmwareDigest === undefined) chain.normal(firmware.gpa, firmware.bytes)
  // EC2 adds the CPUID page behind all others.
  const isLate = ({ kind }: Section) => vmm === 'ec2' && kind === 'cpuid'
  for (const section of [...firmware.sections.filter((each) => !isLate(each)), ...firmware.sections.filter(isLate)]) {
    addSection(chain, section, launch)
  }
  for (const state of states(launch, features)) chain.add('vmsa', VMSA_GPA, state)
  return chain.digest
}

function addSection(chain: PageChain, { kind, gpa, size }: Section, { firmware, hashes, vmm }: Launch): void {
  if (kind === 'secrets' || kind === 'cpuid') chain.add(kind, gpa)
  else if (kind === 'kernel-hashes' && hashes !== undefined) {
    if (size !== PAGE) throw impossible(`${size} bytes for the hashes of a kernel, where one page is filled`)
    chain.normal(gpa, hashesPage(hashes, firmware.hashesTable!))
  } else chain.empty(kind === 'memory' && vmm === 'gce' ? 'unmeasured' : 'zero', gpa, size)
}

/** PAGE_TYPE (ABI table 66). */
const PAGE_TYPE = { normal: 1, vmsa: 2, zero: 3, unmeasured: 4, secrets: 5, cpuid: 6 } as const
const PAGE_INFO_SIZE = 0x70
const DIGEST_SIZE = 48
/** Saved states are nowhere in the guest: page −1, within 48 bits. */
const VMSA_GPA = 0xfffffffff000

/** The digest so far, to which each page adds itself (ABI §8.17.2, table 67: PAGE_INFO). */
class PageChain {
  #digest: Buffer

  constructor(begin: Buffer = Buffer.alloc(DIGEST_SIZE)) {
    if (begin.length !== DIGEST_SIZE) throw impossible(`a digest of ${begin.length} bytes, where SHA-384 has ${DIGEST_SIZE}`)
    this.#digest = begin
  }

  get digest(): Buffer {
    return this.#digest
  }

  /** One page; of those without content only that they are there. */
  add(type: keyof typeof PAGE_TYPE, gpa: number, content?: Uint8Array): void {
    const info = Buffer.alloc(PAGE_INFO_SIZE)
    this.#digest.copy(info)
    if (content !== undefined) createHash('sha384').update(content).digest().copy(info, DIGEST_SIZE)
    info.writeUInt16LE(PAGE_INFO_SIZE, 0x60)
    info.writeUInt8(PAGE_TYPE[type], 0x62)
    info.writeBigUInt64LE(BigInt(gpa), 0x68)
    this.#digest = createHash('sha384').update(info).digest()
  }

  /** Whole pages of content. */
  normal(gpa: number, bytes: Buffer): void {
    for (let at = 0; at < bytes.length; at += PAGE) this.add('normal', gpa + at, bytes.subarray(at, at + PAGE))
  }

  empty(type: 'zero' | 'unmeasured', gpa: number, size: number): void {
    for (let at = 0; at < size; at += PAGE) this.add(type, gpa + at)
  }
}

/** The digest after the pages of the firmware: what `firmwareDigest` of a launch takes. 48 bytes. */
export function firmwareDigest({ gpa, bytes }: Firmware): Buffer {
  const chain = new PageChain()
  chain.normal(gpa, bytes)
  return chain.digest
}
