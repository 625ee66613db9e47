import type { Expr } from '../syntax/ast.ts'
import { type Vars, varsOf } from './vars.ts'

/**
 * Tries expressions that wait for variables, in rounds, each round in their order, until a round places none. One is tried again only
 * when a variable of it has become safe, or a long body in the wrong order would take quadratic time. `place` answers with the
 * variables that have become safe.
 */
export function inRounds(waiting: readonly Expr[], safe: Vars, place: (expr: Expr) => ReadonlySet<string> | undefined): void {
  const watchers = watchersOf(waiting, safe)
  const due = new Uint8Array(waiting.length).fill(1)
  const placed = new Uint8Array(waiting.length)
  let [from, to] = [0, waiting.length - 1]
  while (from <= to) {
    let [nextFrom, nextTo] = [waiting.length, -1]
    for (let at = from; at <= to; at++) {
      if (due[at] === 0) continue
      due[at] = 0
      const outputs = place(waiting[at]!)
      if (outputs === undefined) continue
      placed[at] = 1
      for (const name of outputs) {
        for (const watcher of watchers.get(name) ?? []) {
          if (placed[watcher] === 1) continue
          due[watcher] = 1
          if (watcher > at) to = Math.max(to, watcher)
          else {
            nextFrom = Math.min(nextFrom, watcher)
            nextTo = Math.max(nextTo, watcher)
          }
        }
        watchers.delete(name)
      }
    }
    ;[from, to] = [nextFrom, nextTo]
  }
}

/** Which expressions have a variable that is not safe yet. */
function watchersOf(waiting: readonly Expr[], safe: Vars): Map<string, number[]> {
  const watchers = new Map<string, number[]>()
  for (const [at, expr] of waiting.entries()) {
    for (const name of varsOf(expr)) {
      if (safe.has(name)) continue
      const watching = watchers.get(name)
      if (watching === undefined) watchers.set(name, [at])
      else watching.push(at)
    }
  }
  return watchers
}
