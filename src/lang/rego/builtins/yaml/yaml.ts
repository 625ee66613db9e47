import type { Builtin } from '../../codegen/runtime.ts'
import { BuiltinError } from '../../errors.ts'
import { text, weigh } from '../operands.ts'
import { readYaml } from './read.ts'
import { writeYaml } from './write.ts'

export const YAML: Readonly<Record<string, Builtin>> = {
  'yaml.marshal': (runtime, a) => {
    weigh(runtime, a)
    return writeYaml(runtime, a)
  },
  'yaml.unmarshal': (runtime, a) => readYaml(runtime, text(a, 1)),
  'yaml.is_valid': (runtime, a) => {
    if (typeof a !== 'string') return false
    try {
      readYaml(runtime, a)
      return true
    } catch (error) {
      if (error instanceof BuiltinError) return false
      throw error
    }
  },
}
