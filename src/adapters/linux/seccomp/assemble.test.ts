import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { assemble, encode, type Instruction, OP, RETURN, type Refusal, type Test } from './assemble.ts'
import { refusalsOf } from './filters.ts'
import { type Architecture, AUDIT_ARCH, numberOf, SYSTEM_CALLS, type SystemCall } from './syscalls.ts'

const ARCHITECTURES: readonly Architecture[] = ['x64', 'arm64']
const CALLS = Object.keys(SYSTEM_CALLS) as SystemCall[]

interface Call {
  readonly architecture: number
  readonly number: number
  readonly words: readonly bigint[]
}

/** Classic BPF as the kernel runs it over struct seccomp_data, as far as filters of ours go. */
function interpret(program: readonly Instruction[], { architecture, number, words }: Call): number {
  const data = Buffer.alloc(64)
  data.writeUInt32LE(number, 0)
  data.writeUInt32LE(architecture, 4)
  for (const [index, word] of words.entries()) data.writeBigUInt64LE(word, 16 + 8 * index)
  let accumulator = 0
  for (let at = 0; at < program.length; at++) {
    const { code, jt, jf, k } = program[at]!
    if (code === OP.return) return k
    if (code === OP.load) accumulator = data.readUInt32LE(k)
    else if (code === OP.jumpIfEqual) at += accumulator === k ? jt : jf
    else if (code === OP.jumpIfAtLeast) at += accumulator >= k ? jt : jf
    else if (code === OP.jumpIfAny) at += (accumulator & k) !== 0 ? jt : jf
    else assert.fail(`opcode ${code}`)
  }
  assert.fail('the program has no end')
}

/** What the refusals say, in words of JavaScript. */
function meaning(refusals: readonly Refusal[], architecture: Architecture, { number, words }: Call): number {
  const found = refusals.find(({ call, when }) => numberOf(call, architecture) === number && (when === undefined || holds(when, words)))
  return found === undefined ? RETURN.allow : RETURN.errno | found.errno
}

function holds(when: Test, words: readonly bigint[]): boolean {
  const value = Number(words[when.argument]! & 0xffff_ffffn)
  if ('hasAny' in when) return (value & when.hasAny) !== 0
  return 'isOneOf' in when ? when.isOneOf.includes(value) : !when.isNoneOf.includes(value)
}

const small = fc.integer({ min: 0, max: 5 })
const some = fc.array(small, { minLength: 1, maxLength: 5 })
const when: fc.Arbitrary<Test> = fc.oneof(
  fc.record({ argument: small, hasAny: fc.integer({ min: 1, max: 7 }) }),
  fc.record({ argument: small, isOneOf: some }),
  fc.record({ argument: small, isNoneOf: some }),
)
const call = fc.constantFrom<SystemCall>('bpf', 'socket', 'sendto', 'iopl')
const errno = fc.integer({ min: 1, max: 133 })
const refusal: fc.Arbitrary<Refusal> = fc.oneof(fc.record({ call, errno }), fc.record({ call, errno, when }))
/** Small numbers, so that tests hold; now and then with high bits, which must not matter. */
const word = fc.tuple(small, fc.constantFrom(0n, 1n << 32n, 1n << 63n)).map(([low, high]) => BigInt(low) | high)
const words = fc.array(word, { minLength: 6, maxLength: 6 })

describe('a filter of system calls', () => {
  test('refuses just what its refusals say, with the error of the first that holds', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...ARCHITECTURES),
        fc.array(refusal, { maxLength: 12 }),
        call,
        words,
        (architecture, refusals, name, given) => {
          const asked = { architecture: AUDIT_ARCH[architecture], number: numberOf(name, architecture) ?? 7, words: given }
          assert.equal(interpret(assemble(refusals, architecture), asked), meaning(refusals, architecture, asked))
        },
      ),
      { numRuns: 3000 },
    )
  })

  test('ends a process that calls by the rules of another architecture, and has no x32 calls', () => {
    const zero = Array(6).fill(0n)
    const AUDIT_ARCH_I386 = 0x4000_0003
    for (const architecture of ARCHITECTURES) {
      assert.equal(interpret(assemble([], architecture), { architecture: AUDIT_ARCH_I386, number: 1, words: zero }), RETURN.kill)
    }
    const x32 = { architecture: AUDIT_ARCH.x64, number: 0x4000_0000 + 321, words: zero }
    assert.equal(interpret(assemble(refusalsOf(['kernel']), 'x64'), x32), RETURN.errno | 38)
  })

  test('all sets together fit into what a kernel takes, and a jump fits into a byte', () => {
    for (const architecture of ARCHITECTURES) {
      const program = assemble(refusalsOf(['fileless', 'network', 'kernel']), architecture)
      assert.ok(program.length < 4096, `${program.length} instructions`) // BPF_MAXINSNS
      assert.ok(program.every(({ jt, jf }) => jt < 256 && jf < 256))
      assert.equal(encode(program).length, program.length * 8)
    }
  })

  test('lets through what ordinary programs do', () => {
    const program = assemble(refusalsOf(['fileless', 'network']), 'x64')
    const ask = (name: SystemCall, ...given: number[]) =>
      interpret(program, {
        architecture: AUDIT_ARCH.x64,
        number: SYSTEM_CALLS[name][0],
        words: Array.from({ length: 6 }, (_, at) => BigInt(given[at] ?? 0)),
      })
    assert.equal(ask('execveat', 5, 0, 0, 0, 0), RETURN.allow)
    assert.equal(ask('execveat', 5, 0, 0, 0, 0x1100), RETURN.errno | 1)
    assert.equal(ask('socket', 2, 1, 6), RETURN.allow)
    assert.equal(ask('socket', 10, 2, 17), RETURN.allow)
    assert.equal(ask('socket', 16, 3, 0), RETURN.allow)
    assert.equal(ask('socket', 2, 1, 262), RETURN.errno | 93)
    assert.equal(ask('socket', 40, 1, 0), RETURN.errno | 97)
    assert.equal(ask('sendto', 3, 0, 0, 0x4000), RETURN.allow)
    assert.equal(ask('sendto', 3, 0, 0, 0x2000_4000), RETURN.errno | 95)
    assert.equal(ask('clone3'), RETURN.allow)
  })
})

describe('numbers of system calls', () => {
  const HEADERS = { x64: '/usr/include/x86_64-linux-gnu/asm/unistd_64.h', arm64: '/usr/include/asm-generic/unistd.h' }
  /** Newer than the headers of Debian 12. */
  const NEWER: readonly SystemCall[] = ['open_tree_attr']

  for (const architecture of ARCHITECTURES) {
    test(`are those of the kernel's headers on ${architecture}`, (t) => {
      const header = HEADERS[architecture]
      if (!existsSync(header)) return t.skip(`${header} is not installed`)
      const text = readFileSync(header, 'utf8')
      // fcntl64 and the like have two names in the generic table, of which none is used here.
      const numbers = new Map(
        [...text.matchAll(/^#define __NR(?:3264)?_(\w+)\s+(\d+)/gm)].map(([, name, number]) => [name, Number(number)]),
      )
      const compared = CALLS.filter((name) => numbers.has(name) || !NEWER.includes(name))
      assert.deepEqual(
        compared.map((name) => [name, numberOf(name, architecture)]),
        compared.map((name) => [name, numbers.get(name)]),
      )
      assert.ok(compared.length >= CALLS.length - NEWER.length)
    })
  }
})
