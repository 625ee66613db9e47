// A module while it is compiled: its trees are immutable, but which trees its rules have changes from stage to stage.
import type { Diagnostic } from '../errors.ts'
import type { Annotations, Body, Comment, Head, Import, Location, Module, Package, Ref, RegoVersion, Rule, Term } from '../syntax/ast.ts'
import type { Compiled, CompiledModule, CompiledRule } from './compiled.ts'
import { type Features, featuresOf } from './features.ts'
import type { Builtins } from './functions.ts'
import type { Locals } from './locals.ts'
import type { Report } from './report.ts'

/** Becomes the compiled rule. */
export class DraftRule implements CompiledRule {
  readonly kind = 'rule'
  readonly default: boolean
  readonly generatedBody: boolean
  readonly annotations: readonly Annotations[]
  readonly at: Location
  readonly module: DraftModule
  readonly else: DraftRule | undefined
  readonly features: Features
  body: Body
  #head: Head
  #path: Ref | undefined

  constructor(rule: Rule, module: DraftModule, builtins: Builtins) {
    this.default = rule.default
    this.generatedBody = rule.generatedBody
    this.annotations = rule.annotations
    this.at = rule.at
    this.module = module
    this.body = rule.body
    this.#head = rule.head
    this.else = rule.else === undefined ? undefined : new DraftRule(rule.else, module, builtins)
    this.features = featuresOf(rule, builtins)
  }

  get head(): Head {
    return this.#head
  }

  set head(head: Head) {
    if (head.ref !== this.#head.ref) this.#path = undefined
    this.#head = head
  }

  get path(): Ref {
    this.#path ??= this.#pathOf()
    return this.#path
  }

  #pathOf(): Ref {
    const { path } = this.module.package
    const [name, ...rest] = this.#head.ref.parts
    const string: Term = name.kind === 'var' ? { kind: 'string', value: name.name, at: name.at } : name
    return { ...this.#head.ref, parts: [...path.parts, string, ...rest] }
  }
}

export class DraftModule implements CompiledModule {
  readonly kind = 'module'
  readonly file: string
  readonly text: string
  readonly version: RegoVersion
  readonly package: Package
  readonly imports: readonly Import[]
  readonly comments: readonly Comment[]
  annotations: readonly Annotations[]
  readonly rules: readonly DraftRule[]
  /** All rules, each `else` after its rule. */
  readonly all: readonly DraftRule[]

  constructor(module: Module, builtins: Builtins) {
    this.file = module.file
    this.text = module.text
    this.version = module.version
    this.package = module.package
    this.imports = module.imports
    this.comments = module.comments
    this.annotations = module.annotations
    this.rules = module.rules.map((rule) => new DraftRule(rule, this, builtins))
    const all: DraftRule[] = []
    for (const first of this.rules) for (let rule: DraftRule | undefined = first; rule !== undefined; rule = rule.else) all.push(rule)
    this.all = all
  }
}

export interface CompileOptions {
  /** Duplicate imports, unused variables and the like are faults in v0 modules too, and more is asked of all. */
  readonly strict?: boolean
  /** Whether `print` is kept; otherwise it is taken out. */
  readonly print?: boolean
  /** The builtins there are. */
  readonly builtins?: Builtins
  /** Builtins that must not be called. */
  readonly unsafeBuiltins?: ReadonlySet<string>
  /** Whether base data has something at a path, where then no rule may stand. */
  readonly dataExists?: (path: readonly string[]) => boolean
  /** What the type checker finds once all else is well. */
  readonly checkTypes?: (compiled: Compiled) => readonly Diagnostic[]
  /** How many faults are reported; 0 for all. */
  readonly errorLimit?: number
}

/** What the stages share. */
export interface Compilation {
  readonly modules: readonly DraftModule[]
  readonly report: Report
  readonly locals: Locals
  /** What generated variables were called. */
  readonly written: Map<string, string>
  /** The terms for which generated variables stand. */
  readonly subjects: Map<string, Term>
  readonly strict: boolean
  readonly builtins: Builtins
}
