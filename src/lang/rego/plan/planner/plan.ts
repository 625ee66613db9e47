// Compiled modules and queries as a plan: what OPA's planner does, with statements of our own where they say more.
import type { Compiled, CompiledQuery } from '../../compile/compiled.ts'
import type { Policy } from '../ir.ts'
import { planBody } from './body.ts'
import { Code } from './code.ts'
import { Program } from './program.ts'

/** A query that can be asked by its name. */
export interface Entrypoint {
  readonly name: string
  readonly query: CompiledQuery
}

/** The plan of the queries and of all rules that they lead to. Throws ThymusError REGO_PLAN for what the compiler lets through by mistake. */
export function planPolicy(compiled: Compiled, entrypoints: readonly Entrypoint[], traced = false): Policy {
  const program = new Program(compiled, traced)
  for (const { name, query } of entrypoints) {
    const code = new Code(program, 2)
    const { block } = code.block(() => planQuery(code, query))
    program.addPlan({ name, blocks: [block] })
  }
  return program.finish()
}

/** Adds an object of the author's variables to the result for each solution. */
function planQuery(code: Code, { body, written }: CompiledQuery): void {
  planBody(code, body)
  const object = code.local()
  code.emit({ type: 'MakeObjectStmt', target: object })
  for (const [name, value] of code.bound) {
    const own = written.get(name) ?? name
    if (own.startsWith('__local') || own.startsWith('$')) continue
    code.emit({ type: 'ObjectInsertStmt', object, key: code.program.string(own), value })
  }
  code.emit({ type: 'ResultSetAddStmt', value: object })
}
