// `thymus tee VERB`: confidential computing on this machine.
import { quote } from '../core/quote.ts'
import { command, group } from './command.ts'
import { given, needed, o, output, withDefault } from './flags.ts'
import { text, whole, workloadName } from './parameters.ts'
import { sgx } from './tee/sgx-noun.ts'

const MAX_MEMORY = 1 << 30

/** 64 bits, hexadecimal with 0x or decimal. */
function bits(input: string): bigint {
  const value = /^(0x[\da-f]{1,16}|\d{1,20})$/i.test(input) ? BigInt(input) : -1n
  if (value < 0n || value >= 1n << 64n) throw new SyntaxError(`${quote(input)} is not a number of 64 bits, as 0x30000`)
  return value
}

export const tee = group('confidential computing: what this machine can do, and how a guest is launched and measured', {
  doctor: command({
    brief: 'can this machine run confidential guests, or is it one? is its memory encrypted now?',
    examples: [
      ['thymus tee doctor', ''],
      ['sudo thymus tee doctor', 'root may read what the kernel said when it booted'],
    ],
    parameters: { flags: output, aliases: o },
    more: 'A hypervisor can lie about all of it: only a report that is verified proves anything.',
    load: async () => (await import('./tee/doctor.ts')).doctor,
  }),
  launch: command({
    brief: 'the lines of QEMU and libvirt that launch a confidential guest, and the measurement that they yield',
    examples: [
      ['thymus tee launch --firmware OVMF.amdsev.fd --kernel vmlinuz --initrd initrd.img --append "console=ttyS0" --vcpus 4', 'SEV-SNP'],
      ['thymus tee launch --mode sev-es --firmware OVMF.fd', 'boots from its disk, which is not measured'],
      ['thymus tee launch --vmm ec2 --firmware ovmf_img.fd --vcpus 4', 'what a report of a guest on EC2 has to say'],
    ],
    parameters: {
      flags: {
        mode: {
          kind: 'enum',
          values: ['sev-snp', 'sev-es', 'sev'],
          default: 'sev-snp',
          brief: 'what is protected, from the most to the least',
        },
        firmware: needed(text, 'FILE', 'OVMF; to measure a kernel, that of OvmfPkg/AmdSev'),
        kernel: given(text, 'FILE', 'handed over by the host, and measured'),
        initrd: given(text, 'FILE', 'with the kernel'),
        append: given(String, 'TEXT', 'the command line of the kernel'),
        vcpus: withDefault(whole(1, 4096), '1', 'N', 'virtual processors, all of which are measured'),
        cpu: withDefault(text, 'EPYC-Milan', 'TYPE', 'type of processor that QEMU shows'),
        memory: withDefault(whole(64, MAX_MEMORY), '2048', 'MIB', 'of the guest; not measured'),
        policy: given(bits, 'BITS', 'what the guest allows; no debugging where it is left out'),
        features: withDefault(bits, '0x1', 'BITS', 'SEV_FEATURES of SEV-SNP; 0x21 on hosts whose kvm_amd has debug_swap'),
        vmm: { kind: 'enum', values: ['qemu', 'ec2', 'gce'], default: 'qemu', brief: 'who launches it: only QEMU has lines to show' },
        'c-bit': withDefault(whole(32, 63), '51', 'BIT', 'of an encrypted page’s address; 47 before Milan'),
        name: withDefault(workloadName, 'confidential', 'NAME', 'of the domain of libvirt'),
        ...output,
      },
      aliases: o,
    },
    load: async () => (await import('./tee/launch.ts')).launch,
  }),
  collateral: group('what vendors publish about their hardware, kept for machines that cannot ask them', {
    add: command({
      brief: 'keep certificates and revocation lists of AMD, and documents of Intel about a platform',
      examples: [
        ['thymus tee collateral add vcek.der cert_chain.pem milan.crl', 'as kdsintf.amd.com serves them'],
        ['thymus tee collateral add collateral.json', 'TCB info, QE identity and lists of one kind of platform'],
      ],
      operands: 'FILE...',
      parameters: {
        flags: output,
        aliases: o,
        positional: { kind: 'array', minimum: 1, parameter: { parse: text, placeholder: 'FILE', brief: 'PEM, DER or JSON' } },
      },
      more: 'What is kept is verified when it is used, not believed.',
      load: async () => (await import('./tee/collateral.ts')).add,
    }),
    list: command({
      brief: 'what is kept, and whether it still holds',
      examples: [['thymus tee collateral list', '']],
      parameters: { flags: output, aliases: o },
      more: 'The exit status is 3 where something has ended, or nothing is kept.',
      load: async () => (await import('./tee/collateral.ts')).list,
    }),
  }),
  sgx,
})
