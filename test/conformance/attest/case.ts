// One case of an index of evidence: the files, clock, nonce, anchors and policy that a verifier is given, and what must come of it.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'

export interface AttestCase {
  readonly id: string
  readonly kind: string
  /** Name → path below the index, with `#MEMBER` where the evidence is a part of the file. */
  readonly files: Readonly<Record<string, string>>
  // biome-ignore lint/suspicious/noExplicitAny: each kind has parameters of its own, which its judge reads
  readonly params: Readonly<Record<string, any>>
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly expect: Readonly<Record<string, any>>
  /** `computed`, `source`, both, or `unverified`: then it must only end in an answer or a coded error. */
  readonly basis: string
}

/** What a judge can read: the files of its case, and the anchors beside the index. */
export interface CaseFiles {
  /** The bytes of the case's file of this name. */
  readonly read: (name: string) => Buffer
  /** Whether the case has a file of this name. */
  readonly has: (name: string) => boolean
  /** The folder of the index, for anchors that it names by path. */
  readonly root: string
  /** The index's `trustAnchors`. */
  // biome-ignore lint/suspicious/noExplicitAny: as the index has it
  readonly anchors: any
}

/** Where an answer is not the expected one. `accepted`: evidence that had to be refused was not. */
export interface Difference {
  readonly what: string
  readonly expected: unknown
  readonly got: unknown
  readonly accepted?: boolean
}

/** Verifies the evidence of a case. Nothing returned: all is as expected. It throws for bytes that it refuses, where the case expects no refusal. */
export type Judge = (one: AttestCase, files: CaseFiles) => readonly Difference[]

/** The difference between an expected answer and the one that was given, if there is any: `accept` where anything else is expected is `accepted`. */
export function answered(what: string, expected: unknown, got: unknown): readonly Difference[] {
  return expected === got ? [] : [{ what, expected, got, accepted: got === 'accept' && expected === 'reject' }]
}

/** Differences of the facts that are expected; facts that nobody asks for are no difference. */
export function factsDiffer(
  expected: Readonly<Record<string, unknown>> | undefined,
  got: Readonly<Record<string, unknown>>,
): readonly Difference[] {
  return Object.entries(expected ?? {})
    .filter(([name, value]) => !isDeepStrictEqual(value, got[name]))
    .map(([name, value]) => ({ what: name, expected: value, got: got[name] }))
}

/** The bytes that a path names. Members: `hex`, `base64`, `offset=N,length=N`, or a JSON pointer with an encoding or none behind a comma. */
export function readMember(root: string, path: string): Buffer {
  const [file, member] = path.split('#', 2) as [string, string | undefined]
  const bytes = readFileSync(join(root, file))
  if (member === undefined) return bytes
  const window = /^offset=(\d+),length=(\d+)$/.exec(member)
  if (window !== null) return bytes.subarray(Number(window[1]), Number(window[1]) + Number(window[2]))
  if (member === 'hex' || member === 'base64') return Buffer.from(bytes.toString('latin1').trim().replace(/^0x/, ''), member)
  const [pointer, encoding] = member.split(',', 2) as [string, BufferEncoding | undefined]
  let value: unknown = JSON.parse(bytes.toString('utf8'))
  for (const key of pointer.split('/').slice(1)) value = (value as Record<string, unknown>)[key]
  return typeof value === 'string' ? Buffer.from(value, encoding ?? 'utf8') : Buffer.from(JSON.stringify(value))
}

/** Registers as people and tools write them: a line for each, as `10: 0x7BF1CC…`. */
export function readPcrs(text: Buffer): ReadonlyMap<number, Buffer> {
  const lines = text.toString('latin1').matchAll(/^\s*(\d+)\s*:?\s*(?:0x)?([0-9a-fA-F]+)\s*$/gm)
  return new Map([...lines].map(([, pcr, value]) => [Number(pcr), Buffer.from(value!, 'hex')]))
}
