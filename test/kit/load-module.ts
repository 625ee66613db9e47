// A real module, loaded into the running kernel and taken out again: in the lab alone.
import { closeSync, constants as files, openSync, readFileSync } from 'node:fs'
import { release } from 'node:os'
import koffi from 'koffi'
import { modulesBelow } from '../../src/adapters/linux/modules/files.ts'

/** Small, needs no other module and no hardware. */
const NAME = 'dummy'
/** Of x86-64, as the lab's machine is. */
const CALL = { init: 175, remove: 176, finit: 313 }
const libc = koffi.load('libc.so.6')
const finitModule = libc.func('syscall', 'long', ['long', 'int', 'str', 'int'])
const initModule = libc.func('syscall', 'long', ['long', 'const void *', 'size_t', 'str'])
const deleteModule = libc.func('syscall', 'long', ['long', 'str', 'uint'])

/** The file of the module of this kernel that the tests load; undefined where it has none. */
export function moduleToLoad(): string | undefined {
  try {
    return modulesBelow(`/lib/modules/${release()}`).find((path) => path.endsWith(`/${NAME}.ko`))
  } catch {
    return undefined
  }
}

/** Loads it from a file, and takes it out again. The number of the error, or 0. */
export function loadFile(path: string, flags = files.O_RDONLY): number {
  const fd = openSync(path, flags)
  try {
    return ended(finitModule(CALL.finit, fd, '', 0))
  } finally {
    closeSync(fd)
  }
}

/** The same out of a buffer, so that the kernel sees no file. */
export function loadBuffer(path: string): number {
  const bytes = readFileSync(path)
  return ended(initModule(CALL.init, bytes, bytes.length, ''))
}

function ended(result: number): number {
  if (result !== 0) return koffi.errno()
  if (deleteModule(CALL.remove, NAME, 0) !== 0) throw new Error(`${NAME} stays loaded: error ${koffi.errno()}`)
  return 0
}
