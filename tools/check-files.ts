// What every file of the repository must be: short enough to be read, and about Thymus alone. Prints one line per breach; exit 1 if there is
// one that is no warning.
import { globSync, readFileSync, statSync } from 'node:fs'

/** Lines. What is generated is exempt, and so are tables of data (`*.table.ts`). */
const LONG = 400
const TOO_LONG = 600
const CODE = /(\.(ts|tsx|js|mjs|c|h|css|html|sh)|Makefile|\/[^./]+)$/
const EXEMPT = /\.gen\.|\.table\.ts$|^kernel\/lib\/vmlinux\.h$/
/** Folders that are not of the repository. */
const OUTSIDE = /(^|\/)(node_modules|\.git|\.cache|build|dist)(\/|$)/
/** Bigger ones are data. */
const MAX_BYTES = 2_000_000

const FOREIGN: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/\/work\/\w+/, 'a path of some machine'],
  [/registry\.npmjs\.org|deb\.debian\.org|registry\.yarnpkg\.com/, 'the host of a package registry'],
]
const LOCKFILE: readonly (readonly [pattern: RegExp, what: string])[] = [[/"resolved": *"https?:/, 'an address to download from']]

let breaches = 0
for (const file of globSync('{*,.*,**/*,.ci/*}', { exclude: (path) => OUTSIDE.test(path) })) {
  const found = statSync(file, { throwIfNoEntry: false })
  if (OUTSIDE.test(file) || !found?.isFile() || found.size > MAX_BYTES) continue
  const bytes = readFileSync(file)
  if (bytes.includes(0)) continue
  const lines = bytes.toString('utf8').trimEnd().split('\n')
  if (CODE.test(file) && !EXEMPT.test(file)) measure(file, lines.length)
  for (const [pattern, what] of file.endsWith('package-lock.json') ? [...FOREIGN, ...LOCKFILE] : FOREIGN) {
    const at = lines.findIndex((line) => pattern.test(line))
    if (at >= 0) breach(`${file}:${at + 1}: names ${what}`)
  }
}
process.exitCode = breaches > 0 ? 1 : 0

function measure(file: string, lines: number): void {
  if (lines > TOO_LONG) breach(`${file}: ${lines} lines, at most ${TOO_LONG}`)
  else if (lines > LONG) console.error(`warning: ${file}: ${lines} lines; over ${LONG} want a reason`)
}

function breach(text: string): void {
  breaches++
  console.error(text)
}
