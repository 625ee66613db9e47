// Who descends from whom, and what each runs. The kernel's two rings are read one after the other and order within one is not the order of
// time, so nothing here depends on the order in which events come: of two that disagree, their times decide. The earliest event of a
// process tells its parent (later, an orphan's parent is its reaper), the latest its name and user.
import type { Event, ExecEvent, ProcessRef, Task } from '../core/event.ts'
import { LIMITS } from '../core/limits.ts'
import type { Reason } from '../core/verdict.ts'
import { Chain, Entry, type Image } from './process-entry.ts'

export interface Process extends ProcessRef {
  readonly parent: ProcessRef | undefined
  readonly comm: string
  readonly uid: number
  readonly euid: number
  readonly slot: number
  /** The newest of its images that were seen, oldest first. Before the first it runs what its parent ran. */
  readonly images: readonly Image[]
  readonly exited: { readonly at: number; readonly status: number } | undefined
}

export type Ancestor =
  /** With what it ran when it started the next one; undefined if that was not seen. */
  | { readonly is: 'process'; readonly process: Process; readonly image: Image | undefined }
  | { readonly is: 'unknown'; readonly pid: number; readonly why: Reason }

/** What /proc says of a process. It tells starts in ticks of 10 ms (proc(5): USER_HZ, 100 on every architecture of ours). */
export interface ProcEntry {
  readonly pid: number
  readonly startTicks: number
  readonly parent: number
  readonly comm: string
  readonly path: string
  readonly argv: readonly string[]
  readonly uid: number
  readonly euid: number
}

export interface ProcReader {
  /** Undefined if there is no such process, or it may not be looked at. */
  read(pid: number): ProcEntry | undefined
}

const TICK = 1e7
/** More generations than any tree of processes has that somebody looks at. */
const DEEPEST = 64
/** Entries that wait to be used again: as many come and go with one event, and some more. */
const SPARES = 64

export class Processes {
  readonly #limit: number
  readonly #exitedFor: number
  /** The newest of each number. */
  readonly #byPid = new Map<number, Entry>()
  /** Of each chain, what was seen longest ago comes first. */
  readonly #running = new Chain()
  readonly #exited = new Chain()
  /** Nobody will ask for them any more but by their children. */
  readonly #expired = new Chain()
  /** Neither their fork nor an exec of theirs was seen: /proc may know more. */
  readonly #unseen = new Set<Entry>()
  /** Forgotten, to be used again. */
  readonly #spare: Entry[] = []
  #size = 0
  #now = 0

  constructor(limits: { readonly processes: number; readonly exitedFor: number } = LIMITS) {
    this.#limit = limits.processes
    this.#exitedFor = limits.exitedFor
  }

  get size(): number {
    return this.#size
  }

  /** Takes what an event tells of its process and of the parent of that. */
  observe(event: Event): void {
    const { task } = event
    if (task === null) return
    this.#now = Math.max(this.#now, event.at)
    const isSeen = event.type === 'fork' || event.type === 'exec'
    const entry = this.#enter(task, isSeen)
    if (isSeen) this.#unseen.delete(entry)
    if (event.type === 'exit') entry.exit(event)
    this.#touch(entry)
    this.#learn(entry, task, event)
    if (event.type === 'exec' && !event.forms.includes('refused')) entry.run(imageOf(event))
    this.#forget()
  }

  find(ref: ProcessRef): Process | undefined {
    const entry = this.#find(ref)
    return entry?.known ? processOf(entry) : undefined
  }

  /** What a process ran at a time (ns since boot): its own image, or that of the ancestor from which it has it. Undefined if unseen. */
  imageAt(ref: ProcessRef, at: number): Image | undefined {
    let time = at
    for (let entry = this.#find(ref), depth = 0; entry !== undefined && depth < DEEPEST; depth++) {
      const image = entry.images.findLast((each) => each.at <= time)
      if (image !== undefined || entry.imagesCut) return image
      time = Math.min(time, entry.started)
      entry = entry.parent && this.#find(entry.parent)
    }
    return undefined
  }

  /** The parent, its parent and so on, at most `limit`. Ends with the first process of the machine, or with `unknown`, never in between. */
  ancestors(task: ProcessRef & { readonly parent: ProcessRef }, limit = 8): readonly Ancestor[] {
    const found: Ancestor[] = []
    let child: ProcessRef = task
    let ref: ProcessRef | undefined = this.#find(task)?.parent ?? task.parent
    while (found.length < limit && ref?.pid !== 0) {
      const entry: Entry | undefined = ref && this.#find(ref)
      if (!entry?.known) return [...found, unknownAncestor(ref)]
      found.push({ is: 'process', process: processOf(entry), image: this.imageAt(entry, child.started) })
      child = entry
      ref = entry.parent
    }
    return found
  }

  /** Takes all that run now, as an agent does that has just started. */
  seed(entries: Iterable<ProcEntry>): void {
    const entered = [...entries].map((each) => [each, this.#enterByTicks(each)] as const)
    for (const [each, entry] of entered) this.#fillFrom(each, entry, undefined)
    this.#forget()
  }

  /** Asks /proc for at most `limit` processes of which too little was seen. Who has ended meanwhile stays unknown. */
  fill(reader: ProcReader, limit = 64): void {
    let left = limit
    for (const entry of this.#unseen) {
      if (left-- === 0) break
      this.#unseen.delete(entry)
      const found = reader.read(entry.pid)
      if (found !== undefined && found.startTicks === ticksOf(entry)) this.#fillFrom(found, entry, reader)
    }
    this.#forget()
  }

  #learn(entry: Entry, task: Task, { at, slot }: Event): void {
    if (at >= entry.lastAt) {
      entry.lastAt = at
      entry.slot = slot
      entry.know(task)
    }
    if (at >= entry.firstAt) return
    entry.firstAt = at
    this.#adopt(entry, task.parent)
  }

  #fillFrom(found: ProcEntry, entry: Entry, reader: ProcReader | undefined): void {
    if (!entry.known) entry.know(found)
    if (entry.images.length === 0 && found.path !== '') entry.run({ at: entry.started, path: found.path, argv: found.argv })
    if (entry.parent === undefined) this.#adopt(entry, this.#parentByNumber(found.parent, entry, reader))
    this.#unseen.delete(entry)
  }

  /** Of a parent /proc tells the number alone: it is the bearer of that number who was there when the child started. */
  #parentByNumber(pid: number, child: Entry, reader: ProcReader | undefined): ProcessRef {
    if (pid === 0) return { pid, started: 0 }
    const bearer = this.#bearer(pid, ({ started, exitedAt }) => started <= child.started && exitedAt >= child.started)
    if (bearer !== undefined) return bearer
    const found = reader?.read(pid)
    return found === undefined ? { pid, started: -1 } : this.#enterByTicks(found)
  }

  #adopt(child: Entry, parent: ProcessRef): void {
    const former = child.parent
    child.parentPid = parent.pid
    child.parentStarted = parent.started
    if (parent.pid !== 0) this.#enter(parent, false).children++
    if (former !== undefined) this.#release(former)
  }

  /** One child fewer: what was only kept for its children goes with the last of them, and so up the tree. */
  #release(ref: ProcessRef): void {
    for (let parent = this.#find(ref); parent !== undefined; ) {
      parent.children = Math.max(0, parent.children - 1)
      if (!this.#isSpent(parent)) return
      const above: ProcessRef | undefined = parent.parent
      this.#drop(parent)
      parent = above && this.#find(above)
    }
  }

  /** A start that falls on a tick may be one that /proc told; nobody else can have had the number within that tick. */
  #find(ref: ProcessRef): Entry | undefined {
    const exact = this.#bearer(ref.pid, ({ started }) => started === ref.started)
    return exact ?? (ref.started % TICK === 0 ? this.#bearer(ref.pid, (entry) => ticksOf(entry) === ticksOf(ref)) : undefined)
  }

  /** The newest that has or had a number and is as wanted. */
  #bearer(pid: number, isWanted: (entry: Entry) => boolean): Entry | undefined {
    for (let entry = this.#byPid.get(pid); entry !== undefined; entry = entry.older) if (isWanted(entry)) return entry
    return undefined
  }

  #enter(ref: ProcessRef, isSeen: boolean): Entry {
    const exact = this.#bearer(ref.pid, ({ started }) => started === ref.started)
    if (exact !== undefined) return exact
    const rough = this.#bearer(ref.pid, (entry) => entry.isRough && ticksOf(entry) === ticksOf(ref))
    if (rough === undefined) return this.#add(ref, { isRough: false, isSeen })
    rough.started = ref.started // an event tells the very start of a process that was known from /proc
    rough.isRough = false
    return rough
  }

  #enterByTicks({ pid, startTicks }: ProcEntry): Entry {
    const same = this.#bearer(pid, (entry) => ticksOf(entry) === startTicks)
    return same ?? this.#add({ pid, started: startTicks * TICK }, { isRough: true, isSeen: false })
  }

  #add(ref: ProcessRef, { isRough, isSeen }: { readonly isRough: boolean; readonly isSeen: boolean }): Entry {
    const entry = this.#spare.pop() ?? new Entry()
    entry.begin(ref, isRough, this.#now)
    const younger = this.#youngerThan(entry)
    entry.older = younger === undefined ? this.#byPid.get(ref.pid) : younger.older
    if (younger === undefined) this.#byPid.set(ref.pid, entry)
    else younger.older = entry
    this.#running.push(entry)
    if (!isSeen) this.#unseen.add(entry)
    this.#size++
    return entry
  }

  /** The oldest bearer of the same number that is younger. */
  #youngerThan({ pid, started }: Entry): Entry | undefined {
    let found: Entry | undefined
    for (let entry = this.#byPid.get(pid); entry !== undefined && entry.started > started; entry = entry.older) found = entry
    return found
  }

  #touch(entry: Entry): void {
    entry.touchedAt = this.#now
    const chain = entry.hasExited ? this.#exited : this.#running
    chain.push(entry)
  }

  #forget(): void {
    for (let entry = this.#exited.first; entry !== undefined && entry.touchedAt + this.#exitedFor < this.#now; entry = this.#exited.first) {
      this.#expired.push(entry)
      if (this.#isSpent(entry)) this.#remove(entry)
    }
    while (this.#size > this.#limit) this.#remove((this.#exited.first ?? this.#expired.first ?? this.#running.first)!)
  }

  /** Nobody will ask for it any more but by its children, and it has none. */
  #isSpent({ children, chain, known }: Entry): boolean {
    return children === 0 && (chain === this.#expired || !known)
  }

  #remove(entry: Entry): void {
    const { parent } = entry
    this.#drop(entry)
    if (parent !== undefined) this.#release(parent)
  }

  #drop(entry: Entry): void {
    const younger = this.#bearer(entry.pid, ({ older }) => older === entry)
    if (younger !== undefined) younger.older = entry.older
    else if (entry.older !== undefined) this.#byPid.set(entry.pid, entry.older)
    else this.#byPid.delete(entry.pid)
    entry.chain?.remove(entry)
    this.#unseen.delete(entry)
    this.#size--
    if (this.#spare.length < SPARES) this.#spare.push(entry)
  }
}

function processOf({ pid, started, parent, comm, uid, euid, slot, images, hasExited, exitedAt, exitStatus }: Entry): Process {
  const exited = hasExited ? { at: exitedAt, status: exitStatus } : undefined
  return { pid, started, parent, comm, uid, euid, slot, images, exited }
}

/** How an ancestor is shown in one word: what it ran, else the name that the kernel gives it, else `?`. */
export function ancestorName(ancestor: Ancestor): string {
  return ancestor.is === 'unknown' ? '?' : (ancestor.image?.path ?? ancestor.process.comm)
}

function imageOf({ at, path, name, argv }: ExecEvent): Image {
  return { at, path: path || name, argv }
}

function ticksOf({ started }: ProcessRef): number {
  return Math.floor(started / TICK)
}

function unknownAncestor(ref: ProcessRef | undefined): Ancestor {
  const pid = ref?.pid ?? 0
  return { is: 'unknown', pid, why: { code: 'PROCESS_UNSEEN', text: `process ${pid} started before it could be seen, or is forgotten` } }
}
