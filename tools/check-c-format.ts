// The layout of kernel/*.c and *.h is clang-format's (kernel/.clang-format), but for blanks within a line: tables are aligned by hand.
// Prints the first line of each file that differs; exit 1 if there is one.
import { execFileSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'

const files = globSync('kernel/**/*.{c,h}', { exclude: ['kernel/build', 'kernel/lib/vmlinux.h'] }).sort()
try {
  execFileSync('clang-format', ['--version'], { stdio: 'ignore' })
} catch {
  console.error('skipped: clang-format is not installed')
  process.exit(0)
}
for (const file of files) {
  const written = squeeze(readFileSync(file, 'utf8'))
  const wanted = squeeze(execFileSync('clang-format', [file], { encoding: 'utf8' }))
  const line = wanted.findIndex((text, index) => text !== written[index])
  if (line < 0 && wanted.length === written.length) continue
  console.error(`${file}:${line < 0 ? wanted.length : line + 1}: wanted: ${(wanted[line] ?? 'no more lines').trim()}`)
  process.exitCode = 1
}

/** Lines with each run of blanks after the indentation as one. */
function squeeze(text: string): string[] {
  return text.split('\n').map((line) => line.replace(/(\S)[ \t]+/g, '$1 ').trimEnd())
}
