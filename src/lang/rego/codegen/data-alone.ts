// Rules that follow from the data document alone, and functions that follow from it and their argument: what they are once they are for every
// input, as long as the data are the same.
import { signatureOf } from '../builtins/signatures.ts'
import type { Block, Func, Policy } from '../plan/ir.ts'
import { blocksOf, usageOf } from './usage.ts'

/** Builtins that look at the clock or tell somebody something, beside those that OPA calls nondeterministic. */
const LOOK_OUT: ReadonlySet<string> = new Set([
  'crypto.x509.parse_and_verify_certificates',
  'crypto.x509.parse_and_verify_certificates_with_options',
  'internal.print',
  'trace',
])

/** What a function has in it, apart from what it calls. */
interface Look {
  /** Neither the input, nor a `with`, nor anything outside is looked at, and nobody is told of anything. */
  closed: boolean
  /** How much it does, about: what costs less than to look it up is not worth remembering. */
  work: number
  readonly calls: Set<number>
}

/** The work that a rule, and a function of one argument, must have to be kept: that one is asked for by its slot, this one by its argument. */
const [WORK_OF_RULE, WORK_OF_FUNCTION] = [1, 2]

/** The numbers of the rules, and functions of one argument, that are worth keeping from one evaluation to the next. */
export function ofDataAlone(policy: Policy): ReadonlySet<number> {
  const byName = new Map(policy.funcs.map(({ name }, at) => [name, at]))
  const looks = policy.funcs.map((func) => lookAt(func, byName))
  const callers = new Map<number, number[]>()
  looks.forEach(({ calls }, caller) => {
    for (const callee of calls) {
      const known = callers.get(callee)
      if (known === undefined) callers.set(callee, [caller])
      else known.push(caller)
    }
  })
  // Whoever calls one that looks out, looks out.
  const open = [...looks.keys()].filter((at) => !looks[at]!.closed)
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const caller of callers.get(at) ?? []) {
      if (looks[caller]!.closed) open.push(caller)
      looks[caller]!.closed = false
    }
  }
  const isWorth = (at: number): boolean => {
    const { kind, params } = policy.funcs[at]!
    const { closed, work } = looks[at]!
    if (kind === 'rule') return closed && work >= WORK_OF_RULE
    return kind === 'function' && params.length === 3 && closed && work >= WORK_OF_FUNCTION
  }
  return new Set([...looks.keys()].filter(isWorth))
}

function lookAt({ blocks, params }: Func, byName: ReadonlyMap<string, number>): Look {
  const look: Look = { closed: true, work: 0, calls: new Set() }
  const [input] = params
  let passedOn = 0
  const call = (name: string): void => {
    const callee = byName.get(name)
    if (callee !== undefined) look.calls.add(callee)
    else if (LOOK_OUT.has(name) || signatureOf(name)?.nondeterministic !== false) look.closed = false
    look.work++
  }
  const walk = (block: Block): void => {
    for (const statement of block) {
      switch (statement.type) {
        case 'CallStmt': {
          const [first] = statement.args
          if (byName.has(statement.func) && first?.type === 'local' && first.value === input) passedOn++
          call(statement.func)
          break
        }
        case 'InvokeStmt':
          if (statement.input.type === 'local' && statement.input.value === input) passedOn++
          call(statement.func)
          if (statement.otherwise !== undefined) call(statement.otherwise.func)
          break
        case 'ScanStmt':
          look.work += WORK_OF_FUNCTION
          break
        case 'CallDynamicStmt':
        case 'WithStmt':
        case 'WorldStmt':
        case 'ResultSetAddStmt':
        case 'VisitStmt':
          look.closed = false
      }
      for (const inner of blocksOf(statement)) walk(inner)
    }
  }
  for (const block of blocks) walk(block)
  // To pass the input on to a function is not to look at it.
  if (input !== undefined && (usageOf(blocks).reads.get(input) ?? 0) > passedOn) look.closed = false
  return look
}
