import { shellWord } from '../../layers/hardware/snp/launch/guest.ts'
import type { Part } from '../../outputs/output.ts'
import type { CollateralList } from '../tee/collateral.ts'
import type { Launched } from '../tee/launch.ts'
import { columnsOf } from './words.ts'

export function launched({ mode, measurement, policy, qemu, libvirt, notes }: Launched): Part[] {
  return [
    { lines: [`${mode}, policy ${policy}`, `measurement ${measurement}`, ...notes.map((each) => `  ${each}`)] },
    ...(qemu === undefined ? [] : [{ lines: ['QEMU:', ...command(qemu).split('\n')] }]),
    ...(libvirt === undefined ? [] : [{ lines: ['libvirt:', ...libvirt.trimEnd().split('\n')] }]),
  ]
}

/** A flag with its value on each line. */
function command([program, ...args]: readonly string[]): string {
  const words = args.map((arg, at) => (arg.startsWith('-') && at > 0 ? ` \\\n  ${shellWord(arg)}` : ` ${shellWord(arg)}`))
  return `${program}${words.join('')}`
}

export function collateralList({ items }: CollateralList): Part[] {
  const day = (at: number | null) => (at === null ? '-' : new Date(at).toISOString().slice(0, 10))
  const rows = items.map(({ kind, of, from, until, state }) => [
    kind,
    of,
    day(from),
    day(until),
    { text: state, tone: state === 'current' ? ('good' as const) : ('doubt' as const) },
  ])
  return [
    {
      table: { columns: columnsOf('WHAT', 'OF', 'FROM', 'UNTIL', 'STATE'), rows },
      none: 'nothing is held: thymus tee collateral add FILE',
    },
  ]
}
