// The syntax tree of Rego, as the parser makes it and the compiler rewrites it. Nodes are plain and immutable; a rewrite makes new ones.
import type { RegoObject } from '../values/value.ts'

/** A stretch of a module's text. */
export interface Location {
  readonly file: string
  /** From 1. */
  readonly row: number
  /** From 1, in code points. */
  readonly col: number
  /** Where it begins and ends in the module's text, in UTF-16 units. */
  readonly start: number
  readonly end: number
}

export interface NullTerm {
  readonly kind: 'null'
  readonly at: Location
}
export interface BooleanTerm {
  readonly kind: 'boolean'
  readonly value: boolean
  readonly at: Location
}
export interface NumberTerm {
  readonly kind: 'number'
  /** As it was written: a number keeps all its digits. */
  readonly text: string
  readonly at: Location
}
export interface StringTerm {
  readonly kind: 'string'
  readonly value: string
  readonly at: Location
}
/** Each `_` is a variable of its own, named `$0`, `$1`, … */
export interface Var {
  readonly kind: 'var'
  readonly name: string
  readonly at: Location
}
/** `head.a[x]` is head, "a", x. A bare `input` or `data` is a ref of one part, every other bare name a Var. */
export interface Ref {
  readonly kind: 'ref'
  readonly parts: readonly [Term, ...Term[]]
  readonly at: Location
}
/** Operators are calls too, of `plus`, `eq` (`=`), `assign` (`:=`), `equal` (`==`), `internal.member_2` (`in`), … */
export interface Call {
  readonly kind: 'call'
  readonly operator: Ref
  readonly args: readonly Term[]
  readonly at: Location
}
export interface ArrayTerm {
  readonly kind: 'array'
  readonly items: readonly Term[]
  readonly at: Location
}
/** In the order written, each member once. */
export interface SetTerm {
  readonly kind: 'set'
  readonly items: readonly Term[]
  readonly at: Location
}
/** In the order written, repeated keys included: of those the last value counts. */
export interface ObjectTerm {
  readonly kind: 'object'
  readonly entries: readonly (readonly [Term, Term])[]
  readonly at: Location
}
export interface ArrayComprehension {
  readonly kind: 'arraycomprehension'
  readonly term: Term
  readonly body: Body
  readonly at: Location
}
export interface SetComprehension {
  readonly kind: 'setcomprehension'
  readonly term: Term
  readonly body: Body
  readonly at: Location
}
export interface ObjectComprehension {
  readonly kind: 'objectcomprehension'
  readonly key: Term
  readonly value: Term
  readonly body: Body
  readonly at: Location
}
/** `$"…{x}…"`: an Expr where an expression stands, a Term where a string, or a constant in braces. */
export interface TemplateString {
  readonly kind: 'templatestring'
  readonly multiLine: boolean
  readonly parts: readonly (Term | Expr)[]
  readonly at: Location
}

export type Scalar = NullTerm | BooleanTerm | NumberTerm | StringTerm
export type Comprehension = ArrayComprehension | SetComprehension | ObjectComprehension
export type Term = Scalar | Var | Ref | Call | ArrayTerm | SetTerm | ObjectTerm | Comprehension | TemplateString

/** `some x, y` declares; `some k, v in xs` has one symbol, the call of `internal.member_2` or `internal.member_3`. */
export interface SomeDecl {
  readonly kind: 'some'
  readonly symbols: readonly Term[]
  readonly at: Location
}
export interface Every {
  readonly kind: 'every'
  readonly key: Term | undefined
  readonly value: Term
  readonly domain: Term
  readonly body: Body
  readonly at: Location
}
/** `not` of a body: where `future.keywords.not` is imported. Elsewhere it is `negated` of the expression. */
export interface Not {
  readonly kind: 'not'
  readonly body: Body
  /** Written with braces. */
  readonly explicit: boolean
  readonly at: Location
}
/** The experimental `and` and `or`. */
export interface Logical {
  readonly kind: 'and' | 'or'
  readonly left: Body
  readonly right: Body
  readonly explicitLeft: boolean
  readonly explicitRight: boolean
  readonly at: Location
}

/** One line of a body. A call that stands alone is the expression's own `terms`. */
export interface Expr {
  readonly kind: 'expr'
  readonly terms: Term | SomeDecl | Every | Not | Logical
  readonly negated: boolean
  readonly with: readonly With[]
  /** Made by the parser or compiler, not written. */
  readonly generated: boolean
  readonly at: Location
}
export type Body = readonly Expr[]

export interface With {
  readonly kind: 'with'
  /** A Ref or Var. */
  readonly target: Term
  readonly value: Term
  readonly at: Location
}

export interface Head {
  readonly kind: 'head'
  /** The whole reference of the rule: `p`, `a.b`, `p[x].q`. Its first part is a Var. */
  readonly ref: Ref
  /** Of a function; never empty. */
  readonly args: readonly Term[] | undefined
  /**
   * What `contains` adds, or the last part of `ref` of a rule `p[x] = y` or v0's `p[x]` (a set, whose `ref` is `p` alone):
   * with no value the rule is a partial set, with a value a partial object.
   */
  readonly key: Term | undefined
  readonly value: Term | undefined
  /** `:=` and not `=`. */
  readonly assign: boolean
  /** The value `true` that nobody wrote. */
  readonly generatedValue: boolean
  readonly if: boolean
  readonly contains: boolean
  readonly at: Location
}

export interface Rule {
  readonly kind: 'rule'
  readonly default: boolean
  readonly head: Head
  readonly body: Body
  /** The body `true` that nobody wrote. */
  readonly generatedBody: boolean
  readonly else: Rule | undefined
  readonly annotations: readonly Annotations[]
  readonly at: Location
}

export interface Package {
  readonly kind: 'package'
  /** `data.a.b` */
  readonly path: Ref
  readonly at: Location
}
export interface Import {
  readonly kind: 'import'
  readonly path: Ref
  readonly alias: string | undefined
  readonly at: Location
}
export interface Comment {
  readonly kind: 'comment'
  /** Without `#`. */
  readonly text: string
  readonly at: Location
}

export type RegoVersion = 'v0' | 'v1' | 'v2'
/** What a METADATA block may say of a thing. */
export type AnnotationScope = 'package' | 'subpackages' | 'rule' | 'document'

/** A METADATA block (policy-language, "Metadata"). Values are those of its YAML. */
export interface Annotations {
  readonly kind: 'annotations'
  readonly scope: AnnotationScope
  readonly title?: string
  readonly description?: string
  readonly entrypoint?: boolean
  readonly organizations?: readonly string[]
  readonly relatedResources?: readonly { readonly ref: string; readonly description?: string }[]
  readonly authors?: readonly { readonly name?: string; readonly email?: string }[]
  /** Of each a schema or a definition. */
  readonly schemas?: readonly { readonly path: Ref; readonly schema?: Ref; readonly definition?: RegoObject }[]
  readonly compile?: { readonly unknowns?: readonly Ref[]; readonly maskRule?: Ref }
  readonly custom?: RegoObject
  readonly labels?: RegoObject
  /** Where the block begins; the row of its last comment. */
  readonly at: Location
  readonly endRow: number
}

export interface Module {
  readonly kind: 'module'
  readonly file: string
  readonly text: string
  /** The highest of the parser's option and of `import rego.v1` and `rego.v2`. */
  readonly version: RegoVersion
  readonly package: Package
  readonly imports: readonly Import[]
  readonly rules: readonly Rule[]
  readonly comments: readonly Comment[]
  readonly annotations: readonly Annotations[]
}
