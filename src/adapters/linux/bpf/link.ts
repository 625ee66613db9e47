import { closeSync, openSync, readSync, unlinkSync } from 'node:fs'
import { ThymusError } from '../../../core/errors.ts'
import { errnoName, libbpf, type Pointer } from './libbpf.ts'

/** The attachment of a program. It ends when its last holder goes: this object, or its pin. */
export class Link {
  #link: Pointer | undefined
  readonly #fd: number
  #pin: string | undefined

  private constructor(fd: number, link: Pointer | undefined, pin: string | undefined) {
    this.#fd = fd
    this.#link = link
    this.#pin = pin
  }

  static own(link: Pointer): Link {
    return new Link(libbpf().linkFd(link), link, undefined)
  }

  /** Attaches a program, by its descriptor, to a control group (beside whatever is attached there) or, without one, as an iterator. */
  static create(program: number, attachType: number, group?: string): Link {
    const target = group === undefined ? 0 : openSync(group, 'r')
    try {
      const fd = libbpf().linkCreate(program, target, attachType, null)
      if (fd < 0) throw new ThymusError('KERNEL_REFUSED', `cannot attach: ${errnoName(fd)}`, { at: group ?? 'iterator' })
      return new Link(fd, undefined, undefined)
    } finally {
      if (group !== undefined) closeSync(target)
    }
  }

  /** Takes over a pinned link. @throws ThymusError KERNEL_REFUSED if nothing is pinned there. */
  static pinned(path: string): Link {
    const fd = libbpf().objGet(path)
    if (fd < 0) throw new ThymusError('KERNEL_REFUSED', `no link is pinned: ${errnoName(fd)}`, { at: path })
    return new Link(fd, undefined, path)
  }

  /** Keeps the attachment after this process. */
  pin(path: string): this {
    const result = this.#link === undefined ? libbpf().objPin(this.#fd, path) : libbpf().linkPin(this.#link, path)
    if (result !== 0) throw new ThymusError('KERNEL_REFUSED', `cannot pin: ${errnoName(result)}`, { at: path })
    this.#pin = path
    return this
  }

  /** Puts another program in this one's place, with no moment in which none is attached. Tracing links refuse this (EINVAL). */
  update(program: number): void {
    const result = libbpf().linkUpdate(this.#fd, program, null)
    if (result !== 0) throw new ThymusError('KERNEL_REFUSED', `cannot update the link: ${errnoName(result)}`, { at: this.#pin ?? '' })
  }

  /** Runs an iterator link once and yields all that it wrote. */
  read(): Buffer {
    const fd = libbpf().iterCreate(this.#fd)
    if (fd < 0) throw new ThymusError('KERNEL_REFUSED', `cannot iterate: ${errnoName(fd)}`)
    try {
      const chunks: Buffer[] = []
      for (;;) {
        const chunk = Buffer.alloc(65_536)
        const length = readSync(fd, chunk)
        if (length === 0) return Buffer.concat(chunks)
        chunks.push(chunk.subarray(0, length))
      }
    } finally {
      closeSync(fd)
    }
  }

  /** Ends our hold; a pinned attachment stays. */
  close(): void {
    if (this.#link !== undefined) libbpf().linkDestroy(this.#link)
    else closeSync(this.#fd)
    this.#link = undefined
  }

  /** Ends the attachment: unpins it and lets it go. */
  detach(): void {
    if (this.#pin !== undefined) unlinkSync(this.#pin)
    this.#pin = undefined
    this.close()
  }
}
