// OPA's intermediate representation (plan.schema.json, ir.md): a statement's fields have the schema's names and are flat beside its `type`.

/** A local variable, a boolean, or the index of a string constant. */
export type Operand =
  | { readonly type: 'local'; readonly value: number }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'string_index'; readonly value: number }

/** Kinds of field. `int` is a number of the statement itself, `local` and `string` point into tables. */
export type Field = 'local' | 'operand' | 'int' | 'string' | 'name' | 'locals' | 'operands' | 'strings' | 'block' | 'blocks'

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
  MakeNumberRefStmt: { index: 'string', target: 'local' },
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
  readonly name: string
  readonly locals: readonly number[]
  readonly operands: readonly Operand[]
  readonly strings: readonly number[]
  readonly block: Block
  readonly blocks: readonly Block[]
}

export type StatementType = keyof typeof STATEMENTS
type Fields<F> = { readonly [K in keyof F]: F[K] extends Field ? FieldTypes[F[K]] : never }
export type Statement = {
  [T in StatementType]: { readonly type: T; readonly place: Place } & Fields<(typeof STATEMENTS)[T]>
}[StatementType]
export type Block = readonly Statement[]

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

export interface Func {
  readonly name: string
  readonly path: readonly string[] | undefined
  readonly params: readonly number[]
  readonly blocks: readonly Block[]
}

export interface Policy {
  readonly strings: readonly string[]
  readonly files: readonly string[]
  readonly builtins: readonly string[]
  readonly plans: readonly Plan[]
  readonly funcs: readonly Func[]
}
