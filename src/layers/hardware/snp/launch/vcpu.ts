// Virtual processors: what their registers hold before the first instruction. It is measured (SEV-ES and SEV-SNP), so it depends on the
// processor's type and on who launches the guest.
import { PAGE } from './firmware.ts'

/** Who launches the guest: KVM under QEMU, or a cloud with its own. */
export type Vmm = 'qemu' | 'ec2' | 'gce'

interface Type {
  readonly family: number
  readonly model: number
  readonly stepping: number
  /** From 1; they do not differ in the others. */
  readonly versions: number
}

/** The processors of AMD that QEMU can show (target/i386/cpu.c). */
const TYPES: ReadonlyMap<string, Type> = new Map([
  ['EPYC', { family: 23, model: 1, stepping: 2, versions: 5 }],
  ['EPYC-Rome', { family: 23, model: 49, stepping: 0, versions: 5 }],
  ['EPYC-Milan', { family: 25, model: 1, stepping: 1, versions: 3 }],
  ['EPYC-Genoa', { family: 25, model: 17, stepping: 0, versions: 2 }],
  ['EPYC-Turin', { family: 26, model: 0, stepping: 0, versions: 1 }],
])

export const VCPU_TYPES: readonly string[] = [...TYPES.keys()]

/** Another name of EPYC-v2. */
const IBPB = 'EPYC-IBPB'

/** What CPUID function 1 says in EAX for a type of QEMU's, as `EPYC-Milan-v2`; undefined for one that is not known. */
export function vcpuSignature(type: string): number | undefined {
  const [, name = type, version = '1'] = /^(.+)-v([1-9])$/.exec(type === IBPB ? 'EPYC-v2' : type) ?? []
  const known = TYPES.get(name)
  return known !== undefined && Number(version) <= known.versions ? cpuidSignature(known.family, known.model, known.stepping) : undefined
}

/** CPUID function 1, EAX (AMD 25481). */
export function cpuidSignature(family: number, model: number, stepping: number): number {
  const low = Math.min(family, 0xf)
  return ((family - low) << 20) | ((model >> 4) << 16) | (low << 8) | ((model & 0xf) << 4) | stepping
}

/** Where the first processor begins. */
export const RESET_VECTOR = 0xfffffff0

interface Registers {
  readonly codeAttributes: number
  readonly stackAttributes: number
  readonly taskAttributes: number
  readonly rdx: number
  readonly pat: bigint
  readonly mxcsr: number
  readonly fcw: number
}

const PAT = 0x0007_0406_0007_0406n

/** Where hypervisors differ. */
function registers(vmm: Vmm, eip: number, signature: number): Registers {
  switch (vmm) {
    case 'qemu':
      return { codeAttributes: 0x9b, stackAttributes: 0x93, taskAttributes: 0x8b, rdx: signature, pat: PAT, mxcsr: 0x1f80, fcw: 0x37f }
    case 'ec2': // RDX was 0 before April 2026 (virtee/sev-snp-measure, pull request 60)
      return {
        codeAttributes: eip === RESET_VECTOR ? 0x9a : 0x9b,
        stackAttributes: 0x92,
        taskAttributes: 0x83,
        rdx: 0x600,
        pat: PAT,
        mxcsr: 0,
        fcw: 0,
      }
    case 'gce':
      return { codeAttributes: 0x9b, stackAttributes: 0x93, taskAttributes: 0x8b, rdx: 0x600, pat: 0x0007_0106n, mxcsr: 0, fcw: 0 }
  }
}

/**
 * The page that holds a processor's registers (AMD APM volume 2, table B-4), after INIT.
 * @param eip where it begins @param features SEV_FEATURES, 0 for SEV-ES
 */
export function savedState(vmm: Vmm, eip: number, features: bigint, signature: number): Buffer {
  const page = Buffer.alloc(PAGE)
  const { codeAttributes, stackAttributes, taskAttributes, rdx, pat, mxcsr, fcw } = registers(vmm, eip, signature)
  const segment = (at: number, attributes: number, selector = 0, base = 0) => {
    page.writeUInt16LE(selector, at)
    page.writeUInt16LE(attributes, at + 2)
    page.writeUInt32LE(0xffff, at + 4)
    page.writeUInt32LE(base, at + 8)
  }
  for (const at of [0x00, 0x30, 0x40, 0x50]) segment(at, 0x93) // ES, DS, FS, GS
  segment(0x10, codeAttributes, 0xf000, (eip & 0xffff0000) >>> 0)
  segment(0x20, stackAttributes)
  for (const at of [0x60, 0x80]) segment(at, 0) // GDTR, IDTR
  segment(0x70, 0x82) // LDTR
  segment(0x90, taskAttributes)
  page.writeUInt32LE(0x1000, 0xd0) // EFER: SVME, as KVM has it
  page.writeUInt32LE(0x40, 0x148) // CR4: MCE, as KVM has it
  page.writeUInt32LE(0x10, 0x158) // CR0
  page.writeUInt32LE(0x400, 0x160) // DR7
  page.writeUInt32LE(0xffff0ff0, 0x168) // DR6
  page.writeUInt32LE(0x2, 0x170) // RFLAGS
  page.writeUInt32LE(eip & 0xffff, 0x178) // RIP
  page.writeBigUInt64LE(pat, 0x268)
  page.writeUInt32LE(rdx, 0x310)
  page.writeBigUInt64LE(features, 0x3b0)
  page.writeUInt32LE(1, 0x3e8) // XCR0
  page.writeUInt32LE(mxcsr, 0x408)
  page.writeUInt16LE(fcw, 0x410)
  return page
}
