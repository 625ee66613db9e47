// Every shell script passes shellcheck, its notes on style aside. Exit 1 if one does not.
import { spawnSync } from 'node:child_process'
import { globSync, readFileSync, statSync } from 'node:fs'

const files = globSync('{bin,tools,lab,deploy,.ci}/*')
  .filter((file) => statSync(file).isFile() && /^#!.*\b(ba)?sh\b/.test(readFileSync(file, 'utf8').slice(0, 40)))
  .sort()
const { error, status } = spawnSync('shellcheck', ['--severity=info', ...files], { stdio: 'inherit' })
if (error === undefined) process.exitCode = status ?? 1
else console.error('skipped: shellcheck is not installed')
