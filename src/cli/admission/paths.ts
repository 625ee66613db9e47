// Files and folders that somebody may change while we look on.
import { type FSWatcher, statSync, watch } from 'node:fs'
import { dirname } from 'node:path'

/** The kernel tells of most changes; of a network's file system, or a folder that was replaced, it may not. */
const POLL_MS = 30_000

/** Calls `changed` when something may have changed, too often rather than too seldom. Returns what ends it. */
export function watchPaths(paths: readonly string[], changed: () => void): () => void {
  if (paths.length === 0) return () => {}
  const watchers = paths.flatMap((path) => {
    try {
      return [watching(path, changed)]
    } catch {
      return []
    }
  })
  const timer = setInterval(changed, POLL_MS)
  return () => {
    clearInterval(timer)
    for (const watcher of watchers) watcher.close()
  }
}

/** Of a file its folder: editors put another in its place. */
function watching(path: string, changed: () => void): FSWatcher {
  const isFolder = statSync(path).isDirectory()
  return watch(isFolder ? path : dirname(path), { recursive: isFolder }, changed).on('error', () => {})
}
