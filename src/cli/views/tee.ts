import type { Held } from '../../layers/hardware/collateral/piece.ts'
import type { SevMode } from '../../layers/hardware/snp/launch/digest.ts'
import { shellWord } from '../../layers/hardware/snp/launch/guest.ts'
import type { Part } from '../../outputs/output.ts'
import { columnsOf } from './words.ts'

/** What `thymus tee launch` shows. */
export interface Launched {
  readonly mode: SevMode
  /** Launch digest, hexadecimal: MEASUREMENT of a report of SEV-SNP. */
  readonly measurement: string
  readonly policy: string
  /** Undefined for a guest that somebody else's cloud launches. */
  readonly qemu?: readonly string[]
  readonly libvirt?: string
  readonly notes: readonly string[]
}

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

/** What `thymus tee collateral` shows. */
export interface CollateralList {
  readonly items: readonly (Held & { readonly file: string })[]
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
