// Flags that several commands have, and how flags are written down.
import { SEVERITIES } from '../core/finding.ts'
import { MODES } from '../core/workload.ts'
import { label, namespaceName, text } from './parameters.ts'
import { COLOURS } from './terminal.ts'

export const color = { kind: 'enum', values: COLOURS, default: 'auto', brief: 'colours and signs for people; auto: on a terminal' } as const
/** Of every command that has data to show. */
export const output = {
  output: {
    kind: 'parsed',
    parse: text,
    variadic: true,
    optional: true,
    placeholder: 'FORMAT[=FILE]',
    brief: 'table, json, ndjson, yaml or (of findings) sarif, on stdout or into a file',
  },
  'no-trunc': { kind: 'boolean', optional: true, withNegated: false, brief: 'do not cut to the width of the terminal' },
  color,
} as const
export const o = { o: 'output' } as const

/** One that is there or not. */
export const flag = (brief: string) => ({ kind: 'boolean', optional: true, withNegated: false, brief }) as const
/** One with a value, which may be left out. */
export const given = <T>(parse: (input: string) => T, placeholder: string, brief: string) =>
  ({ kind: 'parsed', parse, optional: true, placeholder, brief }) as const
/** One with a value, which may not be left out. */
export const needed = <T>(parse: (input: string) => T, placeholder: string, brief: string) =>
  ({ kind: 'parsed', parse, placeholder, brief }) as const
/** One with a value, which is `value` where it is left out. */
export const withDefault = <T>(parse: (input: string) => T, value: string, placeholder: string, brief: string) =>
  ({ kind: 'parsed', parse, default: value, placeholder, brief }) as const
/** One that may be given several times. */
export const many = <T>(parse: (input: string) => T, placeholder: string, brief: string) =>
  ({ kind: 'parsed', parse, optional: true, variadic: true, placeholder, brief }) as const
/** The only operand of a command. */
export const one = <T>(parse: (input: string) => T, placeholder: string, brief: string) =>
  ({ kind: 'tuple', parameters: [{ parse, placeholder, brief }] }) as const
export const namespace = withDefault(namespaceName, 'default', 'NAMESPACE', 'where it belongs')
export const failOn = {
  kind: 'enum',
  values: [...SEVERITIES, 'none'],
  default: 'high',
  brief: 'exit with 2 if a finding is at least this severe; high, what would be refused, where it is left out',
} as const
export const labels = many(label, 'KEY=VALUE', 'what policies select it by')
export const mode = { kind: 'enum', values: MODES, optional: true, brief: 'the most that a policy may do to it' } as const
