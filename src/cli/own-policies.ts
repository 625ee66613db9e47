// Policies for commands that restrict themselves: where there is no privilege no agent can enforce them, so `apply` keeps them in the user's
// state folder too, and `run` reads them there, with or without an agent.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Places } from '../agent/places.ts'
import { ThymusError } from '../core/errors.ts'
import type { Policy } from '../core/policy.ts'
import { type PolicyFile, readPolicies } from '../layers/network/read-policies.ts'
import type { ApplyRequest } from '../server/api.ts'

type State = Pick<Places, 'state'>
type Given = Pick<ApplyRequest, 'text' | 'file' | 'mode'>

/** A file as it was applied, and what of it still holds: IDs of policies, and `Namespace/NAME`. */
interface Kept {
  readonly given: Given
  readonly holds: readonly string[]
}

/** Keeps what `apply` was given; what is there already under the same ID is replaced. @throws ThymusError POLICY_… */
export function keep(at: State, { text, file, mode }: Given): PolicyFile {
  const given = { text, file, ...(mode === undefined ? {} : { mode }) }
  const read = readKept(given)
  const holds = idsOf(read)
  save(at, [...without(load(at), holds), { given, holds }])
  return read
}

/** Forgets a policy; says whether there was one. */
export function forget(at: State, id: string): boolean {
  const kept = load(at)
  if (!kept.some(({ holds }) => holds.includes(id))) return false
  save(at, without(kept, [id]))
  return true
}

export function ownPolicies(at: State): PolicyFile {
  return together(
    load(at).map(({ given, holds }) => {
      const { policies, namespaces } = readKept(given)
      return {
        policies: policies.filter(({ id }) => holds.includes(id)),
        namespaces: new Map([...namespaces].filter(([name]) => holds.includes(namespaceId(name)))),
      }
    }),
  )
}

/** Several files as one; of two policies with one ID the later holds. */
export function together(files: readonly PolicyFile[]): PolicyFile {
  const policies = new Map<string, Policy>(files.flatMap((file) => file.policies.map((policy) => [policy.id, policy] as const)))
  return { policies: [...policies.values()], namespaces: new Map(files.flatMap((file) => [...file.namespaces])) }
}

function readKept({ text, file, mode }: Given): PolicyFile {
  return readPolicies(text, file, mode === undefined ? {} : { mode })
}

function idsOf({ policies, namespaces }: PolicyFile): string[] {
  return [...policies.map(({ id }) => id), ...[...namespaces.keys()].map(namespaceId)]
}

function namespaceId(name: string): string {
  return `Namespace/${name}`
}

function without(kept: readonly Kept[], ids: readonly string[]): Kept[] {
  const gone = new Set(ids)
  return kept.map(({ given, holds }) => ({ given, holds: holds.filter((id) => !gone.has(id)) })).filter(({ holds }) => holds.length > 0)
}

function load(at: State): readonly Kept[] {
  const path = pathOf(at)
  if (!existsSync(path)) return []
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Kept[]
  } catch (cause) {
    throw new ThymusError('STATE_CORRUPT', 'the kept policies cannot be read; remove the file and apply them again', { at: path, cause })
  }
}

/** Whole or not at all. */
function save(at: State, kept: readonly Kept[]): void {
  const path = pathOf(at)
  try {
    mkdirSync(at.state, { recursive: true, mode: 0o700 })
    writeFileSync(`${path}.new`, JSON.stringify(kept), { mode: 0o600 })
    renameSync(`${path}.new`, path)
  } catch (cause) {
    throw new ThymusError('STATE_FULL', 'the policies cannot be kept', { at: path, cause })
  }
}

function pathOf(at: State): string {
  return join(at.state, 'policies.json')
}
