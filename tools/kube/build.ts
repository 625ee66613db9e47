// Builds a Kubernetes to test against: etcd, kube-apiserver and kubectl, as Go modules at fixed versions, into `.cache/kube`. The first time
// takes minutes; what is there already is not built again. Alone: `bin/node tools/kube/build.ts`.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'

/** Those of the modules beside this file. */
export const KUBERNETES_VERSION = '1.34.4'
export const ETCD_VERSION = '3.6.5'

const CACHE = join(import.meta.dirname, `../../.cache/kube/${KUBERNETES_VERSION}-${ETCD_VERSION}`)
const STAMP = `-X k8s.io/component-base/version.gitVersion=v${KUBERNETES_VERSION}`
const MINUTES = 20

const PROGRAMS = {
  etcd: { module: 'etcd', path: 'go.etcd.io/etcd/server/v3', flags: [] },
  apiserver: { module: 'apiserver', path: 'k8s.io/kubernetes/cmd/kube-apiserver', flags: ['-ldflags', STAMP] },
  kubectl: { module: 'apiserver', path: 'k8s.io/kubernetes/cmd/kubectl', flags: ['-ldflags', STAMP] },
} as const

type Program = keyof typeof PROGRAMS
/** Paths of the programs. */
export type KubePrograms = Readonly<Record<Program, string>>

const NAMES = Object.keys(PROGRAMS) as readonly Program[]
const programs = Object.fromEntries(NAMES.map((name) => [name, join(CACHE, name)])) as KubePrograms

/** The programs, built now if need be; a text says why there are none. `KUBE=0` in the environment: only what is there already. */
export function obtainKube(): KubePrograms | string {
  const missing = NAMES.filter((name) => !existsSync(programs[name]))
  if (missing.length > 0 && process.env.KUBE === '0') return `no ${missing.join(', ')} is built yet, and KUBE=0 forbids to`
  try {
    mkdirSync(CACHE, { recursive: true })
    for (const name of missing) build(name)
  } catch (error) {
    const said = String((error as { stderr?: Buffer }).stderr ?? '').trim() || String(error)
    return `Go cannot build a Kubernetes: ${said.split('\n').at(-1)}`
  }
  return programs
}

/** Another run may build the same at the same time: each writes a file of its own, and either will do. */
function build(name: Program): void {
  const { module, path, flags } = PROGRAMS[name]
  const unfinished = `${programs[name]}.${process.pid}`
  execFileSync('go', ['build', ...flags, '-o', unfinished, path], {
    cwd: join(import.meta.dirname, module),
    env: { ...process.env, CGO_ENABLED: '0' },
    stdio: 'pipe',
    timeout: MINUTES * 60_000,
  })
  renameSync(unfinished, programs[name])
}

if (import.meta.main) {
  const found = obtainKube()
  if (typeof found === 'string') console.error(found)
  else for (const path of Object.values(found)) console.log(path)
  process.exitCode = typeof found === 'string' ? 1 : 0
}
