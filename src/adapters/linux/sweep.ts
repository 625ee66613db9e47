// After a swap: sockets that are denied now are ended, in every network namespace where workloads are (kernel/sweep.bpf.c).
import type { Kernel } from './bpf/kernel.ts'
import { type CutSocket, decodeCutSocket, SIZE } from './bpf/layout.gen.ts'
import { destroySockets, eachOf, inNamespace } from './sock-destroy.ts'

/** Gives the sockets that adopted processes have open their workload. To be called when the groups have their slots. */
export function stampSockets(kernel: Kernel): void {
  kernel.iterate('stamp_files')
}

/**
 * Ends the sockets that what is in force denies, and yields them with the rule that decided. `namespaces` are files that name network
 * namespaces beside our own; one that is gone by now is passed over. Where one fails, the others are ended all the same.
 * @throws ThymusError KERNEL_REFUSED
 */
export function cutSockets(kernel: Kernel, namespaces: readonly string[]): CutSocket[] {
  const here = () => cutHere(kernel)
  return eachOf([here, ...namespaces.map((path) => () => enter(path, here) ?? [])], (work) => work()).flat()
}

function cutHere(kernel: Kernel): CutSocket[] {
  const denied = ['judge_streams', 'judge_datagrams'].flatMap((program) => decodeAll(kernel.iterate(program)))
  destroySockets(denied)
  return denied
}

function enter<T>(path: string, work: () => T): T | undefined {
  try {
    return inNamespace(path, work)
  } catch (error) {
    if (error instanceof Error && error.cause instanceof Error && 'code' in error.cause && error.cause.code === 'ENOENT') return undefined
    throw error
  }
}

function decodeAll(bytes: Buffer): CutSocket[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return Array.from({ length: bytes.length / SIZE.cut_socket }, (_, index) => decodeCutSocket(view, bytes, index * SIZE.cut_socket))
}
