import type { Event, ProcessRef } from '../core/event.ts'

interface Known extends ProcessRef {
  readonly parent: ProcessRef
  /** The path of its image, or the name that the kernel gives it. */
  readonly image: string
}

/** Several times what a busy node runs at once; an entry has about 200 bytes. */
const MAX_PROCESSES = 32_768

/** Who descends from whom. Processes that ended are kept until room is needed, so that late events still find them. */
export class Processes {
  readonly #known = new Map<string, Known>()

  observe(event: Event): void {
    if (!('task' in event) || event.task === null || event.type === 'exit') return
    const { pid, started, parent, comm } = event.task
    const id = idOf(event.task)
    const former = this.#known.get(id)
    if (former && event.type !== 'exec') return
    const image = event.type === 'exec' ? event.path || event.name : (this.#known.get(idOf(parent))?.image ?? comm)
    this.#known.delete(id) // what was seen last goes last
    this.#known.set(id, { pid, started, parent, image })
    if (this.#known.size > MAX_PROCESSES) this.#known.delete(this.#known.keys().next().value!)
  }

  /** Images of the parent, its parent and so on, nearest first. `?` ends the list where a process was never seen. */
  ancestors(task: { readonly parent: ProcessRef }, limit = 8): string[] {
    const found: string[] = []
    let at: ProcessRef = task.parent
    while (found.length < limit && at.pid !== 0) {
      const known = this.#known.get(idOf(at))
      if (!known) return [...found, '?']
      found.push(known.image)
      at = known.parent
    }
    return found
  }
}

function idOf({ pid, started }: ProcessRef): string {
  return `${pid}:${started}`
}
