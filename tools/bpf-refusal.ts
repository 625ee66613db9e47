// May BPF programs be loaded here? Found out by loading one. As a program: exit 0 if so, else 1 and the reason on stdout.
// Needs no libbpf, since it decides whether that is worth installing. SAFETY: the buffers live until the call returns.
import koffi from 'koffi'

/** uapi/linux/bpf.h: enum bpf_cmd, enum bpf_prog_type; the numbers of the call are those of the architecture. */
const BPF_PROG_LOAD = 5
const CGROUP_SKB = 8
const CALL: Readonly<Record<string, number>> = { x64: 321, arm64: 280 }
/** `r0 = 1; exit` */
const PASS = Buffer.from('b700000001000000' + '9500000000000000', 'hex')

/** Why the kernel refuses us programs; undefined where it takes them. */
export function bpfRefusal(): string | undefined {
  const call = CALL[process.arch]
  if (call === undefined) return `Thymus does not know the architecture ${process.arch}`
  const libc = koffi.load('libc.so.6')
  const bpf = libc.func('long syscall(long number, long command, void *attributes, size_t size)')
  const close = libc.func('int close(int fd)')
  const license = Buffer.from('GPL\0')
  const attributes = Buffer.alloc(48)
  attributes.writeUInt32LE(CGROUP_SKB, 0)
  attributes.writeUInt32LE(PASS.length / 8, 4)
  attributes.writeBigUInt64LE(koffi.address(PASS), 8)
  attributes.writeBigUInt64LE(koffi.address(license), 16)
  const fd = Number(bpf(call, BPF_PROG_LOAD, attributes, attributes.length))
  if (fd >= 0) {
    close(fd)
    return undefined
  }
  const number = koffi.errno()
  const name = Object.entries(koffi.os.errno).find(([, value]) => value === number)?.[0] ?? `errno ${number}`
  return `the kernel refuses BPF programs to this user: ${name}`
}

if (import.meta.main) {
  const why = bpfRefusal()
  if (why !== undefined) console.log(why)
  process.exitCode = why === undefined ? 0 : 1
}
