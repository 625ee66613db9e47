import { join } from 'node:path'
import type { Places } from './places.ts'

/** The command line that starts the mind. */
export function confinedMind(_at: Places): string[] {
  return [process.execPath, '--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'mind.ts')]
}
