// Which groups are a workload's: its own and all below it, but for other workloads inside and what is theirs. The kernel looks up one
// entry, that of the group itself (kernel/lib/workload.h), so each of them has one.
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Kernel } from './bpf/kernel.ts'
import { groupId, groupsBelow, isGroup } from './groups.ts'
import { stampSockets } from './sweep.ts'

/**
 * Makes a group that somebody else made a workload's, and the sockets that its processes have open. Attached first, so that whatever has a slot
 * has the socket programs. What fails leaves nothing, for the slot may be given again; but a group that was the workload's before stays its.
 */
export function adoptGroup(kernel: Kernel, path: string, slot: number, { covered, known }: Adoption): void {
  const id = groupId(path)
  if (!covered) kernel.attachGroup(id, path)
  try {
    takeGroups(kernel, path, slot)
    stampSockets(kernel)
  } catch (error) {
    if (!known) releaseGroup(kernel, path, id)
    throw error
  }
}

export interface Adoption {
  /** A group around it has the socket programs. */
  readonly covered: boolean
  /** It was the workload's before. */
  readonly known: boolean
}

/** Takes an adopted group from its workload. It may have ended, and another have its name; what is pinned for it is there all the same. */
export function releaseGroup(kernel: Kernel, path: string, id: bigint): void {
  if (isGroup(id, path)) leaveGroups(kernel, path)
  kernel.detachGroup(id)
}

/** Gives a group to a workload: what has no workload there, and what is the group's former one's or of the workload around it. */
export function takeGroups(kernel: Kernel, path: string, slot: number): void {
  pass(kernel, path, [undefined, kernel.slotOf(groupId(path)), around(kernel, path)], slot)
}

/** Takes a group from its workload: it is again what is around it. */
export function leaveGroups(kernel: Kernel, path: string): void {
  pass(kernel, path, [kernel.slotOf(groupId(path))], around(kernel, path))
}

function around(kernel: Kernel, path: string): number | undefined {
  return kernel.slotOf(groupId(dirname(path)))
}

/** From the outside in: a group that is made meanwhile inherits in the kernel from one that has been passed on, or is still walked. */
function pass(kernel: Kernel, path: string, from: readonly (number | undefined)[], to: number | undefined): void {
  for (const group of groupsBelow(path)) {
    try {
      const id = groupId(group)
      if (!from.includes(kernel.slotOf(id))) continue
      if (to === undefined) kernel.dropGroup(id)
      else kernel.setGroup(id, to)
    } catch (error) {
      if (existsSync(group)) throw error
    }
  }
}
