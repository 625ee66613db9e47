// The IR as JavaScript. A block of the IR is a labelled block of JS: "undefined" is a break out of it. Functions stay small, because V8 does
// not optimise huge ones: those with many statements keep their locals in an array, and their larger blocks become functions of their own.
// Nothing of the plan's text gets into the code: constants are looked up by number, and names stand nowhere.
import { ThymusError } from '../../../core/errors.ts'
import type { Block, Func, FuncKind, Mock, Operand, Place, Policy, Statement } from '../plan/ir.ts'

/** Statements that a function holds before its blocks move out. */
const LARGE = 150
/** Statements that a block holds before it moves out of a large function. */
const LARGE_BLOCK = 40

/** What the generated code wants to be given. */
export interface Generated {
  /** A function body whose parameters are `K` (constants), `B` (builtins) and `R` (runtime functions); returns plans and functions. */
  readonly code: string
}

export function generate(policy: Policy, builtins: ReadonlyMap<string, number>): Generated {
  const funcs = new Map(policy.funcs.map((func, at) => [func.name, at]))
  const parts: string[] = []
  const context = { policy, builtins, funcs, parts }
  policy.funcs.forEach((func, at) => {
    new FunctionWriter(context, `f${at}`, func.kind, func.params).write(func.blocks, wrapper(func, at))
  })
  policy.plans.forEach((plan, at) => {
    new FunctionWriter(context, `p${at}`, 'rule', [0, 1]).write(plan.blocks, '')
  })
  const names = (letter: string, count: number) => Array.from({ length: count }, (_, at) => `${letter}${at}`).join(', ')
  const ends = `return { plans: [${names('p', policy.plans.length)}], funcs: [${names('f', policy.funcs.length)}] }\n`
  return { code: `'use strict'\n${parts.join('')}${ends}` }
}

/** Counts the call, and sees whether a `with` hides the function; a rule is computed once between two `with`. */
function wrapper(func: Func, at: number): string {
  const params = ['rt', ...func.params.map((param) => `l${param}`)].join(', ')
  const hidden = func.shadow === undefined ? '' : `  ${hiding(func.shadow)}\n`
  const call = `rt.enter()\n  const value = f${at}_body(${params})\n  rt.depth--\n`
  if (func.kind !== 'rule') return `function f${at}(${params}) {\n${hidden}  ${call}  return value\n}\n`
  return `function f${at}(${params}) {
${hidden}  const known = rt.memo[${at}]
  if (known !== undefined) return known[0]
  const memo = rt.memo
  ${call}  memo[${at}] = [value]
  return value
}\n`
}

function hiding({ targets, place }: NonNullable<Func['shadow']>): string {
  const test = targets.map((target) => `rt.shadows.has(${target})`).join(' || ')
  return `if (rt.shadows !== undefined && (${test})) return ${place === undefined ? 'undefined' : `R.stored(l1, ${JSON.stringify(place.slice(1))})`}`
}

interface Context {
  readonly policy: Policy
  readonly builtins: ReadonlyMap<string, number>
  readonly funcs: ReadonlyMap<string, number>
  readonly parts: string[]
}

class FunctionWriter {
  readonly #context: Context
  readonly #name: string
  readonly #kind: FuncKind
  readonly #params: readonly number[]
  readonly #locals = new Set<number>()
  /** Locals that hold the data document, or a part of it that a reference has reached. */
  readonly #data = new Set([1])
  #large = false
  #labels = 0
  #outlined = 0

  constructor(context: Context, name: string, kind: FuncKind, params: readonly number[]) {
    this.#context = context
    this.#name = name
    this.#kind = kind
    this.#params = params
  }

  write(blocks: readonly Block[], wrapper: string): void {
    this.#large = count(blocks) > LARGE
    const body = blocks.map((block) => this.#block(block, [], '  ')).join('')
    const params = this.#params.map((param) => `l${param}`)
    for (const param of this.#params) this.#locals.delete(param)
    const own = [...this.#locals]
    let start = ''
    if (this.#large) start = `  const L = []\n${this.#params.map((param) => `  L[${param}] = l${param}\n`).join('')}`
    else if (own.length > 0) start = `  let ${own.map((local) => `l${local}`).join(', ')}\n`
    const name = wrapper === '' ? this.#name : `${this.#name}_body`
    this.#context.parts.push(`function ${name}(${['rt', ...params].join(', ')}) {\n${start}${body}}\n${wrapper}`)
  }

  /** A labelled block; `outer` are the labels around it, the innermost last. A label beginning with `^` is in a calling function. */
  #block(block: Block, outer: readonly string[], indent: string): string {
    if (this.#large && count([block]) > LARGE_BLOCK) return this.#outline(block, outer, indent)
    const label = `b${this.#labels++}`
    const labels = [...outer, label]
    return `${indent}${label}: {\n${this.#statements(block, labels, `${indent}  `)}${indent}}\n`
  }

  /** The function answers 0 at its end, n to jump out of the n-th block around it, -1 where the whole function has returned into `L.value`. */
  #outline(block: Block, outer: readonly string[], indent: string): string {
    const name = `${this.#name}_${this.#outlined++}`
    const label = `b${this.#labels++}`
    const inside = outer.map((_, at) => `^${outer.length - at}`)
    const body = this.#statements(block, [...inside, label], '    ')
    this.#context.parts.push(`function ${name}(rt, L) {\n  ${label}: {\n${body}  }\n  return 0\n}\n`)
    const jumps = outer.map((_, at) => `${indent}  if (jump === ${outer.length - at}) ${jump(outer[at]!)}\n`)
    const returns = outer[0]?.startsWith('^') ? 'return -1' : 'return L.value'
    const used = [...jumps].filter((_, at) => body.includes(`return ${outer.length - at}\n`))
    return `${indent}{\n${indent}  const jump = ${name}(rt, L)\n${indent}  if (jump === -1) ${returns}\n${used.join('')}${indent}}\n`
  }

  #statements(block: Block, labels: readonly string[], indent: string): string {
    return block.map((statement) => this.#statement(statement, labels, indent)).join('')
  }

  #statement(stmt: Statement, labels: readonly string[], indent: string): string {
    const out = jump(labels.at(-1)!)
    const line = (code: string) => `${indent}${code}\n`
    const need = (...operands: Operand[]) =>
      operands
        .flatMap((operand) => (operand.type === 'local' ? line(`if (${this.#local(operand.value)} === undefined) ${out}`) : []))
        .join('')
    const value = (operand: Operand) => this.#operand(operand)
    const set = (target: number, code: string) => line(`${this.#local(target)} = ${code}`)
    const some = (target: number, code: string) => set(target, code) + line(`if (${this.#local(target)} === undefined) ${out}`)
    const test = (code: string) => line(`if (!(${code})) ${out}`)
    switch (stmt.type) {
      case 'NopStmt':
        return ''
      case 'AssignVarStmt':
        // No test: OPA saves an undefined input by this, and puts it back by a `with` of an undefined value.
        // What is bound to a variable is a value, and no place in the store any more.
        this.#data.delete(stmt.target)
        return set(stmt.target, value(stmt.source))
      case 'AssignVarOnceStmt': {
        const target = this.#local(stmt.target)
        const message =
          this.#kind === 'function'
            ? 'functions must not produce multiple outputs for same inputs'
            : 'complete rules must not produce multiple outputs'
        const clash = `if (${target} !== undefined && !R.equal(${target}, ${value(stmt.source)})) R.conflict('${message}', ${place(stmt.place)})`
        return need(stmt.source) + line(clash) + set(stmt.target, value(stmt.source))
      }
      case 'AssignIntStmt':
      case 'MakeNumberIntStmt':
        return set(stmt.target, String(stmt.value))
      case 'MakeNumberRefStmt':
        return set(stmt.target, value({ type: 'constant', value: stmt.index }))
      case 'MakeNullStmt':
        return set(stmt.target, 'null')
      case 'MakeArrayStmt':
        return set(stmt.target, '[]')
      case 'MakeObjectStmt':
        return set(stmt.target, 'new R.RegoObject()')
      case 'MakeSetStmt':
        return set(stmt.target, 'new R.RegoSet()')
      case 'ResetLocalStmt':
        return set(stmt.target, 'undefined')
      case 'ArrayAppendStmt':
        return this.#counted(stmt.array, 'Array', [stmt.value], out, indent) + line(`${this.#local(stmt.array)}.push(${value(stmt.value)})`)
      case 'SetAddStmt':
        return this.#counted(stmt.set, 'R.RegoSet', [stmt.value], out, indent) + line(`${this.#local(stmt.set)}.add(${value(stmt.value)})`)
      case 'ObjectInsertStmt': {
        const code = `${this.#local(stmt.object)}.set(${value(stmt.key)}, ${value(stmt.value)})`
        return this.#counted(stmt.object, 'R.RegoObject', [stmt.key, stmt.value], out, indent) + line(code)
      }
      case 'ObjectInsertOnceStmt': {
        const code = `R.insertOnce(${this.#local(stmt.object)}, ${value(stmt.key)}, ${value(stmt.value)})`
        return this.#counted(stmt.object, 'R.RegoObject', [stmt.key, stmt.value], out, indent) + line(code)
      }
      case 'ObjectMergeStmt': {
        const [a, b] = [stmt.a, stmt.b].map((local): Operand => ({ type: 'local', value: local })) as [Operand, Operand]
        return need(a, b) + set(stmt.target, `R.merge(${value(a)}, ${value(b)})`)
      }
      case 'DotStmt': {
        const ofData = stmt.source.type === 'local' && this.#data.has(stmt.source.value)
        if (ofData) this.#data.add(stmt.target)
        const code = `R.${ofData ? 'dotData' : 'dot'}(${value(stmt.source)}, ${value(stmt.key)})`
        return need(stmt.source, stmt.key) + some(stmt.target, code)
      }
      case 'GetStmt': {
        const code = `R.${stmt.stored ? 'dotData' : 'dot'}(${value(stmt.source)}, ${value(stmt.key)})`
        return need(stmt.source, stmt.key) + some(stmt.target, code)
      }
      case 'LenStmt':
        return need(stmt.source) + some(stmt.target, `R.length(${value(stmt.source)})`)
      case 'EqualStmt':
        return need(stmt.a, stmt.b) + test(`R.equal(${value(stmt.a)}, ${value(stmt.b)})`)
      case 'NotEqualStmt':
        return need(stmt.a, stmt.b) + test(`!R.equal(${value(stmt.a)}, ${value(stmt.b)})`)
      case 'IsArrayStmt':
        return test(`Array.isArray(${value(stmt.source)})`)
      case 'IsObjectStmt':
        return test(`${value(stmt.source)} instanceof R.RegoObject`)
      case 'IsSetStmt':
        return test(`${value(stmt.source)} instanceof R.RegoSet`)
      case 'IsDefinedStmt':
        return test(`${this.#local(stmt.source)} !== undefined`)
      case 'IsUndefinedStmt':
        return test(`${this.#local(stmt.source)} === undefined`)
      case 'BlockStmt':
        return stmt.blocks.map((block) => this.#block(block, labels, indent)).join('')
      case 'BreakStmt':
        return line(jump(labels.at(-1 - stmt.index)!))
      case 'ReturnLocalStmt': {
        const source = this.#local(stmt.source)
        return labels[0]!.startsWith('^') ? line(`L.value = ${source}`) + line('return -1') : line(`return ${source}`)
      }
      case 'ResultSetAddStmt':
        return line(`if (${this.#local(stmt.value)} === undefined) ${out}`) + line(`rt.results.push(${this.#local(stmt.value)})`)
      case 'CallStmt': {
        // The first two of a function are input and data, and input may be undefined.
        const args = this.#context.funcs.has(stmt.func) ? stmt.args.slice(2) : stmt.args
        return need(...args) + some(stmt.result, this.#call(stmt.func, stmt.args.map(value), stmt.place))
      }
      case 'InvokeStmt':
        return need(...stmt.args) + some(stmt.result, this.#invoke(stmt))
      case 'UpsertStmt': {
        const path = `[${stmt.path.map((index) => `K[${index}]`).join(', ')}]`
        return need(stmt.value) + set(stmt.target, `R.upsert(${value(stmt.source)}, ${path}, ${value(stmt.value)})`)
      }
      case 'InsertPathStmt': {
        const kind = stmt.leaf === 'member' ? 'addAt' : 'insertAt'
        const path = `[${stmt.path.map(value).join(', ')}]`
        return (
          need(...stmt.path, stmt.value) +
          line('if (--rt.fuel < 0) rt.refuel()') +
          line(`R.${kind}(${this.#local(stmt.object)}, ${path}, ${value(stmt.value)}, ${place(stmt.place)})`)
        )
      }
      case 'ReturnStmt':
        return labels[0]!.startsWith('^')
          ? line(`L.value = ${value(stmt.source)}`) + line('return -1')
          : line(`return ${value(stmt.source)}`)
      case 'WorldStmt': {
        const flag = `n${this.#labels++}`
        const mocks = stmt.mocks.map((mock) => `[${mock.mock}, ${this.#mock(mock)}]`)
        const enter = line(`const ${flag}w = rt.enterWorld([${stmt.shadows.join(', ')}], [${mocks.join(', ')}])`)
        const leave = line(`rt.leaveWorld(${flag}w)`) + line(`if (!${this.#flag(flag)}) ${out}`)
        return enter + this.#guardedBlock(stmt.block, flag, labels, indent) + leave
      }
      case 'CallDynamicStmt': {
        const args = stmt.args.map((local) => this.#local(local))
        return need(...stmt.path) + some(stmt.result, `R.callPath([${stmt.path.map(value).join(', ')}], rt, [${args.join(', ')}])`)
      }
      case 'NotStmt': {
        const flag = `n${this.#labels++}`
        const inner = this.#guardedBlock(stmt.block, flag, labels, indent)
        return inner + line(`if (${this.#flag(flag)}) ${out}`)
      }
      case 'WithStmt': {
        const flag = `n${this.#labels++}`
        const target = this.#local(stmt.local)
        const path = `[${stmt.path.map((index) => `K[${index}]`).join(', ')}]`
        const before = `${stmt.path.length === 0 ? '' : need(stmt.value)}${line(`const ${flag}s = [${target}, rt.memo]`)}`
        const replaced = set(stmt.local, stmt.path.length === 0 ? value(stmt.value) : `R.upsert(${target}, ${path}, ${value(stmt.value)})`)
        const after = `${set(stmt.local, `${flag}s[0]`)}${line(`rt.memo = ${flag}s[1]`)}${line(`if (!${this.#flag(flag)}) ${out}`)}`
        return before + replaced + line('rt.memo = []') + this.#guardedBlock(stmt.block, flag, labels, indent) + after
      }
      case 'ScanStmt': {
        const [source, list, pair] = [this.#local(stmt.source), `s${this.#labels++}`, `e${this.#labels++}`]
        const head = [
          `if (${source} === undefined) ${out}`,
          `const ${list} = R.pairs(${source})`,
          `if (${list} === undefined) ${out}`,
          `for (const ${pair} of ${list}) {`,
          '  if (--rt.fuel < 0) rt.refuel()',
          `  ${this.#local(stmt.key)} = ${pair}[0]`,
          `  ${this.#local(stmt.value)} = ${pair}[1]`,
        ]
        return head.map(line).join('') + this.#block(stmt.block, labels, `${indent}  `) + line('}')
      }
    }
  }

  /** A block that sets a flag at its end, so that one sees whether it was left early. */
  #guardedBlock(block: Block, flag: string, labels: readonly string[], indent: string): string {
    const label = `b${this.#labels++}`
    const name = this.#flag(flag)
    const code = this.#statements(block, [...labels, label], `${indent}  `)
    const declared = this.#large ? '' : `${indent}let ${flag}\n`
    return `${declared}${indent}${name} = false\n${indent}${label}: {\n${code}${indent}  ${name} = true\n${indent}}\n`
  }

  #flag(flag: string): string {
    return this.#large ? `L.${flag}` : flag
  }

  #counted(collection: number, kind: string, operands: readonly Operand[], out: string, indent: string): string {
    const tests = operands.filter(({ type }) => type === 'local').map((operand) => `${this.#operand(operand)} === undefined`)
    // A plan of strangers may insert into anything; OPA's only into what it has just made.
    tests.push(`!(${this.#local(collection)} instanceof ${kind})`)
    return `${indent}if (${tests.join(' || ')}) ${out}\n${indent}if (--rt.fuel < 0) rt.refuel()\n`
  }

  #call(name: string, args: readonly string[], at: Place): string {
    const func = this.#context.funcs.get(name)
    if (func !== undefined) {
      const { params } = this.#context.policy.funcs[func]!
      if (params.length !== args.length) throw new ThymusError('REGO_PLAN', `${name} takes ${params.length} arguments, not ${args.length}`)
      return `f${func}(${['rt', ...args].join(', ')})`
    }
    const builtin = this.#context.builtins.get(name)
    if (builtin !== undefined) return `B[${builtin}](${['rt', ...args].join(', ')})`
    const where = `${this.#context.policy.files[at.file] ?? 'plan'}:${at.row}:${at.col}`
    throw new ThymusError('REGO_BUILTIN', `there is no function ${JSON.stringify(name)}`, { at: where })
  }

  #invoke({ func, input, data, args, place }: Extract<Statement, { type: 'InvokeStmt' }>): string {
    const [world, operands] = [[input, data].map((each) => this.#operand(each)), args.map((arg) => this.#operand(arg))]
    const call = this.#call(func, this.#context.funcs.has(func) ? [...world, ...operands] : operands, place)
    const mock = this.#context.policy.mocks.indexOf(func)
    if (mock < 0) return call
    const mocked = `rt.mocks[${mock}](${['rt', ...world, ...operands].join(', ')})`
    return `rt.mocks?.[${mock}] === undefined ? ${call} : ${mocked}`
  }

  #mock(mock: Mock): string {
    if (mock.by === 'value') return `R.always(${this.#operand(mock.value)})`
    const func = this.#context.funcs.get(mock.func)
    if (func === undefined) return `R.unmockedBuiltin(B[${this.#context.builtins.get(mock.func)}])`
    return mock.by === 'rule' ? `(rt, input, data) => f${func}(rt, input, data)` : `R.unmocked(f${func})`
  }

  #operand(operand: Operand): string {
    if (operand.type === 'local') return this.#local(operand.value)
    if (operand.type === 'bool') return String(operand.value)
    return operand.type === 'string_index' ? `K[${operand.value}]` : `K[${operand.value + this.#context.policy.strings.length}]`
  }

  #local(local: number): string {
    if (this.#large) return `L[${local}]`
    this.#locals.add(local)
    return `l${local}`
  }
}

const jump = (label: string) => (label.startsWith('^') ? `return ${label.slice(1)}` : `break ${label}`)
const place = ({ file, row, col }: Place) => `R.at(${file}, ${row}, ${col})`

function count(blocks: readonly Block[]): number {
  let total = 0
  for (const block of blocks) {
    for (const statement of block) {
      total += 1
      if (statement.type === 'BlockStmt') total += count(statement.blocks)
      else if ('block' in statement) total += count([statement.block])
    }
  }
  return total
}
