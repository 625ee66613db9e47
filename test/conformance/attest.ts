// Evidence that other people recorded: TPM quotes, event logs, IMA logs, SNP reports, SGX and TDX quotes, with the outcome that is known of each.
// PATH is a folder with an `index.json`, or such a file. A `reject` that is accepted is wrong.
import { readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ThymusError } from '../../src/core/errors.ts'
import { azure } from './attest/azure.ts'
import { type AttestCase, type Difference, type Judge, readMember } from './attest/case.ts'
import { dcap } from './attest/dcap.ts'
import { ear } from './attest/ear.ts'
import { firmwareLog } from './attest/firmware-log.ts'
import { ima } from './attest/ima.ts'
import { measuredBoot } from './attest/measured-boot.ts'
import { snp } from './attest/snp.ts'
import { tpm } from './attest/tpm.ts'
import type { SuiteResult } from './suite.ts'

const JUDGES: Readonly<Record<string, Judge>> = { ...tpm, ...firmwareLog, ...ima, ...measuredBoot, ...snp, ...dcap, ...azure, ...ear }

/** Judges every case of the index at a path; `unverified` ones must only end in an answer or a coded error. */
export async function attest(path: string): Promise<SuiteResult> {
  const file = statSync(path).isDirectory() ? join(path, 'index.json') : path
  const index = JSON.parse(readFileSync(file, 'utf8')) as { cases: readonly AttestCase[]; trustAnchors?: unknown }
  const counts = { passed: 0, failed: 0, refused: 0, unverified: 0, wrong: 0 }
  const byKind: Record<string, string> = {}
  const seen: Record<string, [number, number]> = {}
  for (const one of index.cases) {
    const outcome = judge(one, dirname(file), index.trustAnchors)
    const unverified = one.basis === 'unverified'
    const what = unverified && outcome.is !== 'crashed' ? 'unverified' : outcome.is === 'crashed' ? 'failed' : outcome.is
    counts[what]++
    const [right, all] = seen[one.kind] ?? [0, 0]
    seen[one.kind] = [right + (what === 'passed' || what === 'unverified' ? 1 : 0), all + 1]
    if (what === 'failed' || what === 'wrong') console.error(`${what}: ${one.kind} ${one.id}: ${outcome.why}`)
  }
  for (const [kind, [right, all]] of Object.entries(seen)) byKind[kind] = `${right}/${all}`
  return { suite: 'attest', ...counts, byKind }
}

type Outcome = { readonly is: 'passed' } | { readonly is: 'failed' | 'wrong' | 'crashed'; readonly why: string }

function judge(one: AttestCase, root: string, anchors: unknown): Outcome & { why?: string } {
  const ask = Object.hasOwn(JUDGES, one.kind) ? JUDGES[one.kind] : undefined
  if (ask === undefined) return { is: 'failed', why: 'evidence of this kind is not judged' }
  const read = (name: string) => readMember(root, one.files[name]!)
  try {
    const differences = ask(one, { read, has: (name) => Object.hasOwn(one.files, name), root, anchors })
    if (differences.length === 0) return { is: 'passed' }
    return { is: differences.some(({ accepted }) => accepted) ? 'wrong' : 'failed', why: differences.map(told).join('; ') }
  } catch (error) {
    if (error instanceof ThymusError && isRefusalExpected(one)) return { is: 'passed' }
    if (error instanceof ThymusError) return { is: 'failed', why: `${error.code} ${error.at ?? ''}: ${error.message}` }
    return { is: 'crashed', why: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}

/** Bytes that cannot be read are refused as well as those that are wrong. */
const isRefusalExpected = ({ expect }: AttestCase): boolean =>
  ['verify', 'parse', 'outcome', 'signature', 'quote'].some((what) => expect[what] === 'reject')

const told = ({ what, expected, got }: Difference) => `${what}: ${JSON.stringify(got)}, expected ${JSON.stringify(expected)}`
