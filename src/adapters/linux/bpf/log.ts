import koffi from 'koffi'
import { libbpf, type Pointer, PRINT } from './libbpf.ts'

/** More than any verifier log that was seen (300 KiB); what follows is cut and said to be. */
const MAX_LOG = 1 << 20
const LINE = Buffer.alloc(MAX_LOG)
let lines: string[] = []
let size = 0
let registered: Pointer | undefined

/** From now on libbpf's words go into our log and not to stderr. */
export function captureLog(): void {
  if (registered !== undefined) return
  registered = koffi.register((_level: number, format: string, args: Pointer) => {
    const length = libbpf().vsnprintf(LINE, LINE.length, format, args)
    const text = LINE.toString('utf8', 0, Math.min(length, LINE.length - 1))
    if (size < MAX_LOG) lines.push(text)
    size += length
    return length
  }, koffi.pointer(PRINT))
  libbpf().setPrint(registered)
}

/** What libbpf said since the last call, and forgets it. */
export function takeLog(): string {
  const log = lines.join('')
  lines = []
  size = 0
  return log
}

/**
 * One line that says why: the verifier's last words before its totals, or libbpf's last warning; the full log stays available.
 * The same form as the kernel's users know it: "… (N lines omitted)".
 */
export function summarise(log: string): string {
  const all = log.split('\n').map((line) => line.trim())
  const said = all.filter(
    (line) =>
      line !== '' &&
      !/^(processed \d+ insns|-- (BEGIN|END)|verification time|stack depth|libbpf: .*(BEGIN|END|failed to load|prog '.*': failed|permission error while running as root))/.test(
        line,
      ),
  )
  const last =
    said.findLast((line) => !/^(;|\d+:|R\d|from \d|func#|arg#|reg type|last_idx|regs=)/.test(line)) ?? said.at(-1) ?? 'no reason given'
  const omitted = said.length - 1
  return omitted > 0 ? `${last.replace(/^libbpf: /, '')} (${omitted} lines omitted)` : last.replace(/^libbpf: /, '')
}
