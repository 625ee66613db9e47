import { ThymusError } from '../../core/errors.ts'
import type { Policy } from '../../core/policy.ts'
import type { ApplyRequest, ApplyResult, PolicySummary } from '../../server/api.ts'
import { powerOf } from '../agent-process.ts'
import { type OutputFlags, openOutput } from '../output.ts'
import { type ModeFlags, modeOf, readPolicyText } from '../policy-file.ts'
import { here } from '../session.ts'
import { note, waiting } from '../terminal.ts'

export interface ApplyFlags extends OutputFlags, ModeFlags {
  readonly file?: string
  readonly 'confirm-within'?: number
  readonly 'dry-run'?: boolean
  readonly confirm?: boolean
  readonly rollback?: boolean
}

/** The agent waits for a confirmation for at most a day. */
const LONGEST_SECONDS = 86_400

export async function apply(flags: ApplyFlags): Promise<undefined> {
  const wish = wishOf(flags)
  const output = await openOutput('ApplyResult', flags)
  const { at, client } = here()
  if (wish === 'confirm' || wish === 'rollback') {
    const answer = await client[wish]()
    output.show(answer)
    warn(answer)
    note(wish === 'confirm' ? 'the change stays' : 'the change is undone')
    return
  }
  const power = await powerOf(client)
  if (power === 'no agent' && at.pins !== null && !wish.dryRun) await client.status() // says that nobody answers
  if (power !== 'enforces' && wish.confirmWithinSeconds !== undefined) {
    throw new ThymusError('PRIVILEGE', '--confirm-within takes back what the kernel enforces; this needs an agent that runs as root')
  }
  const answer = power === 'no agent' ? await withoutAgent(at, wish) : await waiting('putting the policies in force', client.apply(wish))
  if (power === 'only sees' && !wish.dryRun) (await import('../own-policies.ts')).keep(at, wish)
  output.show(answer)
  warn(answer)
  remark(wish, answer, power === 'enforces')
}

function wishOf(flags: ApplyFlags): ApplyRequest | 'confirm' | 'rollback' {
  const { file, confirm, rollback } = flags
  if ([file !== undefined, confirm, rollback].filter(Boolean).length !== 1) {
    throw new ThymusError('USAGE', 'apply takes one of -f FILE, --confirm and --rollback')
  }
  const mode = modeOf(flags)
  const within = flags['confirm-within']
  const dryRun = flags['dry-run']
  if (file === undefined) {
    if (mode !== undefined || within !== undefined || dryRun) {
      throw new ThymusError('USAGE', `--${confirm ? 'confirm' : 'rollback'} takes no other flag: it speaks of a change that is made`)
    }
    return confirm ? 'confirm' : 'rollback'
  }
  if (within !== undefined && within > LONGEST_SECONDS) throw new ThymusError('USAGE', '--confirm-within: more than a day')
  return {
    ...readPolicyText(file),
    ...(mode === undefined ? {} : { mode }),
    ...(within === undefined ? {} : { confirmWithinSeconds: within }),
    ...(dryRun ? { dryRun } : {}),
  }
}

/** Nobody enforces, so nothing is in force; what is kept is for `run`. */
async function withoutAgent(at: { readonly state: string }, wish: ApplyRequest): Promise<ApplyResult> {
  const { keep } = await import('../own-policies.ts')
  const { readPolicies } = await import('../../layers/network/read-policies.ts')
  const started = performance.now()
  const { policies } = wish.dryRun ? readPolicies(wish.text, wish.file, wish.mode === undefined ? {} : { mode: wish.mode }) : keep(at, wish)
  const warnings = ['no agent: which workloads are selected is not known']
  return { generation: 0, policies: policies.map(summaryOf), warnings, unconfirmed: null, cut: 0, took: performance.now() - started }
}

export function summaryOf({ id, kind, namespace, mode, source, rules, isolates }: Policy): PolicySummary {
  return { id, kind, namespace, mode, source, rules: rules.length, isolates, workloads: [] }
}

export function warn({ warnings }: ApplyResult): void {
  for (const warning of warnings) note(`warning: ${warning}`)
}

function remark(wish: ApplyRequest, { policies, unconfirmed, cut }: ApplyResult, enforces: boolean): void {
  if (wish.dryRun) {
    note('nothing was changed')
    return
  }
  if (!enforces) {
    note('kept for `thymus run`: a command that it starts restricts itself by the policies that select it')
    return
  }
  if (cut > 0) note(`connections that the policies deny, and that were cut: ${cut}`)
  if (unconfirmed !== null)
    note(`undone in ${Math.max(0, Math.ceil((unconfirmed - Date.now()) / 1000))} s unless confirmed: thymus apply --confirm`)
  if (policies.some(({ mode }) => mode === 'observe')) note(`observe only counts; to deny: thymus apply -f ${wish.file} --enforce`)
}
