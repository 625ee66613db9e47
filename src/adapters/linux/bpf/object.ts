import { existsSync } from 'node:fs'
import koffi from 'koffi'
import { ThymusError } from '../../../core/errors.ts'
import { errnoName, libbpf, type Pointer, SIZE } from './libbpf.ts'
import { Link } from './link.ts'
import { captureLog, summarise, takeLog } from './log.ts'
import { KernelMap } from './map.ts'

export interface OpenOptions {
  /** Folder of a bpf file system: maps that are marked so are pinned there by name, or taken over from there. */
  readonly pins?: string
  /** Programs to load; all of the object's if left out. */
  readonly programs?: readonly string[]
}

/** A refusal by the kernel with the verifier's full log. */
export class LoadError extends ThymusError {
  readonly log: string
  readonly errno: string

  constructor(path: string, errno: string, log: string) {
    super('KERNEL_REFUSED', `${errno}: ${summarise(log)}`, { at: path })
    this.log = log
    this.errno = errno
  }
}

/** One built object: programs and maps, from ELF to the kernel. Closing it frees what was neither pinned nor attached by a kept link. */
export class KernelObject {
  readonly path: string
  #object: Pointer | undefined

  private constructor(path: string, object: Pointer) {
    this.path = path
    this.#object = object
  }

  /** Parses the object; nothing reaches the kernel yet. @throws ThymusError KERNEL_OBJECT if it is not there or is no BPF object. */
  static open(path: string, options: OpenOptions = {}): KernelObject {
    captureLog()
    if (!existsSync(path)) throw new ThymusError('KERNEL_OBJECT', 'the kernel object has not been built (make -C kernel)', { at: path })
    const opts = { sz: SIZE.openOpts, pin_root_path: options.pins ?? null }
    const pointer: Pointer | null = libbpf().objectOpen(path, opts)
    if (!pointer) throw new ThymusError('KERNEL_OBJECT', summarise(takeLog()), { at: path })
    const object = new KernelObject(path, pointer)
    if (options.programs) {
      for (const program of object.#programs()) {
        const name = libbpf().programName(program)
        libbpf().programSetAutoload(program, options.programs.includes(name))
      }
    }
    return object
  }

  /** Sets a `const volatile __u32` that stands alone in its section, before the load. An object without it is left as it is. */
  setConstant(section: string, value: number): void {
    for (const map of this.#all((before) => libbpf().nextMap(this.#pointer, before))) {
      if (libbpf().mapName(map) !== section) continue
      const size = [0]
      const memory: Pointer = libbpf().mapInitialValue(map, size)
      new DataView(koffi.view(memory, Number(size[0]))).setUint32(0, value, true)
    }
  }

  /** @throws LoadError with one line and the full log if the kernel refuses. */
  load(): this {
    takeLog()
    const result = libbpf().objectLoad(this.#pointer)
    if (result !== 0) {
      const error = new LoadError(this.path, errnoName(result), takeLog())
      this.close()
      throw error
    }
    return this
  }

  programs(): string[] {
    return this.#programs().map((program) => libbpf().programName(program))
  }

  programFd(name: string): number {
    return libbpf().programFd(this.#program(name))
  }

  map(name: string): KernelMap {
    const map: Pointer | null = libbpf().findMap(this.#pointer, name)
    if (!map) throw new ThymusError('INTERNAL', `no map ${name}`, { at: this.path })
    return KernelMap.borrow(libbpf().mapFd(map))
  }

  /** uapi/linux/bpf.h enum bpf_prog_type and enum bpf_attach_type, as the section's name says. */
  kindOf(name: string): { readonly type: number; readonly attachType: number } {
    const program = this.#program(name)
    return { type: libbpf().programType(program), attachType: libbpf().programAttachType(program) }
  }

  /** Attaches a program where its section says (tp_btf, raw_tp, lsm, fentry, iter). */
  attach(name: string): Link {
    return this.#linked(name, libbpf().programAttach(this.#program(name)))
  }

  close(): void {
    if (this.#object === undefined) return
    libbpf().objectClose(this.#object)
    this.#object = undefined
  }

  get #pointer(): Pointer {
    if (this.#object === undefined) throw new ThymusError('INTERNAL', 'the object is closed', { at: this.path })
    return this.#object
  }

  #programs(): Pointer[] {
    return this.#all((before) => libbpf().nextProgram(this.#pointer, before))
  }

  #all(next: (before: Pointer | null) => Pointer | null): Pointer[] {
    const found: Pointer[] = []
    for (let at = next(null); at; at = next(at)) found.push(at)
    return found
  }

  #program(name: string): Pointer {
    const program: Pointer | null = libbpf().findProgram(this.#pointer, name)
    if (!program) throw new ThymusError('INTERNAL', `no program ${name}`, { at: this.path })
    return program
  }

  #linked(name: string, link: Pointer | null): Link {
    if (!link) throw new LoadError(`${this.path}:${name}`, errnoName(), takeLog())
    return Link.own(link)
  }
}
