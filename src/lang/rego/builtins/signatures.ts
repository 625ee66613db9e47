import { TypeReader } from '../compile/types/notation.ts'
import type { FunctionType } from '../compile/types/type.ts'
import { DECLARATIONS } from './signatures.table.ts'

/** How a builtin is declared, whether or not it is implemented here. */
export interface Signature {
  readonly name: string
  /** How it is written between its operands: `+`, `:=`, `in`. */
  readonly infix: string | undefined
  readonly type: FunctionType
  /** May give many results for one call, as walk does. */
  readonly relation: boolean
  /** The same call may give another result at another time or place. */
  readonly nondeterministic: boolean
  /** Gone in v1. */
  readonly deprecated: boolean
}

let lines: Map<string, string> | undefined
const read = new Map<string, Signature>()

/** OPA's builtins by name, operators and internal ones included; undefined for what OPA does not know. */
export function signatureOf(name: string): Signature | undefined {
  const known = read.get(name)
  if (known !== undefined) return known
  lines ??= linesByName()
  const line = lines.get(name)
  if (line === undefined) return undefined
  const signature = parseSignature(name, line)
  read.set(name, signature)
  return signature
}

/** The names of all of OPA's builtins, sorted. */
export function signatureNames(): readonly string[] {
  lines ??= linesByName()
  return [...lines.keys()]
}

function linesByName(): Map<string, string> {
  const all = DECLARATIONS.trim().split('\n')
  return new Map(all.map((line) => [line.slice(0, line.indexOf('(')), line]))
}

function parseSignature(name: string, line: string): Signature {
  const [, declaration, flags] = /^[^(]*(.*?)((?: infix \S+| relation| nondeterministic| deprecated)*)$/.exec(line)!
  return {
    name,
    infix: / infix (\S+)/.exec(flags!)?.[1],
    type: new TypeReader(declaration!).declaration(),
    relation: flags!.includes(' relation'),
    nondeterministic: flags!.includes(' nondeterministic'),
    deprecated: flags!.includes(' deprecated'),
  }
}
