// A live gator beside our engine.
import { execFileSync, spawnSync } from 'node:child_process'
import { homedir } from 'node:os'
import { join } from 'node:path'

export const GATOR_VERSION = '3.23.1'

type Found = { readonly path: string } | { readonly why: string }

/** A gator that is installed, or why there is none. Go names no version of what it builds itself, so any is taken. */
export function findGator(): Found {
  const path = ['gator', join(homedir(), 'go/bin/gator')].find((each) => spawnSync(each, ['version'], { stdio: 'ignore' }).status === 0)
  return path === undefined ? { why: 'no gator is installed' } : { path }
}

/** The same, installed now if need be: that takes minutes. */
export function obtainGator(): Found {
  const found = findGator()
  if ('path' in found) return found
  try {
    execFileSync('go', ['install', `github.com/open-policy-agent/gatekeeper/v3/cmd/gator@v${GATOR_VERSION}`], {
      stdio: 'pipe',
      timeout: 1_800_000,
    })
  } catch (error) {
    return { why: `${found.why}, and Go cannot install it: ${String(error).split('\n')[0]}` }
  }
  return findGator()
}

/** What `gator verify` says of every failed case below a folder, by `SUITE TEST CASE`. */
export function verifyByGator(path: string, folder: string, cel: boolean): ReadonlyMap<string, string> {
  const args = ['verify', '-v', `--enable-k8s-native-validation=${cel}`, `${folder}/...`]
  const { stdout, stderr, error } = spawnSync(path, args, { encoding: 'utf8', maxBuffer: 2 ** 30 })
  if (error !== undefined) throw error
  if (stdout === '') throw new Error(stderr)
  return failuresIn(stdout)
}

function failuresIn(output: string): ReadonlyMap<string, string> {
  const failed = new Map<string, string>()
  const pending: [test: string, name: string, why: string][] = []
  const lines = output.split('\n')
  let test = ''
  for (const [at, line] of lines.entries()) {
    const started = /^=== RUN {3}(.*)$/.exec(line)
    if (started !== null) test = started[1]!
    const broken = /^ {4}--- FAIL: (.*)\t\(/.exec(line)
    if (broken !== null) pending.push([test, broken[1]!, lines[at + 1]!.trim()])
    const whole = /^--- FAIL: (.*)\t\(/.exec(line)
    if (whole !== null && lines[at + 1]!.startsWith('  ')) pending.push([whole[1]!, '', lines[at + 1]!.trim()])
    const suite = /^(?:ok|FAIL)\t(\S+)/.exec(line)
    if (suite !== null) for (const [name, each, why] of pending.splice(0)) failed.set(`${suite[1]} ${name} ${each}`, why)
  }
  return failed
}
