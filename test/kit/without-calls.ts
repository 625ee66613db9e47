// `without-calls.ts CALL[,CALL…] -- COMMAND…`: becomes the command on a kernel without these system calls, as far as it and all that comes from
// it can see: they get ENOSYS.
import { execute, keepOnExec, seccompSetFilter, setNoNewPrivileges } from '../../src/adapters/linux/libc.ts'
import { DATA, encode, type Instruction, OP, RETURN } from '../../src/adapters/linux/seccomp/assemble.ts'

const ENOSYS = 38
const NUMBERS: Readonly<Record<string, readonly number[]>> = {
  landlock: [444, 445, 446],
  seccomp: [process.arch === 'arm64' ? 277 : 317],
}

const [calls, , ...command] = process.argv.slice(2)
const numbers = calls!.split(',').flatMap((call) => NUMBERS[call]!)
const program: Instruction[] = [
  { code: OP.load, jt: 0, jf: 0, k: DATA.number },
  ...numbers.flatMap((number) => [
    { code: OP.jumpIfEqual, jt: 0, jf: 1, k: number },
    { code: OP.return, jt: 0, jf: 0, k: (RETURN.errno | ENOSYS) >>> 0 },
  ]),
  { code: OP.return, jt: 0, jf: 0, k: RETURN.allow },
]
for (const stdio of [0, 1, 2]) keepOnExec(stdio, true) // Node marks them to be closed
setNoNewPrivileges()
seccompSetFilter(encode(program))
execute(command.map((word) => Buffer.from(`${word}\0`)))
