// What is held of one process. A storm makes hundreds of thousands of them in a second and each is forgotten soon: entries are used again, and
// hold numbers instead of objects, so that it leaves no garbage of an age at which collecting is dear.
import type { ExitEvent, ProcessRef, Task } from '../core/event.ts'
import { LIMITS } from '../core/limits.ts'

/** What a process runs since `at` (ns since boot). */
export interface Image {
  readonly at: number
  readonly path: string
  readonly argv: readonly string[]
}

const NO_IMAGES: readonly Image[] = []
const NEVER = Number.POSITIVE_INFINITY
const NOBODY = -1

export class Entry implements ProcessRef {
  pid = NOBODY
  started = 0
  /** The start is known to a tick only. */
  isRough = false
  /** More than that it is somebody's parent. */
  known = false
  /** NOBODY, or the parent's number and start. */
  parentPid = NOBODY
  parentStarted = 0
  comm = ''
  uid = 0
  euid = 0
  slot = 0
  images = NO_IMAGES
  /** There were more images than are kept. */
  imagesCut = false
  exitedAt = NEVER
  exitStatus = 0
  firstAt = NEVER
  lastAt = -1
  /** Entries of which it is the parent. */
  children = 0
  touchedAt = 0
  /** The next older one that had the same number. */
  older: Entry | undefined
  /** Where it stands in time. */
  chain: Chain | undefined
  before: Entry | undefined
  after: Entry | undefined

  /** Forgets whatever it was. */
  begin({ pid, started }: ProcessRef, isRough: boolean, now: number): void {
    this.pid = pid
    this.started = started
    this.isRough = isRough
    this.known = false
    this.parentPid = NOBODY
    this.comm = ''
    this.images = NO_IMAGES
    this.imagesCut = false
    this.exitedAt = NEVER
    this.firstAt = NEVER
    this.lastAt = -1
    this.children = 0
    this.touchedAt = now
    this.older = undefined
  }

  get parent(): ProcessRef | undefined {
    return this.parentPid === NOBODY ? undefined : { pid: this.parentPid, started: this.parentStarted }
  }

  get hasExited(): boolean {
    return this.exitedAt !== NEVER
  }

  exit({ at, status }: ExitEvent): void {
    this.exitedAt = at
    this.exitStatus = status
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

/** Entries in the order in which they were put in; each is in one chain at most. */
export class Chain {
  first: Entry | undefined
  last: Entry | undefined

  /** Puts it at the end, wherever it was. */
  push(entry: Entry): void {
    entry.chain?.remove(entry)
    entry.chain = this
    entry.before = this.last
    if (this.last === undefined) this.first = entry
    else this.last.after = entry
    this.last = entry
  }

  remove(entry: Entry): void {
    if (entry.before === undefined) this.first = entry.after
    else entry.before.after = entry.after
    if (entry.after === undefined) this.last = entry.before
    else entry.after.before = entry.before
    entry.chain = entry.before = entry.after = undefined
  }
}
