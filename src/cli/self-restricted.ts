// The rung below the kernel's: no privilege, no agent. The command restricts itself before its first instruction (Landlock and seccomp,
// src/agent/confine.ts) by the policies that select it. Whatever they ask for beyond that is said, never passed over.
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Confinement } from '../adapters/linux/confinement.ts'
import { fromPolicies } from '../adapters/linux/landlock/from-policy.ts'
import { prepare } from '../adapters/linux/landlock/prepare.ts'
import { FILES, landlockAbi } from '../adapters/linux/landlock/restrict.ts'
import type { Places } from '../agent/places.ts'
import type { Check } from '../core/verdict.ts'
import { type Mode, meant, type Workload } from '../core/workload.ts'
import { type PolicyFile, readPolicies } from '../layers/network/read-policies.ts'
import { follow } from './child.ts'
import { ownPolicies, together } from './own-policies.ts'
import { readPolicyText } from './policy-file.ts'
import { note } from './terminal.ts'

/** What makes a restriction stricter than the policy asks. All else that the kernel lacks ends the start (exit 77). */
const STRICTER: readonly string[] = ['PATH_ABSENT', 'PATH_LINK', 'PATH_KIND', 'LANDLOCK_RENAME']
/** More than a person reads; the rest is counted. */
const TOLD = 12

export interface Subject extends Pick<Workload, 'name' | 'namespace' | 'labels'> {
  readonly mode: Mode
  /** Files whose policies are enforced here; without them, what `apply` kept. */
  readonly policy: readonly string[] | undefined
}

/** Runs the command to its end; resolves to its exit status. */
export async function runSelfRestricted(at: Places, subject: Subject, command: readonly string[]): Promise<number> {
  const { policies, namespaces } = subject.policy === undefined ? ownPolicies(at) : given(subject.policy)
  const chosen = policies.filter(({ applies }) => meant(applies, subject, namespaces))
  const { confinement, cannot } = fromPolicies(chosen, subject.mode)
  const name = `${subject.namespace}/${subject.name}`
  const restricts = confinement.systemCalls.length > 0 || 'executable' in confinement
  if (chosen.length === 0) note(`[self-restricted] no policy selects ${name}: nothing is denied`)
  else if (!restricts) note(`[self-restricted] nothing is denied to ${name}`)
  else note(`[self-restricted] ${name} is restricted by ${chosen.map(({ id }) => id).join(', ')}`)
  const missing = restricts ? prepare(confinement, landlockAbi().abi, FILES).missing : []
  tell([...cannot, ...missing])
  return restricts ? confined({ ...confinement, accepts: STRICTER }, command) : follow(command)
}

function given(files: readonly string[]): PolicyFile {
  return together(
    files.map((each) => {
      const { text, file } = readPolicyText(each)
      return readPolicies(text, file, { mode: 'enforce' })
    }),
  )
}

function tell(checks: readonly Check[]): void {
  for (const { title, verdict, clause } of checks.slice(0, TOLD)) {
    if (verdict.is === 'unknown') note(`unknown: ${title}: ${verdict.why.text}${clause === undefined ? '' : ` (at ${clause})`}`)
  }
  if (checks.length > TOLD) note(`unknown: and ${checks.length - TOLD} more`)
}

/** The description can be longer than an argument may be, so it is handed over as a descriptor. */
async function confined(confinement: Confinement, command: readonly string[]): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'thymus-run-'))
  const path = join(folder, 'confinement.json')
  writeFileSync(path, JSON.stringify(confinement), { mode: 0o600 })
  const description = openSync(path, 'r')
  rmSync(folder, { recursive: true })
  const confine = join(import.meta.dirname, '../agent/confine.ts')
  const words = [process.execPath, '--disable-warning=ExperimentalWarning', confine, 'fd:3', '--', ...command]
  return follow(words, { stdio: ['inherit', 'inherit', 'inherit', description] }).finally(() => closeSync(description))
}
