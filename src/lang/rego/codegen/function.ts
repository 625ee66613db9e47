// One function of the IR as functions of JavaScript.
import { ThymusError } from '../../../core/errors.ts'
import type { Block, FuncKind, Index, Mock, Operand, Place, Policy, Statement } from '../plan/ir.ts'
import { isNumber, RegoSet, type Value } from '../values/value.ts'
import { intrinsic, type Written } from './intrinsics.ts'
import { countStaying, touched, type Usage, usageOf } from './usage.ts'

/** Statements that a function holds before its blocks move out. */
const LARGE = 250
/** Statements that a block holds before it moves out of a large function. */
const LARGE_BLOCK = 40

/** The JavaScript in the making. */
export interface Module {
  readonly policy: Policy
  readonly builtins: ReadonlyMap<string, number>
  readonly funcs: ReadonlyMap<string, number>
  readonly parts: string[]
  /** Constants and builtins that the code names. */
  readonly constants: Set<number>
  readonly calledBuiltins: Set<number>
  readonly indexes: Index[]
  readonly indexParts: string[]
}

type Of<T extends Statement['type']> = Extract<Statement, { type: T }>

/** Blocks as functions: each gives what the function around returns, or what a local of it becomes, or nothing. */
interface Detached {
  readonly names: readonly string[]
  readonly params: readonly number[]
  readonly gives: 'return' | number | undefined
}

export class FunctionWriter {
  readonly #module: Module
  readonly #name: string
  readonly #kind: FuncKind
  readonly #params: readonly number[]
  readonly #locals = new Set<number>()
  /** Locals that hold the data document, or a part of it that a reference has reached. */
  readonly #data = new Set([1])
  /** Locals that have a value here, in the order in which that was seen. */
  readonly #defined: number[] = []
  #usage: Usage = usageOf([])
  /** A look-up that is written where its value is needed. */
  #pending: { readonly local: number; readonly code: string } | undefined
  /** Locals are in an array `L`, so that blocks can be functions of their own whatever they use. */
  #large = false
  /** What is written now stands in a block that is a function of its own. */
  #away = false
  #labels = 0
  #outlined = 0

  constructor(
    module: Module,
    name: string,
    kind: FuncKind,
    params: readonly number[],
    defined: readonly number[] = [1, ...params.slice(2)],
  ) {
    this.#module = module
    this.#name = name
    this.#kind = kind
    this.#params = params
    this.#defined.push(...defined)
  }

  /** `gives`: a local that is the function's value at its end. */
  write(blocks: readonly Block[], gives?: number): void {
    this.#usage = usageOf(blocks)
    for (const param of this.#params) if (this.#usage.writes.has(param)) this.#usage.volatile.add(param)
    this.#large = countStaying(blocks) > LARGE
    const body = blocks.map((block) => this.#block(block, [], '  ')).join('')
    for (const param of this.#params) this.#locals.delete(param)
    const params = this.#params.map((param) => `l${param}`)
    let start = ''
    if (this.#large) start = `  const L = []\n${this.#params.map((param) => `  L[${param}] = l${param}\n`).join('')}`
    else if (this.#locals.size > 0) start = `  let ${[...this.#locals].map((local) => `l${local}`).join(', ')}\n`
    const end = gives === undefined ? '' : `  return ${this.#local(gives)}\n`
    this.#module.parts.push(`function ${this.#name}(${['rt', ...params].join(', ')}) {\n${start}${body}${end}}\n`)
  }

  /** A labelled block; `outer` are the labels around it, the innermost last. A label beginning with `^` is in a calling function. */
  #block(block: Block, outer: readonly string[], indent: string): string {
    if (this.#large && usageOf([block]).count > LARGE_BLOCK) return this.#outline(block, outer, indent)
    const label = `b${this.#labels++}`
    const body = this.#statements(block, [...outer, label], `${indent}  `)
    if (body.includes(`break ${label}\n`)) return `${indent}${label}: {\n${body}${indent}}\n`
    return /^\s*(const|let) /m.test(body) ? `${indent}{\n${body}${indent}}\n` : body.replaceAll(/^ {2}/gm, '')
  }

  /** The function answers 0 at its end, n to jump out of the n-th block around it, -1 where the whole function has returned into `L.value`. */
  #outline(block: Block, outer: readonly string[], indent: string): string {
    const name = `${this.#name}_${this.#outlined++}`
    const label = `b${this.#labels++}`
    const inside = outer.map((_, at) => `^${outer.length - at}`)
    const before = this.#away
    this.#away = true
    const body = this.#statements(block, [...inside, label], '    ')
    this.#away = before
    this.#module.parts.push(`function ${name}(rt, L) {\n  ${label}: {\n${body}  }\n  return 0\n}\n`)
    const jumps = outer.map((_, at) => `${indent}  if (jump === ${outer.length - at}) ${jump(outer[at]!)}\n`)
    const returns = this.#away ? 'return -1' : 'return L.value'
    const used = [...jumps].filter((_, at) => body.includes(`return ${outer.length - at}\n`))
    return `${indent}{\n${indent}  const jump = ${name}(rt, L)\n${indent}  if (jump === -1) ${returns}\n${used.join('')}${indent}}\n`
  }

  /** What is seen to have a value in a block is not known behind it. */
  #statements(block: Block, labels: readonly string[], indent: string): string {
    const before = this.#defined.length
    let code = ''
    for (let at = 0; at < block.length; at++) {
      const [statement, next] = [block[at]!, block[at + 1]]
      if (statement.type === 'GetStmt' && this.#leadsOn(statement, next)) {
        code += this.#need([statement.key], labels, indent)
        this.#pending = { local: statement.target, code: this.#get(statement) }
      } else if (statement.type === 'InvokeStmt' && this.#isTested(statement, next)) {
        code += this.#test(statement, labels, indent)
        at++
      } else code += this.#statement(statement, labels, indent)
    }
    this.#defined.length = before
    return code
  }

  /** Whether the next statement goes on from the value that this one finds, and nothing else needs it. */
  #leadsOn(statement: Of<'GetStmt'>, next: Statement | undefined): boolean {
    return (
      !this.#large &&
      next?.type === 'GetStmt' &&
      next.source.type === 'local' &&
      next.source.value === statement.target &&
      this.#usage.reads.get(statement.target) === 1
    )
  }

  /** Whether a call is only there to be true. */
  #isTested(statement: Of<'InvokeStmt'>, next: Statement | undefined): boolean {
    return (
      next?.type === 'NotEqualStmt' &&
      next.a.type === 'local' &&
      next.a.value === statement.result &&
      next.b.type === 'bool' &&
      !next.b.value &&
      this.#usage.reads.get(statement.result) === 1
    )
  }

  #test(stmt: Of<'InvokeStmt'>, labels: readonly string[], indent: string): string {
    const out = jump(labels.at(-1)!)
    const { code, boolean } = this.#invoke(stmt)
    const need = this.#need(stmt.args, labels, indent)
    if (boolean) return `${need}${indent}if (!(${code})) ${out}\n`
    const flag = `t${this.#labels++}`
    return `${need}${indent}const ${flag} = ${code}\n${indent}if (${flag} === undefined || ${flag} === false) ${out}\n`
  }

  #statement(stmt: Statement, labels: readonly string[], indent: string): string {
    const out = jump(labels.at(-1)!)
    const line = (code: string) => `${indent}${code}\n`
    const need = (...operands: Operand[]) => this.#need(operands, labels, indent)
    const value = (operand: Operand) => this.#operand(operand)
    const set = (target: number, code: string) => line(`${this.#local(target)} = ${code}`)
    const make = (target: number, code: string) => {
      this.#define(target)
      return set(target, code)
    }
    const some = (target: number, code: string) => {
      this.#define(target)
      return set(target, code) + line(`if (${this.#local(target)} === undefined) ${out}`)
    }
    const test = (code: string) => line(`if (!(${code})) ${out}`)
    switch (stmt.type) {
      case 'NopStmt':
        return ''
      case 'VisitStmt':
        return line(`rt.visit(${stmt.mark})`)
      case 'AssignVarStmt':
        // No test: OPA saves an undefined input by this, and puts it back by a `with` of an undefined value.
        // What is bound to a variable is a value, and no place in the store any more.
        this.#data.delete(stmt.target)
        if (this.#isDefined(stmt.source)) this.#define(stmt.target)
        return set(stmt.target, value(stmt.source))
      case 'AssignVarOnceStmt': {
        const target = this.#local(stmt.target)
        const message =
          this.#kind === 'function'
            ? 'functions must not produce multiple outputs for same inputs'
            : 'complete rules must not produce multiple outputs'
        const clash = `if (${target} !== undefined && !equal(${target}, ${value(stmt.source)})) conflict('${message}', ${place(stmt.place)})`
        return need(stmt.source) + line(clash) + set(stmt.target, value(stmt.source))
      }
      case 'AssignIntStmt':
      case 'MakeNumberIntStmt':
        return make(stmt.target, String(stmt.value))
      case 'MakeNumberRefStmt':
        return make(stmt.target, value({ type: 'constant', value: stmt.index }))
      case 'MakeNullStmt':
        return make(stmt.target, 'null')
      case 'MakeArrayStmt':
        return make(stmt.target, '[]')
      case 'MakeObjectStmt':
        return make(stmt.target, 'new RegoObject()')
      case 'MakeSetStmt':
        return make(stmt.target, 'new RegoSet()')
      case 'ResetLocalStmt':
        return set(stmt.target, 'undefined')
      case 'ArrayAppendStmt':
        return need(stmt.value) + this.#add(stmt.array, 'Array', `push(${value(stmt.value)})`, labels, indent)
      case 'SetAddStmt':
        return need(stmt.value) + this.#add(stmt.set, 'RegoSet', `add(${value(stmt.value)})`, labels, indent)
      case 'ObjectInsertStmt':
        return (
          need(stmt.key, stmt.value) + this.#add(stmt.object, 'RegoObject', `set(${value(stmt.key)}, ${value(stmt.value)})`, labels, indent)
        )
      case 'ObjectInsertOnceStmt':
        return (
          need(stmt.key, stmt.value) +
          line(`if (!(${this.#local(stmt.object)} instanceof RegoObject)) ${out}`) +
          line(`insertOnce(${this.#local(stmt.object)}, ${value(stmt.key)}, ${value(stmt.value)})`)
        )
      case 'ObjectMergeStmt': {
        const [a, b] = [local(stmt.a), local(stmt.b)]
        return need(a, b) + make(stmt.target, `merge(${value(a)}, ${value(b)})`)
      }
      case 'DotStmt': {
        const stored = stmt.source.type === 'local' && this.#data.has(stmt.source.value)
        if (stored) this.#data.add(stmt.target)
        return need(stmt.source, stmt.key) + some(stmt.target, this.#get({ ...stmt, type: 'GetStmt', stored }))
      }
      case 'GetStmt':
        return need(stmt.key) + some(stmt.target, this.#get(stmt))
      case 'PathStmt':
        return set(
          stmt.target,
          stmt.path.reduce((code, key) => this.#dot(code, key, false), value(stmt.source)),
        )
      case 'LenStmt':
        return need(stmt.source) + some(stmt.target, `length(${value(stmt.source)})`)
      case 'EqualStmt':
        return need(stmt.a, stmt.b) + line(`if (${this.#equal(stmt.a, stmt.b, true)}) ${out}`)
      case 'NotEqualStmt':
        return need(stmt.a, stmt.b) + line(`if (${this.#equal(stmt.a, stmt.b, false)}) ${out}`)
      case 'IsArrayStmt':
        return test(`Array.isArray(${value(stmt.source)})`)
      case 'IsObjectStmt':
        return test(`${value(stmt.source)} instanceof RegoObject`)
      case 'IsSetStmt':
        return test(`${value(stmt.source)} instanceof RegoSet`)
      case 'IsDefinedStmt':
        return need(local(stmt.source))
      case 'IsUndefinedStmt':
        return test(`${this.#local(stmt.source)} === undefined`)
      case 'BlockStmt':
        return stmt.blocks.map((block) => this.#block(block, labels, indent)).join('')
      case 'SelectStmt':
        return this.#select(stmt, labels, indent)
      case 'BreakStmt':
        return line(jump(labels.at(-1 - stmt.index)!))
      case 'ReturnLocalStmt':
      case 'ReturnStmt': {
        const source = stmt.type === 'ReturnStmt' ? value(stmt.source) : this.#local(stmt.source)
        return this.#away ? line(`L.value = ${source}`) + line('return -1') : line(`return ${source}`)
      }
      case 'ResultSetAddStmt':
        return need(local(stmt.value)) + line(`rt.results.push(${this.#local(stmt.value)})`)
      case 'CallStmt': {
        // The first two of a function are input and data, and input may be undefined.
        const isFunction = this.#module.funcs.has(stmt.func)
        const operands = isFunction ? stmt.args.slice(2) : stmt.args
        const code = isFunction ? this.#callFunction(stmt, stmt.args) : this.#callBuiltin(stmt, stmt.args).code
        return need(...operands) + some(stmt.result, code)
      }
      case 'InvokeStmt':
        return need(...stmt.args) + some(stmt.result, this.#invoke(stmt).code)
      case 'UpsertStmt': {
        const path = `[${stmt.path.map((index) => this.#constant(index)).join(', ')}]`
        return need(stmt.value) + make(stmt.target, `upsert(${value(stmt.source)}, ${path}, ${value(stmt.value)})`)
      }
      case 'InsertPathStmt': {
        const path = `[${stmt.path.map(value).join(', ')}]`
        const call = stmt.leaf === 'member' ? 'addAt' : 'insertAt'
        return (
          need(...stmt.path, stmt.value) + line(`${call}(${this.#local(stmt.object)}, ${path}, ${value(stmt.value)}, ${place(stmt.place)})`)
        )
      }
      case 'CallDynamicStmt': {
        const args = stmt.args.map((arg) => this.#local(arg))
        return need(...stmt.path) + some(stmt.result, `callPath([${stmt.path.map(value).join(', ')}], rt, [${args.join(', ')}])`)
      }
      case 'NotStmt': {
        const flag = `n${this.#labels++}`
        const inner = this.#guardedBlock(stmt.block, flag, labels, indent)
        return inner + line(`if (${this.#flag(flag)}) ${out}`)
      }
      case 'WorldStmt': {
        const flag = `n${this.#labels++}`
        const mocks = stmt.mocks.map((mock) => `[${mock.mock}, ${this.#mock(mock)}]`)
        const enter = line(`const ${flag}w = rt.enterWorld([${stmt.shadows.join(', ')}], [${mocks.join(', ')}])`)
        const leave = line(`rt.leaveWorld(${flag}w)`) + line(`if (!${this.#flag(flag)}) ${out}`)
        return enter + this.#guardedBlock(stmt.block, flag, labels, indent) + leave
      }
      case 'WithStmt': {
        const flag = `n${this.#labels++}`
        const target = this.#local(stmt.local)
        const path = `[${stmt.path.map((index) => this.#constant(index)).join(', ')}]`
        const before = `${stmt.path.length === 0 ? '' : need(stmt.value)}${line(`const ${flag}s = [${target}, rt.memo]`)}`
        const replaced = set(stmt.local, stmt.path.length === 0 ? value(stmt.value) : `upsert(${target}, ${path}, ${value(stmt.value)})`)
        const after = `${set(stmt.local, `${flag}s[0]`)}${line(`rt.memo = ${flag}s[1]`)}${line(`if (!${this.#flag(flag)}) ${out}`)}`
        return before + replaced + line('rt.memo = []') + this.#guardedBlock(stmt.block, flag, labels, indent) + after
      }
      case 'ScanStmt':
        return need(local(stmt.source)) + this.#scan(stmt, labels, indent)
    }
  }

  #scan(stmt: Of<'ScanStmt'>, labels: readonly string[], indent: string): string {
    const source = this.#local(stmt.source)
    const [list, at, keyed] = [`s${this.#labels}`, `i${this.#labels}`, `o${this.#labels}`]
    this.#labels++
    const before = this.#defined.length
    const head = [`const ${list} = items(${source})`, `if (${list} === undefined) ${jump(labels.at(-1)!)}`]
    const used = [stmt.key, stmt.value].map((each) => this.#usage.reads.has(each))
    if (used[0] || used[1]) head.push(`const ${keyed} = ${source} instanceof RegoObject`)
    head.push(`for (let ${at} = 0; ${at} < ${list}.length; ${at}++) {`, '  if (--rt.fuel < 0) rt.refuel()')
    const item = `${list}[${at}]`
    if (used[0]) head.push(`  ${this.#local(stmt.key)} = ${keyed} ? ${item}[0] : Array.isArray(${source}) ? ${at} : ${item}`)
    if (used[1]) head.push(`  ${this.#local(stmt.value)} = ${keyed} ? ${item}[1] : ${item}`)
    for (const each of [stmt.key, stmt.value]) this.#define(each)
    const body = this.#block(stmt.block, labels, `${indent}  `)
    this.#defined.length = before
    return `${head.map((code) => `${indent}${code}\n`).join('')}${body}${indent}}\n`
  }

  /** Blocks that are many, or in an index, become functions. */
  #select({ blocks, indexes, sources }: Of<'SelectStmt'>, labels: readonly string[], indent: string): string {
    const bodies = this.#large || (indexes.length === 0 && this.#usage.count <= LARGE) ? undefined : this.#detach(blocks)
    if (bodies === undefined) return blocks.map((block) => this.#block(block, labels, indent)).join('')
    const indexed = new Set<number>()
    let code = ''
    for (const index of indexes) {
      collect(index, indexed)
      const name = `x${this.#module.indexes.push(index) - 1}`
      const list = bodies.names.join(', ')
      this.#module.indexParts.push(`const ${name} = selector(X[${name.slice(1)}], [${list}])\n`)
      const found = `select(${[name, ...sources.map((source) => this.#local(source))].join(', ')})`
      code += `${indent}for (const body of ${found}) {\n${this.#callBody('body', bodies, `${indent}  `)}${indent}}\n`
    }
    bodies.names.forEach((name, at) => {
      if (!indexed.has(at)) code += this.#callBody(name, bodies, indent)
    })
    return code
  }

  /** The blocks as functions that are called in one and the same way; undefined where they give different things. */
  #detach(blocks: readonly Block[]): Detached | undefined {
    const shared = new Set<number>()
    const written = new Set<number>()
    let returns = false
    for (const block of blocks) {
      const inside = usageOf([block])
      for (const each of touched(inside)) {
        if (!this.#params.includes(each) && !this.#isOutside(each, inside)) continue
        shared.add(each)
        if (inside.writes.has(each)) written.add(each)
      }
      returns ||= inside.returns
    }
    if (written.size > 1 || (returns && written.size > 0)) return undefined
    const params = [...shared].sort((a, b) => a - b)
    const defined = this.#defined.filter((each) => shared.has(each))
    const [result] = written
    const names = blocks.map((block) => {
      const name = `${this.#name}_r${this.#outlined++}`
      new FunctionWriter(this.#module, name, this.#kind, params, defined).write([block], result)
      return name
    })
    return { names, params, gives: result ?? (returns ? 'return' : undefined) }
  }

  /** Whether the function uses a local elsewhere too. */
  #isOutside(each: number, inside: Usage): boolean {
    const more = (kind: 'reads' | 'writes') => (this.#usage[kind].get(each) ?? 0) > (inside[kind].get(each) ?? 0)
    return more('reads') || more('writes')
  }

  #callBody(name: string, { params, gives }: Detached, indent: string): string {
    const call = `${name}(${['rt', ...params.map((param) => this.#local(param))].join(', ')})`
    if (gives === undefined) return `${indent}${call}\n`
    if (gives !== 'return') return `${indent}${this.#local(gives)} = ${call}\n`
    const value = `v${this.#labels++}`
    return `${indent}const ${value} = ${call}\n${indent}if (${value} !== undefined) return ${value}\n`
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

  /** Adds to a collection. A plan of strangers may add to anything; OPA's only to what it has just made. */
  #add(collection: number, kind: string, call: string, labels: readonly string[], indent: string): string {
    const code = `${this.#local(collection)}.${call}\n`
    const own = this.#isDefined(local(collection))
      ? ''
      : `${indent}if (!(${this.#local(collection)} instanceof ${kind})) ${jump(labels.at(-1)!)}\n`
    return `${own}${indent}${code}`
  }

  /** Leaves the block where an operand is undefined. */
  #need(operands: readonly Operand[], labels: readonly string[], indent: string): string {
    const open = operands.filter((operand) => !this.#isDefined(operand)).map((operand) => operand.value as number)
    for (const each of open) this.#define(each)
    const tests = [...new Set(open)].map((each) => `${this.#local(each)} === undefined`)
    return tests.length === 0 ? '' : `${indent}if (${tests.join(' || ')}) ${jump(labels.at(-1)!)}\n`
  }

  #isDefined(operand: Operand): boolean {
    return operand.type !== 'local' || this.#defined.includes(operand.value)
  }

  #define(each: number): void {
    if (!this.#usage.volatile.has(each)) this.#defined.push(each)
  }

  #invoke(stmt: Of<'InvokeStmt'>): { code: string; boolean: boolean } {
    const { func, input, data, args } = stmt
    const own = this.#module.funcs.has(func)
    const called = own ? { code: this.#callFunction(stmt, [input, data, ...args]), boolean: false } : this.#callBuiltin(stmt, args)
    const mock = this.#module.policy.mocks.indexOf(func)
    if (mock < 0) return called
    const operands = [input, data, ...args].map((operand) => this.#operand(operand))
    const mocked = `rt.mocks[${mock}](${['rt', ...operands].join(', ')})`
    return { code: `rt.mocks?.[${mock}] === undefined ? ${called.code} : ${mocked}`, boolean: false }
  }

  #callFunction({ func: name }: { func: string }, args: readonly Operand[]): string {
    const func = this.#module.funcs.get(name)!
    const { params } = this.#module.policy.funcs[func]!
    if (params.length !== args.length) throw new ThymusError('REGO_PLAN', `${name} takes ${params.length} arguments, not ${args.length}`)
    return `f${func}(${['rt', ...args.map((arg) => this.#operand(arg))].join(', ')})`
  }

  #callBuiltin({ func, place: at }: { func: string; place: Place }, args: readonly Operand[]): { code: string; boolean: boolean } {
    const builtin = this.#module.builtins.get(func)
    if (builtin === undefined) {
      const where = `${this.#module.policy.files[at.file] ?? 'plan'}:${at.row}:${at.col}`
      throw new ThymusError('REGO_BUILTIN', `there is no function ${JSON.stringify(func)}`, { at: where })
    }
    const operands = args.map((arg): Written => ({ code: this.#operand(arg), type: this.#typeOf(arg) }))
    const call = `c${builtin}(${['rt', ...operands.map(({ code }) => code)].join(', ')})`
    const inPlace = intrinsic(func, operands, call)
    if (inPlace?.includes(call) ?? true) this.#module.calledBuiltins.add(builtin)
    return { code: inPlace ?? call, boolean: inPlace !== undefined && !inPlace.includes(call) }
  }

  #mock(mock: Mock): string {
    if (mock.by === 'value') return `always(${this.#operand(mock.value)})`
    const func = this.#module.funcs.get(mock.func)
    if (func !== undefined) return mock.by === 'rule' ? `f${func}` : `unmocked(f${func})`
    const builtin = this.#module.builtins.get(mock.func)!
    this.#module.calledBuiltins.add(builtin)
    return `unmockedBuiltin(c${builtin})`
  }

  #get(stmt: Of<'GetStmt'>): string {
    const pending = this.#pending
    this.#pending = undefined
    const inner = pending !== undefined && stmt.source.type === 'local' && stmt.source.value === pending.local
    return this.#dot(inner ? pending.code : this.#operand(stmt.source), stmt.key, stmt.stored)
  }

  #dot(source: string, key: Operand, stored: boolean): string {
    const name = this.#valueOf(key)
    if (typeof name === 'string' && !name.startsWith('\0')) return `field(${source}, ${this.#operand(key)})`
    return `${stored ? 'dotData' : 'dot'}(${source}, ${this.#operand(key)})`
  }

  /** The test that two operands are equal, or its contrary. */
  #equal(a: Operand, b: Operand, not: boolean): string {
    const [left, right] = this.#typeOf(a) !== undefined || a.type === 'bool' ? [b, a] : [a, b]
    const [x, y] = [this.#operand(left), this.#operand(right)]
    const constant = this.#valueOf(right)
    if (typeof constant === 'string' || typeof constant === 'boolean' || constant === null) return `${x} ${not ? '!==' : '==='} ${y}`
    const call = typeof constant === 'number' ? `equalsNumber(${x}, ${y})` : `equal(${x}, ${y})`
    return not ? `!${call}` : call
  }

  /** What a constant is. */
  #valueOf(operand: Operand): Value | undefined {
    if (operand.type === 'bool') return operand.value
    if (operand.type === 'string_index') return this.#module.policy.strings[operand.value]
    return operand.type === 'constant' ? this.#module.policy.constants[operand.value] : undefined
  }

  #typeOf(operand: Operand): Written['type'] {
    const value = this.#valueOf(operand)
    if (typeof value === 'string') return 'string'
    if (isNumber(value)) return typeof value === 'number' ? 'number' : undefined
    return value instanceof RegoSet ? 'set' : undefined
  }

  #operand(operand: Operand): string {
    if (operand.type === 'local') return this.#local(operand.value)
    if (operand.type === 'bool') return String(operand.value)
    return this.#constant(operand.type === 'string_index' ? operand.value : operand.value + this.#module.policy.strings.length)
  }

  #constant(index: number): string {
    this.#module.constants.add(index)
    return `k${index}`
  }

  #local(each: number): string {
    if (this.#large) return `L[${each}]`
    this.#locals.add(each)
    return `l${each}`
  }
}

const local = (value: number): Operand => ({ type: 'local', value })
const jump = (label: string) => (label.startsWith('^') ? `return ${label.slice(1)}` : `break ${label}`)
const place = ({ file, row, col }: Place) => `at(${file}, ${row}, ${col})`

/** The blocks that an index leads to. */
function collect(index: Index, into: Set<number>): void {
  if (!('source' in index)) {
    for (const at of index) into.add(at)
    return
  }
  for (const [, below] of index.cases) collect(below, into)
  collect(index.other, into)
}
