// Node strips the types of a module that it sees for the first time by a compiler which then stays in memory, 20 MB in each process. What
// came of it is kept in the compile cache. So a process that had to strip starts over, and the second time has nothing to strip.
import { flushCompileCache, getCompileCacheDir } from 'node:module'
import { keepOnExec } from '../adapters/linux/libc.ts'

const STRIPPER = 'NativeModule internal/deps/amaro/dist/index'
const AGAIN = 'THYMUS_STARTED_OVER'

/**
 * To be called before anything else: the process becomes itself again, with nothing but the standard descriptors and `descriptors`.
 * Returns where types were not stripped, where nothing can be kept (no NODE_COMPILE_CACHE), and the second time whatever is.
 */
export function startWarm(descriptors: readonly number[] = []): void {
  const { env, execPath, execArgv, argv } = process
  if (!loadedModules().includes(STRIPPER) || getCompileCacheDir() === undefined || env[AGAIN] !== undefined) return
  flushCompileCache()
  for (const fd of descriptors) keepOnExec(fd, true)
  process.execve?.(execPath, [execPath, ...execArgv, ...argv.slice(1)], { ...env, [AGAIN]: '1' })
}

/** Not in Node's documentation, so perhaps not there. */
function loadedModules(): readonly unknown[] {
  const { moduleLoadList } = process as { readonly moduleLoadList?: unknown }
  return Array.isArray(moduleLoadList) ? moduleLoadList : []
}
