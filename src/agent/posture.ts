import { existsSync, readFileSync } from 'node:fs'
import type { MachineRoots } from '../adapters/linux/roots.ts'
import type { Layer } from '../core/finding.ts'
import type { LayerPosture, Rung } from '../core/posture.ts'
import { type Check, together, unknown, type Verdict } from '../core/verdict.ts'
import type { Hello } from './protocol.ts'
import { firmware, hardware } from './roots-posture.ts'

export interface Seen {
  /** What the guard saw; null where there is none. */
  readonly hello: Hello | null
  readonly enforcing: { readonly network: number; readonly exec: number; readonly modules: number }
  readonly policies: number
  readonly workloads: number
  /** What the machine shows of hardware and firmware that could vouch for it. */
  readonly roots: MachineRoots
  /** Whether the admission engine refused what it should when it was tried. */
  readonly admission: Verdict
}

/** The board: seven layers, each with what is known of it and how strongly it can act here. */
export function posture(seen: Seen): LayerPosture[] {
  const rungs = seen.hello?.rungs ?? []
  const exec = rungs.filter(({ gate }) => gate === 'exec')
  const modules = rungs.filter(({ gate }) => gate === 'module')
  const sockets = rungs.filter(({ gate }) => gate !== 'exec' && gate !== 'module')
  const none = unknown('NO_PRIVILEGE', `no kernel programs: ${whyNoKernel()}`)
  return [
    hardware(seen.roots),
    withRungs(firmware(seen.roots), modules, seen.enforcing.modules === 0 ? [] : [`module policies enforced: ${seen.enforcing.modules}`]),
    { layer: 'supply', state: { is: 'not built' }, summary: 'SBOM, vulnerabilities, signatures', rungs: [], checks: [] },
    admission(seen.admission),
    row(
      'network',
      seen.hello ? sockets : undefined,
      none,
      `${seen.enforcing.network} of ${seen.policies} policies enforced on ${seen.workloads} workloads`,
    ),
    row('runtime', seen.hello ? exec : undefined, none, `exec events of the node; ${seen.enforcing.exec} exec policies enforced`),
    { layer: 'immunity', state: { is: 'not built' }, summary: 'baseline, anomaly, answer', rungs: [], checks: [] },
  ]
}

/** What can be denied there is shown beside what was found; it does not change what that is. */
const withRungs = (row: LayerPosture, rungs: readonly Rung[], more: readonly string[]): LayerPosture => ({
  ...row,
  summary: [...(row.summary === '' ? [] : [row.summary]), ...more].join(', '),
  rungs,
  checks: [...row.checks, ...checksOf(rungs)],
})

/** The engine is here; a cluster asks a webhook, which runs by itself. */
function admission(engine: Verdict): LayerPosture {
  const webhook = unknown('NOT_SERVED', 'this agent serves none: thymus admission serve')
  const rungs: readonly Rung[] = [
    { gate: 'admit', rung: 'templates, CEL and Pod Security', works: engine },
    { gate: 'admit', rung: 'webhook of a cluster', works: webhook },
  ]
  return {
    layer: 'admission',
    state: engine.is === 'pass' ? webhook : engine,
    summary: engine.is === 'pass' ? 'manifests can be scanned; no cluster asks' : 'Gatekeeper, Pod Security',
    rungs,
    checks: checksOf(rungs),
  }
}

function row(layer: Layer, rungs: readonly Rung[] | undefined, none: Verdict, summary: string): LayerPosture {
  if (rungs === undefined)
    return { layer, state: none, summary: 'workloads restrict themselves (Landlock, seccomp)', rungs: [], checks: [] }
  return { layer, state: together(rungs.map(({ works }) => works)), summary, rungs, checks: checksOf(rungs) }
}

function checksOf(rungs: readonly Rung[]): Check[] {
  return rungs.map(({ gate, rung, works }) => ({
    code: `RUNG_${gate.toUpperCase()}`,
    title: `${gate} can be denied`,
    verdict: works,
    got: rung,
  }))
}

/** Why this process has no kernel programs, as far as it can see. */
function whyNoKernel(): string {
  if (process.getuid!() !== 0) return 'the agent runs as an ordinary user'
  if (!existsSync('/sys/kernel/btf/vmlinux')) return 'the kernel has no BTF'
  return readFileSync('/proc/self/status', 'utf8').includes('CapEff:\t0000000000000000') ? 'no capability' : 'the guard is not there'
}
