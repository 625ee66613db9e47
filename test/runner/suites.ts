import { globSync } from 'node:fs'

/** Tests that are run in the same way. A file belongs to the suite of its folder, and to `pure` if no folder claims it. */
export interface Suite {
  readonly name: 'pure' | 'kernel' | 'e2e' | 'lab'
  readonly folder: string | undefined
  /** Files at a time: what shares the kernel runs alone. */
  readonly workers: number
  readonly fileSeconds: number
  readonly suiteSeconds: number
  /** How long a file's traces on the machine may take to go; long enough for another run on the same machine to end its own. */
  readonly settleMs: number
}

export const SUITES: readonly Suite[] = [
  { name: 'pure', folder: undefined, workers: 2, fileSeconds: 60, suiteSeconds: 300, settleMs: 0 },
  { name: 'kernel', folder: 'test/kernel/', workers: 1, fileSeconds: 120, suiteSeconds: 600, settleMs: 30_000 },
  { name: 'e2e', folder: 'test/e2e/', workers: 1, fileSeconds: 180, suiteSeconds: 900, settleMs: 30_000 },
  // In a guest that is emulated: `lab/lab test` brings its results back.
  { name: 'lab', folder: 'test/lab/', workers: 1, fileSeconds: 600, suiteSeconds: 1200, settleMs: 0 },
]

/** All test files of the project, in a fixed order. */
export function testFiles(): string[] {
  return globSync('{src,test,tools,console,lab,bench}/**/*.test.ts', { exclude: (name) => name === 'node_modules' }).sort()
}

export function suiteOf(file: string): Suite {
  return SUITES.find(({ folder }) => folder !== undefined && file.startsWith(folder)) ?? SUITES[0]!
}
