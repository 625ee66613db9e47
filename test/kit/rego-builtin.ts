import { BUILTINS } from '../../src/lang/rego/builtins/table.ts'
import { DEFAULT_LIMITS, guarded, type Limits, Runtime, type Surroundings } from '../../src/lang/rego/codegen/runtime.ts'
import { printJson, readJson } from '../../src/lang/rego/values/text.ts'

export interface CallOptions {
  readonly strict?: boolean
  /** Nanoseconds since 1970. */
  readonly now?: bigint
  readonly surroundings?: Partial<Surroundings>
  readonly limits?: Partial<Limits>
}

/** Calls a builtin as generated code does, with operands and answer as plain JSON. Undefined is undefined. */
export function callBuiltin(
  name: string,
  operands: readonly unknown[],
  { strict = false, now = 0n, surroundings, limits }: CallOptions = {},
): unknown {
  const runtime = new Runtime({ ...DEFAULT_LIMITS, ...limits }, { now, clock: () => 0, random: () => 0, ...surroundings }, strict)
  const value = guarded(name, BUILTINS.get(name)!)(runtime, ...operands.map((operand) => readJson(JSON.stringify(operand))))
  return value === undefined ? undefined : JSON.parse(printJson(value))
}
