// Filters for seccomp(2) in classic BPF. Specification: Documentation/userspace-api/seccomp_filter.rst, include/uapi/linux/{seccomp,filter,bpf_common}.h.
import { type Architecture, AUDIT_ARCH, numberOf, type SystemCall } from './syscalls.ts'

/** Of an argument only the low 32 bits are looked at: every argument that a rule names is an `int` or flags of 32 bits in the kernel. */
export type Test =
  | { readonly argument: number; readonly hasAny: number }
  | { readonly argument: number; readonly isOneOf: readonly number[] }
  | { readonly argument: number; readonly isNoneOf: readonly number[] }

/** Refuses a call with an error number: always, or where the test holds. */
export interface Refusal {
  readonly call: SystemCall
  readonly errno: number
  readonly when?: Test
}

/** struct sock_filter */
export interface Instruction {
  readonly code: number
  readonly jt: number
  readonly jf: number
  readonly k: number
}

/** Opcodes of <linux/bpf_common.h>, as far as we use them. */
export const OP = { load: 0x20, jumpIfEqual: 0x15, jumpIfAtLeast: 0x35, jumpIfAny: 0x45, return: 0x06 } as const
/** What a filter returns, <linux/seccomp.h>; an error number stands in the low 16 bits. */
export const RETURN = { kill: 0x8000_0000, errno: 0x0005_0000, allow: 0x7fff_0000 } as const
/** Offsets in struct seccomp_data. Both architectures are little-endian: the low half of an argument comes first. */
export const DATA = { number: 0, architecture: 4, argument: (index: number) => 16 + 8 * index } as const

/** Numbers from here on are x32's, a second way to call everything on x86-64. */
const X32 = 0x4000_0000
const ENOSYS = 38

/**
 * The program for some refusals; what none of them refuses is allowed. A call by the rules of another architecture (a 32-bit program) ends the
 * process, because its numbers mean something else; x32 calls get ENOSYS, as on a kernel without them.
 */
export function assemble(refusals: readonly Refusal[], architecture: Architecture): readonly Instruction[] {
  return [
    load(DATA.architecture),
    jump(OP.jumpIfEqual, AUDIT_ARCH[architecture], 1, 0),
    answer(RETURN.kill),
    load(DATA.number),
    ...(architecture === 'x64' ? [jump(OP.jumpIfAtLeast, X32, 0, 1), answer(RETURN.errno | ENOSYS)] : []),
    ...refusals.flatMap((refusal) => block(refusal, architecture)),
    answer(RETURN.allow),
  ]
}

/** struct sock_filter[], as seccomp(2) takes it. */
export function encode(program: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(program.length * 8)
  for (const [index, { code, jt, jf, k }] of program.entries()) {
    bytes.writeUInt16LE(code, index * 8)
    bytes.writeUInt8(jt, index * 8 + 2)
    bytes.writeUInt8(jf, index * 8 + 3)
    bytes.writeUInt32LE(k, index * 8 + 4)
  }
  return bytes
}

/** Begins and ends with the call's number in the accumulator; falls through where it does not refuse. */
function block({ call, errno, when }: Refusal, architecture: Architecture): Instruction[] {
  const number = numberOf(call, architecture)
  if (number === undefined) return []
  const refuse = answer(RETURN.errno | errno)
  if (when === undefined) return [jump(OP.jumpIfEqual, number, 0, 1), refuse]
  const body = [load(DATA.argument(when.argument)), ...testing(when), refuse, load(DATA.number)]
  return [jump(OP.jumpIfEqual, number, 0, body.length), ...body]
}

/** Goes on to the next instruction but these where the test holds, and skips one where it does not. */
function testing(test: Test): Instruction[] {
  if ('hasAny' in test) return [jump(OP.jumpIfAny, test.hasAny, 0, 1)]
  const [values, one] = 'isOneOf' in test ? [test.isOneOf, true] : [test.isNoneOf, false]
  return values.map((value, index) => {
    const left = values.length - 1 - index // comparisons that follow before the refusal
    return one ? jump(OP.jumpIfEqual, value, left, left === 0 ? 1 : 0) : jump(OP.jumpIfEqual, value, left + 1, 0)
  })
}

function load(offset: number): Instruction {
  return { code: OP.load, jt: 0, jf: 0, k: offset }
}

function jump(code: number, k: number, jt: number, jf: number): Instruction {
  return { code, jt, jf, k }
}

function answer(value: number): Instruction {
  return { code: OP.return, jt: 0, jf: 0, k: value >>> 0 }
}
