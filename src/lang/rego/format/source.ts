// A text as `opa fmt` takes it: read as one version of Rego, checked and written for another.
import { bounded } from '../compile/bounded.ts'
import { RegoRejected } from '../errors.ts'
import type { RegoVersion } from '../syntax/ast.ts'
import { parseModule } from '../syntax/module.ts'
import { faultsForV0, faultsForV1 } from './checks.ts'
import { type FormatOptions, format } from './format.ts'

export interface SourceOptions extends FormatOptions {
  /** How the text is read: as v1 if not given. */
  readonly from?: RegoVersion
}

/** The text of a module, formatted. Throws RegoRejected for what cannot be read, or cannot be written for the version. */
export function formatSource(file: string, text: string, options: SourceOptions = {}): string {
  const module = parseModule(file, text, { version: options.from ?? 'v1' })
  return bounded(() => {
    const [fault, ...faults] = [
      ...(options.version === 'v0v1' ? faultsForV0(module) : []),
      ...(options.version === 'v0' ? [] : faultsForV1(module)),
    ]
    if (fault !== undefined) throw new RegoRejected([fault, ...faults])
    return format(module, options)
  })
}
