import { partsText } from '../../lang/rego/compile/text.ts'
import { dependenciesOf } from '../../lang/rego/dependencies.ts'
import { compilePolicy } from '../../lang/rego/policy.ts'
import type { Term } from '../../lang/rego/syntax/ast.ts'
import { loadFiles } from './files.ts'
import { type ModuleFlags, versionOf } from './flags.ts'
import { rejected } from './rejected.ts'
import { boxed } from './table.ts'

export interface DepsFlags extends ModuleFlags {
  readonly format: 'pretty' | 'json'
}

export async function deps(flags: DepsFlags, query: string): Promise<number> {
  try {
    const policy = compilePolicy(loadFiles(flags.data ?? []).modules, { version: versionOf(flags) })
    const { base, virtual } = dependenciesOf(policy, policy.compileQuery(query))
    if (flags.format === 'json')
      process.stdout.write(`${JSON.stringify({ base: base.map(refJson), virtual: virtual.map(refJson) }, undefined, 2)}\n`)
    else {
      const rows = Array.from({ length: Math.max(base.length, virtual.length) }, (_, at) => [textAt(base, at), textAt(virtual, at)])
      process.stdout.write(boxed(['BASE DOCUMENTS', 'VIRTUAL DOCUMENTS'], rows))
    }
    return 0
  } catch (error) {
    return rejected(error, 1)
  }
}

const textAt = (refs: readonly (readonly Term[])[], at: number) => (refs[at] === undefined ? '' : partsText(refs[at]))

function refJson(parts: readonly Term[]): readonly object[] {
  return parts.map((part) => {
    if (part.kind === 'var') return { type: 'var', value: part.name }
    if (part.kind === 'number') return { type: 'number', value: Number(part.text) }
    return { type: part.kind, value: 'value' in part ? part.value : null }
  })
}
