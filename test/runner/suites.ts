import { globSync, readFileSync } from 'node:fs'

/** Tests that are run in the same way. A file belongs to the suite of its folder, and to `pure` if no folder claims it. */
export interface Suite {
  readonly name: 'pure' | 'kernel' | 'e2e' | 'kube' | 'boots'
  readonly folder: string | undefined
  /** Files at a time: what shares the kernel runs alone. */
  readonly workers: number
  readonly fileSeconds: number
  readonly suiteSeconds: number
  /** How long a file's traces on the machine may take to go; long enough for another run on the same machine to end its own. */
  readonly settleMs: number
}

/** An emulated processor (the lab's) takes about ten times as long for everything. */
export const SLOWNESS = /QEMU TCG/.test(readFileSync('/proc/cpuinfo', 'utf8')) ? 10 : 1

export const SUITES: readonly Suite[] = [
  { name: 'pure', folder: undefined, workers: 2, fileSeconds: 60 * SLOWNESS, suiteSeconds: 900 * SLOWNESS, settleMs: 0 },
  { name: 'kernel', folder: 'test/kernel/', workers: 1, fileSeconds: 120 * SLOWNESS, suiteSeconds: 600 * SLOWNESS, settleMs: 30_000 },
  { name: 'e2e', folder: 'test/e2e/', workers: 1, fileSeconds: 180 * SLOWNESS, suiteSeconds: 900 * SLOWNESS, settleMs: 30_000 },
  // The first file to run may have to build a Kubernetes.
  { name: 'kube', folder: 'test/kube/', workers: 1, fileSeconds: 900, suiteSeconds: 1_800, settleMs: 0 },
  // Of the lab itself; the suite that the word `lab` runs in it is the kernel's.
  { name: 'boots', folder: 'test/lab/', workers: 1, fileSeconds: 600, suiteSeconds: 900, settleMs: 0 },
]

/** All test files of the project, in a fixed order. */
export function testFiles(): string[] {
  return globSync('{src,test,tools,console,lab,bench}/**/*.test.ts', { exclude: (name) => name === 'node_modules' }).sort()
}

export function suiteOf(file: string): Suite {
  return SUITES.find(({ folder }) => folder !== undefined && file.startsWith(folder)) ?? SUITES[0]!
}
