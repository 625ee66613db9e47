// Which groups are a workload's: its own and all below it, but for other workloads inside and what is theirs. The kernel looks up one
// entry, that of the group itself (kernel/lib/workload.h), so each of them has one.
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Kernel } from './bpf/kernel.ts'
import { groupId, groupsBelow } from './groups.ts'

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
