import { ThymusError } from '../../../core/errors.ts'
import { CallError, seccompSetFilter } from '../libc.ts'
import { assemble, encode, type Refusal } from './assemble.ts'

/** Puts a filter on the calling thread and all that comes from it, for good. It must have set no_new_privs. @throws ThymusError KERNEL_REFUSED */
export function refuseCalls(refusals: readonly Refusal[]): void {
  if (refusals.length === 0) return
  const { arch } = process
  if (arch !== 'x64' && arch !== 'arm64') throw new ThymusError('KERNEL_REFUSED', `no filter of system calls for ${arch}`)
  try {
    seccompSetFilter(encode(assemble(refusals, arch)))
  } catch (cause) {
    if (!(cause instanceof CallError)) throw cause
    throw new ThymusError('KERNEL_REFUSED', cause.message, { cause })
  }
}
