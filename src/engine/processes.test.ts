import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Event, ExecForm, ProcessRef, Task } from '../core/event.ts'
import type { Ancestor, ProcEntry } from './processes.ts'
import { ancestorName, Processes } from './processes.ts'

const SECOND = 1e9
const KERNEL: ProcessRef = { pid: 0, started: 0 }
const INIT: ProcessRef = { pid: 1, started: 1e7 }

const task = (ref: ProcessRef, parent: ProcessRef, comm = 'x'): Task => ({ ...ref, parent, uid: 0, euid: 0, comm })
const header = (at: number) => ({ seq: 0, cpu: 0, program: 0, at, slot: 0 })
const fork = (at: number, of: Task): Event => ({ type: 'fork', ...header(at), task: of })
const exit = (at: number, of: Task): Event => ({ type: 'exit', ...header(at), task: of, status: 0 })
const exec = (at: number, of: Task, path: string, forms: readonly ExecForm[] = []): Event =>
  ({ type: 'exec', ...header(at), task: of, path, name: path, argv: [path], forms }) as unknown as Event
const connect = (at: number, of: Task | null): Event => ({ type: 'connect', ...header(at), task: of }) as unknown as Event

const namesOf = (ancestors: readonly Ancestor[]) => ancestors.map(ancestorName)

/** A machine that forks, executes and ends processes, with the events that it would give and the truth about who descends from whom. */
interface Born {
  readonly ref: ProcessRef
  readonly parent: ProcessRef
  readonly forked: number
  readonly images: { readonly at: number; readonly path: string }[]
  ended: boolean
}

class Machine {
  readonly events: Event[] = []
  readonly born: Born[] = [{ ref: INIT, parent: KERNEL, forked: INIT.started, images: [{ at: INIT.started, path: 'init' }], ended: false }]
  #at = SECOND
  #nextPid = 2

  constructor(steps: readonly (readonly [what: string, whom: number])[]) {
    this.events.push(exec(INIT.started, task(INIT, KERNEL), 'init'))
    for (const [what, whom] of steps) this.#step(what, whom)
  }

  /** What an exact observer would answer: each ancestor with what it ran when it forked the next one. */
  truth(of: Born): string[] {
    const found: string[] = []
    for (let child = of; child.parent.pid !== 0; ) {
      const parent = this.#bornAs(child.parent)
      found.push(this.#imageOf(parent, child.forked))
      child = parent
    }
    return found
  }

  #step(what: string, whom: number): void {
    this.#at += 1_000
    const alive = this.born.filter(({ ended }) => !ended)
    const chosen = alive[whom % alive.length]!
    if (what === 'fork') {
      // Six numbers for everyone: they are used again all the time.
      while (alive.some(({ ref }) => ref.pid === this.#nextPid)) this.#nextPid = (this.#nextPid % 7) + 2
      if (alive.length >= 6) return
      const child = {
        ref: { pid: this.#nextPid, started: this.#at - 10 },
        parent: chosen.ref,
        forked: this.#at - 10,
        images: [],
        ended: false,
      }
      this.#nextPid = (this.#nextPid % 7) + 2
      this.born.push(child)
      this.events.push(fork(this.#at, this.#taskOf(child)))
    } else if (what === 'exec') {
      if (chosen.images.length >= 4) return
      const path = `/bin/${this.#at}`
      chosen.images.push({ at: this.#at, path })
      this.events.push(exec(this.#at, this.#taskOf(chosen), path))
    } else if (what === 'exit') {
      if (chosen.ref.pid === 1) return
      this.events.push(exit(this.#at, this.#taskOf(chosen)))
      chosen.ended = true
    } else this.events.push(connect(this.#at, this.#taskOf(chosen)))
  }

  /** As the kernel describes a task now: an orphan's parent is init. */
  #taskOf(of: Born): Task {
    const parent = of.parent.pid === 0 || !this.#bornAs(of.parent).ended ? of.parent : INIT
    return task(of.ref, parent)
  }

  #bornAs(ref: ProcessRef): Born {
    return this.born.find((each) => each.ref.pid === ref.pid && each.ref.started === ref.started)!
  }

  #imageOf(of: Born, at: number): string {
    const own = of.images.findLast((image) => image.at <= at)
    return own?.path ?? this.#imageOf(this.#bornAs(of.parent), of.forked)
  }
}

const histories = fc
  .array(fc.tuple(fc.constantFrom('fork', 'fork', 'exec', 'exit', 'connect'), fc.nat(20)), { minLength: 10, maxLength: 60, size: 'max' })
  .map((steps) => new Machine(steps))
const shuffled = histories.chain((machine) =>
  fc.shuffledSubarray(machine.events, { minLength: machine.events.length }).map((events) => ({ machine, events })),
)

describe('ancestry', () => {
  test('is the truth, in whatever order the events come', () => {
    let compared = 0
    fc.assert(
      fc.property(shuffled, ({ machine, events }) => {
        const processes = new Processes()
        for (const event of events) processes.observe(event)
        for (const each of machine.born) {
          assert.deepEqual(namesOf(processes.ancestors({ ...each.ref, parent: each.parent }, 64)), machine.truth(each))
          compared++
        }
      }),
      { numRuns: 300 },
    )
    assert.ok(compared > 1_000, `${compared} processes`)
  })

  test('with events missing or forgotten, is never wrong: whom it names is an ancestor, and what is missing ends it as unknown', () => {
    const some = histories.chain((machine) =>
      fc.record({
        machine: fc.constant(machine),
        events: fc.shuffledSubarray(machine.events),
        limits: fc.record({ processes: fc.constantFrom(1, 3, 6, 1_000), exitedFor: fc.constantFrom(2_000, 60 * SECOND) }),
      }),
    )
    let unknown = 0
    fc.assert(
      fc.property(some, ({ machine, events, limits }) => {
        const processes = new Processes(limits)
        for (const event of events) processes.observe(event)
        for (const each of machine.born) {
          const found = processes.ancestors({ ...each.ref, parent: each.parent }, 64)
          const line: string[] = []
          for (let at: ProcessRef = each.parent; at.pid !== 0; at = machine.born.find(({ ref }) => isSame(ref, at))!.parent)
            line.push(keyOf(at))
          const named = found.flatMap((ancestor) => (ancestor.is === 'process' ? [keyOf(ancestor.process)] : []))
          let from = 0
          for (const name of named) {
            from = line.indexOf(name, from) + 1
            assert.ok(from > 0, `${name} is no ancestor`)
          }
          assert.ok(found.slice(0, -1).every(({ is }) => is === 'process'))
          if (found.at(-1)?.is === 'unknown') unknown++
          else if (line.length > 0) assert.equal(named.at(-1), keyOf(INIT))
        }
      }),
      { numRuns: 300 },
    )
    assert.ok(unknown > 100, `${unknown} unknown`)
  })

  test('goes as far as is asked', () => {
    const processes = new Processes()
    let parent = INIT
    processes.observe(exec(INIT.started, task(INIT, KERNEL), 'init'))
    for (let pid = 2; pid < 20; pid++) {
      const child = { pid, started: pid * SECOND }
      processes.observe(fork(pid * SECOND + 5, task(child, parent)))
      processes.observe(exec(pid * SECOND + 6, task(child, parent), `/bin/${pid}`))
      parent = child
    }
    const last = { pid: 99, started: 99 * SECOND, parent }
    assert.deepEqual(namesOf(processes.ancestors(last, 3)), ['/bin/19', '/bin/18', '/bin/17'])
    assert.equal(processes.ancestors(last, 64).length, 19)
    assert.deepEqual(processes.ancestors(last, 0), [])
  })

  test('a number that is used again names another process', () => {
    const processes = new Processes()
    const [old, young] = [
      { pid: 7, started: 2 * SECOND },
      { pid: 7, started: 9 * SECOND },
    ]
    processes.observe(exec(3 * SECOND, task(old, INIT), '/bin/old'))
    processes.observe(exit(4 * SECOND, task(old, INIT)))
    processes.observe(exec(10 * SECOND, task(young, INIT), '/bin/young'))
    assert.equal(processes.ancestors({ pid: 8, started: 3.5 * SECOND, parent: old }, 1).map(ancestorName)[0], '/bin/old')
    assert.equal(processes.ancestors({ pid: 9, started: 11 * SECOND, parent: young }, 1).map(ancestorName)[0], '/bin/young')
  })

  test('a refused exec leaves the image as it was', () => {
    const processes = new Processes()
    const self = { pid: 5, started: SECOND }
    processes.observe(exec(SECOND + 1, task(self, INIT), '/bin/sh'))
    processes.observe(exec(SECOND + 2, task(self, INIT), '/tmp/evil', ['refused']))
    assert.equal(processes.imageAt(self, SECOND + 3)?.path, '/bin/sh')
  })

  test('what ran before the oldest image that is kept is unknown, not the next best', () => {
    const processes = new Processes()
    const self = { pid: 5, started: SECOND }
    for (let at = 1; at <= 6; at++) processes.observe(exec(SECOND + at, task(self, INIT), `/bin/${at}`))
    assert.equal(processes.imageAt(self, SECOND + 4)?.path, '/bin/4')
    assert.equal(processes.imageAt(self, SECOND + 1), undefined)
  })

  test('packets in nobody’s time tell nothing', () => {
    const processes = new Processes()
    processes.observe(connect(SECOND, null))
    assert.equal(processes.size, 0)
  })
})

describe('memory is bounded', () => {
  test('whatever comes, no more processes are held than the limit', () => {
    fc.assert(
      fc.property(shuffled, fc.integer({ min: 1, max: 5 }), ({ events }, processes) => {
        const table = new Processes({ processes, exitedFor: 5_000 })
        for (const event of events) {
          table.observe(event)
          assert.ok(table.size <= processes)
        }
      }),
    )
  })

  test('an exited process is found by events that come late, and is forgotten afterwards', () => {
    const processes = new Processes({ processes: 1_000, exitedFor: SECOND })
    const brief = task({ pid: 5, started: SECOND }, INIT, 'brief')
    processes.observe(fork(SECOND, brief))
    processes.observe(exit(SECOND + 1, brief))
    processes.observe(connect(SECOND + 2, brief))
    assert.equal(processes.find(brief)?.exited?.at, SECOND + 1)
    processes.observe(connect(2 * SECOND + 10, task({ pid: 6, started: SECOND }, INIT)))
    assert.equal(processes.find(brief), undefined)
  })

  test('one that has children is kept for as long as they are, and goes with the last of them', () => {
    const processes = new Processes({ processes: 1_000, exitedFor: SECOND })
    const shell = task({ pid: 5, started: SECOND }, INIT)
    const daemon = task({ pid: 6, started: 2 * SECOND }, shell)
    processes.observe(exec(SECOND + 1, shell, '/bin/sh'))
    processes.observe(exec(2 * SECOND + 1, daemon, '/usr/bin/miner'))
    processes.observe(exit(3 * SECOND, shell))
    const orphan = { ...daemon, parent: INIT }
    processes.observe(connect(3600 * SECOND, orphan))
    assert.deepEqual(namesOf(processes.ancestors(orphan)), ['/bin/sh', '?'])
    processes.observe(exit(3601 * SECOND, orphan))
    processes.observe(connect(3700 * SECOND, task({ pid: 7, started: SECOND }, KERNEL)))
    assert.deepEqual([processes.find(daemon), processes.find(shell), processes.size], [undefined, undefined, 1])
  })

  test('what was said of a process stays said when its place is given to others', () => {
    const processes = new Processes({ processes: 4, exitedFor: SECOND })
    const shell = task({ pid: 5, started: SECOND }, INIT, 'sh')
    processes.observe(exec(SECOND, shell, '/bin/sh'))
    processes.observe(exit(SECOND + 1, shell))
    const said = processes.find(shell)
    const copy = structuredClone(said)
    for (let pid = 10; pid < 30; pid++) processes.observe(fork(2 * SECOND + pid, task({ pid, started: 2 * SECOND + pid }, INIT)))
    assert.equal(processes.find(shell), undefined)
    assert.deepEqual(said, copy)
    assert.equal(copy?.images.length, 1)
  })

  test('who takes the place of others has nothing of theirs', () => {
    const processes = new Processes({ processes: 4, exitedFor: SECOND })
    const family = (pid: number, at: number, see: (parent: Task, child: Task) => void) => {
      const [parent, child] = [
        { pid, started: at },
        { pid: pid + 1, started: at + 1 },
      ]
      see(task(parent, KERNEL), task(child, parent))
    }
    for (const at of [10, 12, 14, 16]) {
      family(at, at * SECOND, (parent, child) => {
        processes.observe(exec(at * SECOND, parent, `/bin/${at}`))
        processes.observe(exec(at * SECOND + 1, child, `/bin/${at + 1}`))
        for (const each of [parent, child]) processes.observe(exit(at * SECOND + 2, each))
      })
    }
    // Before and after all that was: rings are not read in the order of time.
    for (const [pid, at] of [5, 6, 7, 20, 21, 22].map((second) => [50 + 2 * second, second * SECOND] as const)) {
      family(pid, at, (parent, child) => {
        processes.observe(fork(at + 1, child))
        const expected = { ...child, parent: { pid, started: at }, slot: 0, images: [], exited: undefined }
        assert.deepEqual([processes.find(child), processes.find(parent), namesOf(processes.ancestors(child))], [expected, undefined, ['?']])
        processes.observe(exit(at + 2, child))
      })
    }
    processes.observe(fork(100 * SECOND, task({ pid: 9, started: 100 * SECOND }, KERNEL)))
    assert.equal(processes.size, 1, 'they were forgotten like any other')
  })

  test('a storm of processes that come and go does not push out the ones that live', () => {
    const processes = new Processes({ processes: 100, exitedFor: 60 * SECOND })
    const daemon = task({ pid: 2, started: SECOND }, INIT)
    processes.observe(exec(SECOND, daemon, '/usr/sbin/daemon'))
    for (let at = 1; at <= 10_000; at++) {
      const brief = task({ pid: 10 + at, started: SECOND + at }, INIT)
      processes.observe(fork(SECOND + at, brief))
      processes.observe(exit(SECOND + at + 1, brief))
    }
    assert.equal(processes.imageAt(daemon, 2 * SECOND)?.path, '/usr/sbin/daemon')
    assert.ok(processes.size <= 100)
  })
})

describe('what was there before the agent', () => {
  const entry = (pid: number, startTicks: number, parent: number, path = ''): ProcEntry => ({
    pid,
    startTicks,
    parent,
    comm: `comm ${pid}`,
    path,
    argv: [path],
    uid: 1,
    euid: 1,
  })
  const machine = [entry(1, 1, 0, '/sbin/init'), entry(40, 500, 1, '/usr/sbin/sshd'), entry(41, 700, 40, '/bin/bash'), entry(2, 1, 0)]
  const reader = (entries: readonly ProcEntry[]) => ({ read: (pid: number) => entries.find((each) => each.pid === pid) })
  // Starts of events have all their digits.
  const bash: ProcessRef = { pid: 41, started: 7_001_234_567 }
  const child = task({ pid: 50, started: 9_000_000_001 }, bash)

  test('is unknown until somebody reads /proc, then whole', () => {
    const processes = new Processes()
    processes.observe(exec(9_100_000_000, child, '/usr/bin/curl'))
    const [unseen] = processes.ancestors(child)
    assert.ok(unseen?.is === 'unknown')
    assert.deepEqual([unseen.pid, unseen.why.code], [41, 'PROCESS_UNSEEN'])
    processes.fill(reader(machine))
    assert.deepEqual(namesOf(processes.ancestors(child)), ['/bin/bash', '/usr/sbin/sshd', '/sbin/init'])
  })

  test('is known from the start after a seed, and goes by the very start that events tell', () => {
    const processes = new Processes()
    processes.seed([...machine].reverse())
    assert.equal(processes.size, machine.length)
    processes.observe(exec(9_100_000_000, child, '/usr/bin/curl'))
    assert.deepEqual(namesOf(processes.ancestors(child)), ['/bin/bash', '/usr/sbin/sshd', '/sbin/init'])
    assert.equal(processes.size, machine.length + 1, 'no process is there twice')
    processes.observe(connect(9_200_000_000, task({ pid: 40, started: 5_009_999_999 }, INIT)))
    assert.deepEqual(namesOf(processes.ancestors(child)), ['/bin/bash', '/usr/sbin/sshd', '/sbin/init'])
  })

  test('a number that another process has by now is not taken for the one that was meant', () => {
    const processes = new Processes()
    processes.observe(exec(9_100_000_000, child, '/usr/bin/curl'))
    processes.fill(reader([entry(41, 880, 1, '/usr/bin/other')]))
    assert.deepEqual(namesOf(processes.ancestors(child)), ['?'])
  })

  test('an event that says otherwise than /proc is believed', () => {
    const processes = new Processes()
    processes.seed(machine)
    processes.observe(exec(8_000_000_000, task(bash, { pid: 40, started: 5_001_111_111 }), '/bin/zsh'))
    processes.observe(fork(9_000_000_002, child))
    assert.deepEqual(namesOf(processes.ancestors(child)), ['/bin/zsh', '/usr/sbin/sshd', '/sbin/init'])
  })

  test('a process that was only heard of by its sockets gets its image', () => {
    const processes = new Processes()
    processes.observe(connect(9_100_000_000, task(bash, { pid: 40, started: 5_001_111_111 })))
    assert.equal(processes.imageAt(bash, 9_100_000_000), undefined)
    processes.fill(reader(machine))
    assert.equal(processes.imageAt(bash, 9_100_000_000)?.path, '/bin/bash')
  })

  test('/proc is asked for so many and no more at a time', () => {
    const processes = new Processes()
    for (let pid = 100; pid < 200; pid++) processes.observe(connect(9_100_000_000, task({ pid, started: 9e9 }, KERNEL)))
    let asked = 0
    const counting = { read: () => void asked++ }
    processes.fill(counting, 30)
    assert.equal(asked, 30)
    for (let more = 0; more < 9; more++) processes.fill(counting, 30)
    assert.equal(asked, 100, 'nobody is asked for twice')
  })
})

function keyOf({ pid, started }: ProcessRef): string {
  return `${pid}:${started}`
}

function isSame(one: ProcessRef, other: ProcessRef): boolean {
  return keyOf(one) === keyOf(other)
}
