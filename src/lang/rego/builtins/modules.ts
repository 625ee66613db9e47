import type { Builtin } from '../codegen/runtime.ts'
import { BuiltinError, type Diagnostic, RegoRejected } from '../errors.ts'
import { parseModule } from '../syntax/module.ts'
import { moduleValue } from '../syntax/tree-value.ts'
import { text } from './operands.ts'

/** Modules as values: their trees, in OPA's form. */
export const MODULES: Readonly<Record<string, Builtin>> = {
  'rego.parse_module': (runtime, name, source) => {
    const [file, written] = [text(name, 1), text(source, 1)]
    runtime.charge(written.length)
    try {
      return moduleValue(parseModule(file, written))
    } catch (error) {
      if (error instanceof RegoRejected) throw new BuiltinError(listed(error.diagnostics))
      throw error
    }
  },
}

/** As OPA lists what is wrong. */
function listed(faults: readonly Diagnostic[]): string {
  const lines = faults.map(({ code, message, at, details }) => {
    const place = at === undefined ? '' : `${at.file === '' ? `${at.row}:${at.col}` : `${at.file}:${at.row}`}: `
    return [`${place}${code}: ${message}`, ...(details?.lines ?? [])].join('\n\t')
  })
  return lines.length === 1 ? `1 error occurred: ${lines[0]}` : `${lines.length} errors occurred:\n${lines.join('\n')}`
}
