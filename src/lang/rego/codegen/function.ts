// One function of the IR as functions of JavaScript. The file is long because every statement of the IR has its lines in one place.
import type { Block, FuncKind, Index, Operand, Place, Statement } from '../plan/ir.ts'
import { Calls } from './calls.ts'
import { type Literal, literalAt } from './literal.ts'
import { type Module, Names } from './names.ts'
import { type Kind, type Own, ownCollections } from './own.ts'
import { countStaying, touched, type Usage, unsteady, usageOf } from './usage.ts'

/** Statements that a function holds before its blocks move out. */
const LARGE = 250
/** Statements that a block holds before it moves out of a large function. */
const LARGE_BLOCK = 40

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
  readonly #names: Names
  readonly #calls: Calls
  /** Locals that hold the data document, or a part of it that a reference has reached. */
  readonly #data = new Set([1])
  /** Locals that have a value here, in the order in which that was seen. */
  #defined: number[] = []
  #usage: Usage = usageOf([])
  #unsteady: ReadonlySet<number> = new Set()
  #own: Own | undefined
  /** A look-up that is written where its value is needed. */
  #pending: { readonly local: number; readonly code: string } | undefined
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
    own?: Own,
  ) {
    this.#module = module
    this.#names = new Names(module)
    this.#calls = new Calls(module, this.#names)
    this.#name = name
    this.#kind = kind
    this.#params = params
    this.#defined.push(...defined)
    this.#own = own
  }

  /** `gives`: a local that is the function's value at its end. */
  write(blocks: readonly Block[], gives?: number): void {
    this.#usage = usageOf(blocks)
    this.#own ??= ownCollections(blocks, this.#usage, this.#params)
    this.#unsteady = unsteady(this.#usage, this.#params)
    this.#defined = this.#defined.filter((each) => !this.#unsteady.has(each))
    this.#names.large = countStaying(blocks) > LARGE
    const body = blocks.map((block) => this.#block(block, [], '  ')).join('')
    for (const param of this.#params) this.#names.locals.delete(param)
    const params = this.#params.map((param) => `l${param}`)
    let start = ''
    if (this.#names.large) start = `  const L = []\n${this.#params.map((param) => `  L[${param}] = l${param}\n`).join('')}`
    else if (this.#names.locals.size > 0) start = `  let ${[...this.#names.locals].map((local) => `l${local}`).join(', ')}\n`
    const end = gives === undefined ? '' : `  return ${this.#names.local(gives)}\n`
    this.#module.parts.push(`function ${this.#name}(${['rt', ...params].join(', ')}) {\n${start}${body}${end}}\n`)
  }

  /** A labelled block; `outer` are the labels around it, the innermost last. A label beginning with `^` is in a calling function. */
  #block(block: Block, outer: readonly string[], indent: string): string {
    if (this.#names.large && usageOf([block]).count > LARGE_BLOCK) return this.#outline(block, outer, indent)
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
      } else {
        const literal = literalAt(
          block,
          at,
          (operand) => this.#isDefined(operand),
          (operand) => this.#names.valueOf(operand),
        )
        code += literal === undefined ? this.#statement(statement, labels, indent) : this.#literal(literal, indent)
        at += literal?.values.length ?? 0
      }
    }
    this.#defined.length = before
    return code
  }

  #literal({ target, keys, values }: Literal, indent: string): string {
    const list = (operands: readonly Operand[]) => `[${operands.map((operand) => this.#names.operand(operand)).join(', ')}]`
    const code = keys === undefined ? list(values) : `RegoObject.ofNames(${list(keys)}, ${list(values)})`
    return `${this.#made(target, code, indent)}${indent}rt.added += ${values.length}\n`
  }

  /** Puts a collection that is made here into a local. */
  #made(target: number, code: string, indent: string): string {
    this.#define(target)
    return `${indent}${this.#names.local(target)} = ${this.#module.marksOwn ? `rt.made(${code})` : code}\n`
  }

  /** Whether the next statement goes on from the value that this one finds, and nothing else needs it. */
  #leadsOn(statement: Of<'GetStmt'>, next: Statement | undefined): boolean {
    return (
      !this.#names.large &&
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
    const { code, boolean } = this.#calls.invoke(stmt)
    const need = this.#need(stmt.args, labels, indent)
    if (boolean) return `${need}${indent}if (!(${code})) ${out}\n`
    const flag = `t${this.#labels++}`
    return `${need}${indent}const ${flag} = ${code}\n${indent}if (${flag} === undefined || ${flag} === false) ${out}\n`
  }

  #statement(stmt: Statement, labels: readonly string[], indent: string): string {
    const out = jump(labels.at(-1)!)
    const line = (code: string) => `${indent}${code}\n`
    const need = (...operands: Operand[]) => this.#need(operands, labels, indent)
    const value = (operand: Operand) => this.#names.operand(operand)
    const set = (target: number, code: string) => line(`${this.#names.local(target)} = ${code}`)
    const make = (target: number, code: string) => {
      this.#define(target)
      return set(target, code)
    }
    const some = (target: number, code: string) => {
      this.#define(target)
      return set(target, code) + line(`if (${this.#names.local(target)} === undefined) ${out}`)
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
        const target = this.#names.local(stmt.target)
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
        return this.#made(stmt.target, '[]', indent)
      case 'MakeObjectStmt':
        return this.#made(stmt.target, 'new RegoObject()', indent)
      case 'MakeSetStmt':
        return this.#made(stmt.target, 'new RegoSet()', indent)
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
          this.#mayAdd(stmt.object, 'RegoObject', labels, indent) +
          line(`insertOnce(${this.#names.local(stmt.object)}, ${value(stmt.key)}, ${value(stmt.value)})`)
        )
      case 'ObjectMergeStmt': {
        const [a, b] = [local(stmt.a), local(stmt.b)]
        return need(a, b) + make(stmt.target, `merge(rt, ${value(a)}, ${value(b)})`)
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
          stmt.path.reduce((code, key) => this.#names.dot(code, key, false), value(stmt.source)),
        )
      case 'TestStmt': {
        const source = local(stmt.source)
        const prefix = `typeof ${value(source)} === 'string' && ${value(source)}.startsWith(${value(stmt.values[0]!)})`
        return (
          need(source) +
          test(stmt.test === 'prefix' ? prefix : stmt.values.map((each) => this.#names.equal(source, each, false)).join(' || '))
        )
      }
      case 'LenStmt':
        return need(stmt.source) + some(stmt.target, `length(${value(stmt.source)})`)
      case 'EqualStmt':
        return need(stmt.a, stmt.b) + line(`if (${this.#names.equal(stmt.a, stmt.b, true)}) ${out}`)
      case 'NotEqualStmt':
        return need(stmt.a, stmt.b) + line(`if (${this.#names.equal(stmt.a, stmt.b, false)}) ${out}`)
      case 'IsArrayStmt':
        return test(`Array.isArray(${value(stmt.source)})`)
      case 'IsObjectStmt':
        return test(`${value(stmt.source)} instanceof RegoObject`)
      case 'IsSetStmt':
        return test(`${value(stmt.source)} instanceof RegoSet`)
      case 'IsDefinedStmt':
        return need(local(stmt.source))
      case 'IsUndefinedStmt':
        return test(`${this.#names.local(stmt.source)} === undefined`)
      case 'BlockStmt':
        return stmt.blocks.map((block) => this.#block(block, labels, indent)).join('')
      case 'SelectStmt':
        return this.#select(stmt, labels, indent)
      case 'BreakStmt':
        return line(jump(labels.at(-1 - stmt.index)!))
      case 'ReturnLocalStmt':
      case 'ReturnStmt': {
        const source = stmt.type === 'ReturnStmt' ? value(stmt.source) : this.#names.local(stmt.source)
        return this.#away ? line(`L.value = ${source}`) + line('return -1') : line(`return ${source}`)
      }
      case 'ResultSetAddStmt':
        return need(local(stmt.value)) + line(`rt.results.push(${this.#names.local(stmt.value)})`)
      case 'CallStmt': {
        // The first of a function is the input, which may be undefined.
        const isFunction = this.#module.funcs.has(stmt.func)
        const operands = isFunction ? stmt.args.slice(1) : stmt.args
        const code = isFunction ? this.#calls.func(stmt, stmt.args) : this.#calls.builtin(stmt, stmt.args).code
        return need(...operands) + some(stmt.result, code)
      }
      case 'InvokeStmt':
        return need(...stmt.args, ...(stmt.otherwise?.args ?? [])) + some(stmt.result, this.#calls.invoke(stmt).code)
      case 'UpsertStmt': {
        const path = `[${stmt.path.map((index) => this.#names.constant(index)).join(', ')}]`
        return need(stmt.value) + make(stmt.target, `upsert(rt, ${value(stmt.source)}, ${path}, ${value(stmt.value)})`)
      }
      case 'InsertPathStmt': {
        const path = `[${stmt.path.map(value).join(', ')}]`
        const call = { value: 'insertAt', member: 'addAt', item: 'appendAt' }[stmt.leaf]
        return (
          need(...stmt.path, stmt.value) +
          line(`${call}(${this.#names.local(stmt.object)}, ${path}, ${value(stmt.value)}, ${place(stmt.place)})`)
        )
      }
      case 'CallDynamicStmt': {
        const args = stmt.args.map((arg): Operand => ({ type: 'local', value: arg }))
        const call = `callPath([${stmt.path.map(value).join(', ')}], rt, [${args.map(value).join(', ')}])`
        return need(...stmt.path, ...args.slice(1)) + some(stmt.result, call)
      }
      case 'NotStmt': {
        const flag = `n${this.#labels++}`
        const inner = this.#guardedBlock(stmt.block, flag, labels, indent)
        return inner + line(`if (${this.#flag(flag)}) ${out}`)
      }
      case 'WorldStmt': {
        const flag = `n${this.#labels++}`
        const mocks = stmt.mocks.map((mock) => `[${mock.mock}, ${this.#calls.mock(mock)}]`)
        const enter = line(`const ${flag}w = rt.enterWorld([${stmt.shadows.join(', ')}], [${mocks.join(', ')}])`)
        const leave = line(`rt.leaveWorld(${flag}w)`) + line(`if (!${this.#flag(flag)}) ${out}`)
        return enter + this.#guardedBlock(stmt.block, flag, labels, indent) + leave
      }
      case 'WithStmt': {
        const flag = `n${this.#labels++}`
        const target = this.#names.local(stmt.local)
        const path = `[${stmt.path.map((index) => this.#names.constant(index)).join(', ')}]`
        const before = `${stmt.path.length === 0 ? '' : need(stmt.value)}${line(`const ${flag}s = [${target}, rt.memo]`)}`
        const replaced = set(
          stmt.local,
          stmt.path.length === 0 ? value(stmt.value) : `upsert(rt, ${target}, ${path}, ${value(stmt.value)})`,
        )
        const after = `${set(stmt.local, `${flag}s[0]`)}${line(`rt.memo = ${flag}s[1]`)}${line(`if (!${this.#flag(flag)}) ${out}`)}`
        return before + replaced + line('rt.memo = []') + this.#guardedBlock(stmt.block, flag, labels, indent) + after
      }
      case 'ScanStmt':
        return need(local(stmt.source)) + this.#scan(stmt, labels, indent)
    }
  }

  #scan(stmt: Of<'ScanStmt'>, labels: readonly string[], indent: string): string {
    const source = this.#names.local(stmt.source)
    const [list, at, keyed] = [`s${this.#labels}`, `i${this.#labels}`, `o${this.#labels}`]
    this.#labels++
    const before = this.#defined.length
    const head = [`const ${list} = items(${source})`, `if (${list} === undefined) ${jump(labels.at(-1)!)}`]
    const used = [stmt.key, stmt.value].map((each) => this.#usage.reads.has(each))
    if (used[0] || used[1]) head.push(`const ${keyed} = ${source} instanceof RegoObject`)
    head.push(`for (let ${at} = 0; ${at} < ${list}.length; ${at}++) {`, '  if (--rt.fuel < 0) rt.refuel()')
    const item = `${list}[${at}]`
    if (used[0]) head.push(`  ${this.#names.local(stmt.key)} = ${keyed} ? ${item}[0] : Array.isArray(${source}) ? ${at} : ${item}`)
    if (used[1]) head.push(`  ${this.#names.local(stmt.value)} = ${keyed} ? ${item}[1] : ${item}`)
    for (const each of [stmt.key, stmt.value]) this.#define(each)
    const body = this.#block(stmt.block, labels, `${indent}  `)
    this.#defined.length = before
    return `${head.map((code) => `${indent}${code}\n`).join('')}${body}${indent}}\n`
  }

  /** Blocks that are many, or in an index, become functions. */
  #select({ blocks, indexes, sources }: Of<'SelectStmt'>, labels: readonly string[], indent: string): string {
    const bodies = this.#names.large || (indexes.length === 0 && this.#usage.count <= LARGE) ? undefined : this.#detach(blocks)
    if (bodies === undefined) return blocks.map((block) => this.#block(block, labels, indent)).join('')
    const indexed = new Set<number>()
    let code = ''
    for (const index of indexes) {
      collect(index, indexed)
      const name = `x${this.#module.indexes.push(index) - 1}`
      const list = bodies.names.join(', ')
      this.#module.indexParts.push(`const ${name} = selector(X[${name.slice(1)}], [${list}])\n`)
      const found = `select(${[name, ...sources.map((source) => this.#names.local(source))].join(', ')})`
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
      new FunctionWriter(this.#module, name, this.#kind, params, defined, this.#own).write([block], result)
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
    const call = `${name}(${['rt', ...params.map((param) => this.#names.local(param))].join(', ')})`
    if (gives === undefined) return `${indent}${call}\n`
    if (gives !== 'return') return `${indent}${this.#names.local(gives)} = ${call}\n`
    const value = `v${this.#labels++}`
    return `${indent}const ${value} = ${call}\n${indent}if (${value} !== undefined) return ${value}\n`
  }

  /** A block that sets a flag at its end, so that one sees whether it was left early. */
  #guardedBlock(block: Block, flag: string, labels: readonly string[], indent: string): string {
    const label = `b${this.#labels++}`
    const name = this.#flag(flag)
    const code = this.#statements(block, [...labels, label], `${indent}  `)
    const declared = this.#names.large ? '' : `${indent}let ${flag}\n`
    return `${declared}${indent}${name} = false\n${indent}${label}: {\n${code}${indent}  ${name} = true\n${indent}}\n`
  }

  #flag(flag: string): string {
    return this.#names.large ? `L.${flag}` : flag
  }

  #add(collection: number, kind: Kind, call: string, labels: readonly string[], indent: string): string {
    return `${this.#mayAdd(collection, kind, labels, indent)}${indent}${this.#names.local(collection)}.${call}\n${indent}rt.added++\n`
  }

  /** Leaves the block where a collection is none of this kind, or was not made by this evaluation. */
  #mayAdd(collection: number, kind: Kind, labels: readonly string[], indent: string): string {
    const name = this.#names.local(collection)
    const own = this.#own?.get(collection) === kind
    if (own && this.#isDefined(local(collection))) return ''
    return `${indent}if (${own ? `${name} === undefined` : `!(${name} instanceof ${kind} && rt.hasMade(${name}))`}) ${jump(labels.at(-1)!)}\n`
  }

  /** Leaves the block where an operand is undefined. */
  #need(operands: readonly Operand[], labels: readonly string[], indent: string): string {
    const open = operands.filter((operand) => !this.#isDefined(operand)).map((operand) => operand.value as number)
    for (const each of open) this.#define(each)
    const tests = [...new Set(open)].map((each) => `${this.#names.local(each)} === undefined`)
    return tests.length === 0 ? '' : `${indent}if (${tests.join(' || ')}) ${jump(labels.at(-1)!)}\n`
  }

  #isDefined(operand: Operand): boolean {
    return operand.type !== 'local' || this.#defined.includes(operand.value)
  }

  #define(each: number): void {
    if (!this.#unsteady.has(each)) this.#defined.push(each)
  }

  #get(stmt: Of<'GetStmt'>): string {
    const pending = this.#pending
    this.#pending = undefined
    const inner = pending !== undefined && stmt.source.type === 'local' && stmt.source.value === pending.local
    return this.#names.dot(inner ? pending.code : this.#names.operand(stmt.source), stmt.key, stmt.stored)
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
