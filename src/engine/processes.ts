// Who descends from whom, and what each runs. The kernel's two rings are read one after the other and order within one is not the order of
// time, so nothing here depends on the order in which events come: of two that disagree, their times decide. The earliest event of a
// process tells its parent (later, an orphan's parent is its reaper), the latest its name and user.
import type { Event, ExecEvent, ProcessRef, Task } from '../core/event.ts'
import { LIMITS } from '../core/limits.ts'
import type { Reason } from '../core/verdict.ts'

/** What a process runs since `at` (ns since boot). */
export interface Image {
  readonly at: number
  readonly path: string
  readonly argv: readonly string[]
}

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
/** Room is made for a 32nd of what is held at a time. */
const SHARE = 32

export class Processes {
  readonly #limit: number
  readonly #exitedFor: number
  readonly #byPid = new Map<number, Entry[]>()
  /** What was seen longest ago comes first. */
  readonly #all = new Set<Entry>()
  readonly #exited = new Set<Entry>()
  /** Neither their fork nor an exec of theirs was seen: /proc may know more. */
  readonly #unseen = new Set<Entry>()
  #now = 0
  #sweepAt = 0

  constructor(limits: { readonly processes: number; readonly exitedFor: number } = LIMITS) {
    this.#limit = limits.processes
    this.#exitedFor = limits.exitedFor
  }

  get size(): number {
    return this.#all.size
  }

  /** Takes what an event tells of its process and of the parent of that. */
  observe(event: Event): void {
    const { task } = event
    if (task === null) return
    this.#now = Math.max(this.#now, event.at)
    const entry = this.#enter(task)
    this.#learn(entry, task, event)
    if (event.type === 'exec' && !event.forms.includes('refused')) entry.run(imageOf(event))
    if (event.type === 'exit') entry.exited = { at: event.at, status: event.status }
    if (event.type === 'fork' || event.type === 'exec') this.#unseen.delete(entry)
    this.#touch(entry)
    this.#forget()
  }

  find(ref: ProcessRef): Process | undefined {
    const entry = this.#find(ref)
    return entry?.known ? entry : undefined
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
      found.push({ is: 'process', process: entry, image: this.imageAt(entry, child.started) })
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
    if (at < entry.firstAt) {
      entry.firstAt = at
      this.#adopt(entry, task.parent)
    }
    if (at < entry.lastAt) return
    entry.lastAt = at
    entry.slot = slot
    entry.know(task)
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
    const bearer = this.#byPid
      .get(pid)
      ?.findLast(({ started, exited }) => started <= child.started && (exited === undefined || exited.at >= child.started))
    if (bearer !== undefined) return bearer
    const found = reader?.read(pid)
    return found === undefined ? { pid, started: -1 } : this.#enterByTicks(found)
  }

  #adopt(child: Entry, parent: ProcessRef): void {
    const former = child.parent
    child.parent = { pid: parent.pid, started: parent.started }
    if (parent.pid !== 0) this.#enter(parent).children++
    if (former !== undefined) this.#release(former)
  }

  /** One child fewer: what was only kept for its children goes with the last of them, and so up the tree. */
  #release(ref: ProcessRef): void {
    for (let parent = this.#find(ref); parent !== undefined; ) {
      parent.children = Math.max(0, parent.children - 1)
      if (!parent.isSpent) return
      this.#drop(parent)
      parent = parent.parent && this.#find(parent.parent)
    }
  }

  /** A start that falls on a tick may be one that /proc told; nobody else can have had the number within that tick. */
  #find(ref: ProcessRef): Entry | undefined {
    const bearers = this.#byPid.get(ref.pid)
    const exact = bearers?.find(({ started }) => started === ref.started)
    return exact ?? (ref.started % TICK === 0 ? bearers?.find((entry) => ticksOf(entry) === ticksOf(ref)) : undefined)
  }

  #enter(ref: ProcessRef): Entry {
    const bearers = this.#byPid.get(ref.pid) ?? []
    const exact = bearers.find(({ started }) => started === ref.started)
    if (exact !== undefined) return exact
    const rough = bearers.find((entry) => entry.isRough && ticksOf(entry) === ticksOf(ref))
    if (rough === undefined) return this.#add(ref, false)
    rough.started = ref.started // an event tells the very start of a process that was known from /proc
    rough.isRough = false
    return rough
  }

  #enterByTicks({ pid, startTicks }: ProcEntry): Entry {
    const same = this.#byPid.get(pid)?.find((entry) => ticksOf(entry) === startTicks)
    return same ?? this.#add({ pid, started: startTicks * TICK }, true)
  }

  #add({ pid, started }: ProcessRef, isRough: boolean): Entry {
    const entry = new Entry(pid, started, isRough, this.#now)
    const bearers = [...(this.#byPid.get(pid) ?? []), entry]
    this.#byPid.set(
      pid,
      bearers.sort((one, other) => one.started - other.started),
    )
    this.#all.add(entry)
    this.#unseen.add(entry)
    return entry
  }

  /** Not for every event: a set in which the same member is deleted and added over and over becomes slow. */
  #touch(entry: Entry): void {
    const hasExited = entry.exited !== undefined && !this.#exited.has(entry)
    if (!hasExited && this.#now - entry.touchedAt < this.#exitedFor / SHARE) return
    entry.touchedAt = this.#now
    this.#all.delete(entry)
    this.#all.add(entry)
    if (entry.exited === undefined) return
    this.#exited.delete(entry)
    this.#exited.add(entry)
    entry.isExpired = false
  }

  /** Now and then, many at once: to find the first of a set from which the first were deleted is slow. */
  #forget(): void {
    if (this.#now >= this.#sweepAt) this.#sweep()
    if (this.#all.size <= this.#limit) return
    const goal = this.#limit - Math.floor(this.#limit / SHARE)
    for (const set of [this.#exited, this.#all]) {
      for (const entry of set) {
        if (this.#all.size <= goal) return
        this.#remove(entry)
      }
    }
  }

  #sweep(): void {
    for (const entry of this.#exited) {
      if (entry.touchedAt + this.#exitedFor >= this.#now) break
      this.#exited.delete(entry)
      entry.isExpired = true
      if (entry.isSpent) this.#remove(entry)
    }
    this.#sweepAt = this.#now + this.#exitedFor / SHARE
  }

  #remove(entry: Entry): void {
    this.#drop(entry)
    if (entry.parent !== undefined) this.#release(entry.parent)
  }

  #drop(entry: Entry): void {
    const bearers = this.#byPid.get(entry.pid)!.filter((each) => each !== entry)
    if (bearers.length > 0) this.#byPid.set(entry.pid, bearers)
    else this.#byPid.delete(entry.pid)
    for (const set of [this.#all, this.#exited, this.#unseen]) set.delete(entry)
  }
}

/** How an ancestor is shown in one word: what it ran, else the name that the kernel gives it, else `?`. */
export function ancestorName(ancestor: Ancestor): string {
  return ancestor.is === 'unknown' ? '?' : (ancestor.image?.path ?? ancestor.process.comm)
}

class Entry implements Process {
  readonly pid: number
  started: number
  /** The start is known to a tick only. */
  isRough: boolean
  /** More than that it is somebody's parent. */
  known = false
  parent: ProcessRef | undefined
  comm = ''
  uid = 0
  euid = 0
  slot = 0
  images: readonly Image[] = []
  /** There were more images than are kept. */
  imagesCut = false
  exited: { readonly at: number; readonly status: number } | undefined
  firstAt = Number.POSITIVE_INFINITY
  lastAt = -1
  /** Entries of which it is the parent. */
  children = 0
  isExpired = false
  touchedAt: number

  constructor(pid: number, started: number, isRough: boolean, now: number) {
    this.pid = pid
    this.started = started
    this.isRough = isRough
    this.touchedAt = now
  }

  /** Nobody will ask for it any more but by its children, and it has none. */
  get isSpent(): boolean {
    return this.children === 0 && (this.isExpired || !this.known)
  }

  know({ comm, uid, euid }: Pick<Task, 'comm' | 'uid' | 'euid'>): void {
    this.comm = comm
    this.uid = uid
    this.euid = euid
    this.known = true
  }

  run(image: Image): void {
    const images = [...this.images, image].sort((one, other) => one.at - other.at)
    this.imagesCut ||= images.length > LIMITS.imagesPerProcess
    this.images = images.slice(-LIMITS.imagesPerProcess)
  }
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
