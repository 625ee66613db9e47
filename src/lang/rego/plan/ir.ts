// OPA's intermediate representation (plan.schema.json, ir.md): a statement's fields have the schema's names and are flat beside its `type`.
// The planner's own statements, which no plan.json may hold, stand apart.
import type { Location } from '../syntax/ast.ts'
import type { Value } from '../values/value.ts'

/** A local variable, a boolean, the index of a string constant, or (the planner's own) of a constant of any kind. */
export type Operand =
  | { readonly type: 'local'; readonly value: number }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'string_index'; readonly value: number }
  | { readonly type: 'constant'; readonly value: number }

/** Kinds of field. `int` is a number of the statement itself; `local`, `string` and `number` (a string in plan.json) point into tables. */
export type Field = 'local' | 'operand' | 'int' | 'string' | 'number' | 'name' | 'locals' | 'operands' | 'strings' | 'block' | 'blocks'

/** Every statement with its fields. */
export const STATEMENTS = {
  ArrayAppendStmt: { array: 'local', value: 'operand' },
  AssignIntStmt: { value: 'int', target: 'local' },
  AssignVarOnceStmt: { source: 'operand', target: 'local' },
  AssignVarStmt: { source: 'operand', target: 'local' },
  BlockStmt: { blocks: 'blocks' },
  BreakStmt: { index: 'int' },
  CallDynamicStmt: { path: 'operands', args: 'locals', result: 'local' },
  CallStmt: { func: 'name', args: 'operands', result: 'local' },
  DotStmt: { source: 'operand', key: 'operand', target: 'local' },
  EqualStmt: { a: 'operand', b: 'operand' },
  IsArrayStmt: { source: 'operand' },
  IsDefinedStmt: { source: 'local' },
  IsObjectStmt: { source: 'operand' },
  IsSetStmt: { source: 'operand' },
  IsUndefinedStmt: { source: 'local' },
  LenStmt: { source: 'operand', target: 'local' },
  MakeArrayStmt: { capacity: 'int', target: 'local' },
  MakeNullStmt: { target: 'local' },
  MakeNumberIntStmt: { value: 'int', target: 'local' },
  MakeNumberRefStmt: { index: 'number', target: 'local' },
  MakeObjectStmt: { target: 'local' },
  MakeSetStmt: { target: 'local' },
  NopStmt: {},
  NotEqualStmt: { a: 'operand', b: 'operand' },
  NotStmt: { block: 'block' },
  ObjectInsertOnceStmt: { key: 'operand', value: 'operand', object: 'local' },
  ObjectInsertStmt: { key: 'operand', value: 'operand', object: 'local' },
  ObjectMergeStmt: { a: 'local', b: 'local', target: 'local' },
  ResetLocalStmt: { target: 'local' },
  ResultSetAddStmt: { value: 'local' },
  ReturnLocalStmt: { source: 'local' },
  ScanStmt: { source: 'local', key: 'local', value: 'local', block: 'block' },
  SetAddStmt: { value: 'operand', set: 'local' },
  WithStmt: { local: 'local', path: 'strings', value: 'operand', block: 'block' },
} as const satisfies Record<string, Record<string, Field>>

interface FieldTypes {
  readonly local: number
  readonly operand: Operand
  readonly int: number
  readonly string: number
  readonly number: number
  readonly name: string
  readonly locals: readonly number[]
  readonly operands: readonly Operand[]
  readonly strings: readonly number[]
  readonly block: Block
  readonly blocks: readonly Block[]
}

export type StatementType = keyof typeof STATEMENTS
type Fields<F> = { readonly [K in keyof F]: F[K] extends Field ? FieldTypes[F[K]] : never }
type OpaStatement = {
  [T in StatementType]: { readonly type: T; readonly place: Place } & Fields<(typeof STATEMENTS)[T]>
}[StatementType]
export type Statement = OpaStatement | OwnStatement
export type Block = readonly Statement[]

/** What replaces a function, in the order of its cases: another one, a rule that is asked when it is called, or a value. */
export type Mock =
  | { readonly mock: number; readonly by: 'function' | 'rule'; readonly func: string }
  | { readonly mock: number; readonly by: 'value'; readonly value: Operand }

export type OwnStatement = { readonly place: Place } & (
  | {
      /** A call that a `with` may turn elsewhere; `args` are those of the source. */
      readonly type: 'InvokeStmt'
      readonly func: string
      readonly input: Operand
      readonly data: Operand
      readonly args: readonly Operand[]
      readonly result: number
      /** Called with further arguments where `func` ends in a conflict, which may concern parts that nobody has asked for. */
      readonly otherwise?: { readonly func: string; readonly args: readonly Operand[] }
    }
  /** A DotStmt that says itself whether its source is a place in the store. */
  | { readonly type: 'GetStmt'; readonly source: Operand; readonly key: Operand; readonly target: number; readonly stored: boolean }
  /** `source` with `value` at `path`; the whole of it where the path is empty. */
  | {
      readonly type: 'UpsertStmt'
      readonly source: Operand
      readonly path: readonly number[]
      readonly value: Operand
      readonly target: number
    }
  /** Runs its block where the with-targets `shadows` hide the rules below them and `mocks` stand for functions, and no rule is known yet. */
  | { readonly type: 'WorldStmt'; readonly shadows: readonly number[]; readonly mocks: readonly Mock[]; readonly block: Block }
  /** Puts a value at a path of an object of a rule's own making, or adds it to the set or the array there. */
  | {
      readonly type: 'InsertPathStmt'
      readonly object: number
      readonly path: readonly Operand[]
      readonly value: Operand
      readonly leaf: 'value' | 'member' | 'item'
    }
  | { readonly type: 'ReturnStmt'; readonly source: Operand }
  /** Tells who asked for it that a place of the source is reached. */
  | { readonly type: 'VisitStmt'; readonly mark: number }
  /** What `source` has at a path, or undefined: nothing is left for that. */
  | { readonly type: 'PathStmt'; readonly source: Operand; readonly path: readonly Operand[]; readonly target: number }
  /** Holds where the source's value is one of the constants, or a string that begins with the only one. */
  | { readonly type: 'TestStmt'; readonly source: number; readonly test: 'equal' | 'prefix'; readonly values: readonly Operand[] }
  /** A BlockStmt of which the indexes know blocks that have no effect: of those in an index, only what it finds need run. */
  | {
      readonly type: 'SelectStmt'
      readonly sources: readonly number[]
      readonly indexes: readonly Index[]
      readonly blocks: readonly Block[]
    }
)

/** Numbers of blocks, or a test of a source that leads to them; where the source is undefined there are none. */
export type Index =
  | readonly number[]
  | {
      /** Which of the statement's sources. */
      readonly source: number
      readonly test: 'equal' | 'prefix'
      readonly cases: readonly (readonly [Value, Index])[]
      /** For a value that the test does not take: one that is no string and so has no prefix. */
      readonly other: Index
    }

/** Where in the policy's source a statement came from. */
export interface Place {
  readonly file: number
  readonly row: number
  readonly col: number
}

export interface Plan {
  readonly name: string
  readonly blocks: readonly Block[]
}

/** `rule`: of nothing but input and data, so computed once. `keyed`: the part of a rule's document that some first keys of it select. */
export type FuncKind = 'rule' | 'keyed' | 'function'

export interface Func {
  readonly name: string
  readonly kind: FuncKind
  /** How CallDynamicStmt names it. */
  readonly path: readonly string[] | undefined
  readonly params: readonly number[]
  readonly blocks: readonly Block[]
  /** With-targets that hide it; then it is what the data document has at `place`, or undefined where it has no place. */
  readonly shadow: { readonly targets: readonly number[]; readonly place: readonly string[] | undefined } | undefined
}

export interface Policy {
  readonly strings: readonly string[]
  readonly constants: readonly Value[]
  /** The functions that some `with` replaces, by the number of the mock. */
  readonly mocks: readonly string[]
  readonly files: readonly string[]
  readonly builtins: readonly string[]
  readonly plans: readonly Plan[]
  readonly funcs: readonly Func[]
  /** The places that VisitStmt tells of, by their marks. */
  readonly marks?: readonly Location[]
}
