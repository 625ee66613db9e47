// Templates in Rego: a package with a rule `violation`, and libraries below `data.lib`. Gatekeeper lets them see their input, their
// libraries and `data.inventory`, and nothing else (frameworks/constraint: drivers/rego, regorewriter).
import { ThymusError } from '../../../core/errors.ts'
import type { Span } from '../../../core/policy.ts'
import type { Limits } from '../../../lang/rego/codegen/runtime.ts'
import { RegoError, RegoRejected } from '../../../lang/rego/errors.ts'
import { type Policy, policyOf, QUERY } from '../../../lang/rego/policy.ts'
import type { Head, Location, Module, Rule, Term, Var } from '../../../lang/rego/syntax/ast.ts'
import { parseModule } from '../../../lang/rego/syntax/module.ts'
import { walkWithElse } from '../../../lang/rego/syntax/walk.ts'
import { fromHost } from '../../../lang/rego/values/host.ts'
import { printJson } from '../../../lang/rego/values/text.ts'
import { RegoObject, RegoSet, type Value } from '../../../lang/rego/values/value.ts'
import type { Asking } from './asking.ts'
import type { Constraint } from './constraint.ts'
import { type Engine, NO_DETAILS, type Objection } from './engine.ts'
import type { RegoCode, Template } from './template.ts'

const PACKAGE = 'template'
const VIOLATION = 'violation'
/** No module can write this name. Its members are those of `violation`, each with the line of the rule that made it. */
const PLACED = 'violation, placed'

/** Throws ThymusError TEMPLATE, with everything that is wrong with the code. */
export function compileRego(template: Template, code: RegoCode): Engine {
  try {
    const policy = policyOf(modulesOf(code))
    return new RegoEngine(template, policy)
  } catch (error) {
    const at = `ConstraintTemplate ${template.name}`
    if (error instanceof RegoRejected) {
      const faults = error.diagnostics.map((each) => `${each.at?.file ?? PACKAGE}:${each.at?.row ?? 1}: ${each.code}: ${each.message}`)
      throw new ThymusError('TEMPLATE', faults.join('\n'), { at, cause: error })
    }
    if (error instanceof ThymusError) throw new ThymusError('TEMPLATE', error.message, { at, cause: error })
    throw error
  }
}

class RegoEngine implements Engine {
  readonly #template: Template
  readonly #evaluate: ReturnType<Policy['prepare']>['evaluate']
  readonly #parameters = new WeakMap<Constraint, Value>()

  constructor(template: Template, policy: Policy) {
    this.#template = template
    this.#evaluate = policy.prepare(`data.${PACKAGE}[${JSON.stringify(PLACED)}][found]`).evaluate
  }

  judge(constraint: Constraint, asking: Asking, limits: Partial<Limits>): readonly Objection[] {
    const input = new RegoObject(INPUT, [asking.review, this.#parametersOf(constraint)])
    const { data, surroundings } = asking
    let found: readonly Value[]
    try {
      found = this.#evaluate(QUERY, { input, data, surroundings, limits })
    } catch (error) {
      if (!(error instanceof RegoError) || error.code === 'REGO_LIMIT') throw error
      return [{ message: `${placeOf(error)}: ${error.opaCode}: ${error.message}`, details: NO_DETAILS, rule: undefined, undecided: true }]
    }
    if (found.length === 0) return NOTHING
    const objections: Objection[] = []
    // What says the same is one violation, whichever rule it comes from.
    const said = found.length === 1 ? undefined : new RegoSet()
    for (const binding of found) {
      const [response, line] = (binding as RegoObject).named('found') as readonly [Value, Value]
      if (!(response instanceof RegoObject)) continue
      const message = response.named('msg')
      if (message === undefined) continue
      if (typeof message !== 'string') {
        throw new ThymusError('REGO_EVAL', `the msg of a violation is no text: ${printJson(message)}`, {
          at: `ConstraintTemplate ${this.#template.name}`,
        })
      }
      const details = response.named('details') ?? NO_DETAILS
      const before = said?.size
      said?.add([message, details])
      if (said === undefined || said.size !== before) objections.push({ message, details, rule: this.#ruleAt(line) })
    }
    return objections
  }

  #ruleAt(line: Value): Span | undefined {
    return typeof line === 'number' ? { file: `${this.#template.name}.rego`, line, column: 1 } : undefined
  }

  #parametersOf(constraint: Constraint): Value {
    let value = this.#parameters.get(constraint)
    if (value === undefined) {
      value = fromHost(constraint.parameters)
      this.#parameters.set(constraint, value)
    }
    return value
  }
}

/** As OPA names it: `template:12`. */
const placeOf = ({ at = PACKAGE }: RegoError) => at.replace(/:\d+$/, '')

const INPUT = ['review', 'parameters']
const NOTHING: readonly Objection[] = []

function modulesOf({ rego, libs, version }: RegoCode): readonly Module[] {
  const entry = parseModule(PACKAGE, rego, { version })
  const violation = entry.rules.find(isViolation) ?? refuse('the code has no rule "violation"')
  const libraries = libs.map((text, at) => {
    const library = parseModule(`libs["lib_${at}"]`, text, { version })
    const { parts } = library.package.path
    if (parts.length < 3 || !isLibrary(parts)) refuse(`the package of ${library.file} is not below lib`)
    return library
  })
  for (const module of [entry, ...libraries]) {
    checkImports(module)
    checkReferences(module)
  }
  const { at, path } = entry.package
  const parts = [path.parts[0], { kind: 'string', value: PACKAGE, at }] as const
  return [...placed({ ...entry, package: { ...entry.package, path: { ...path, parts } } }), ...libraries, hookAt(violation.at)]
}

function refuse(text: string): never {
  throw new ThymusError('TEMPLATE', text)
}

/**
 * What Gatekeeper asks a template by. Here nobody asks it: it is compiled so that its types are checked, and a template whose violations
 * can have no `msg` is refused. A fault in it is told of the line where `violation` begins.
 */
const hookAt = ({ row }: Location): Module =>
  parseModule(
    PACKAGE,
    `${'\n'.repeat(Math.max(0, row - 2))}package hooks
responses[response] { data.${PACKAGE}.${VIOLATION}[violation]; response := {"details": object.get(violation, "details", {}), "msg": violation.msg} }`,
    { version: 'v0' },
  )

const isViolation = ({ head }: Rule) => {
  const [name] = head.ref.parts
  return name.kind === 'var' && name.name === VIOLATION
}

const isNamed = (term: Term | undefined, name: string) =>
  term !== undefined && ((term.kind === 'string' && term.value === name) || (term.kind === 'var' && term.name === name))
const isLibrary = (parts: readonly Term[]) => isNamed(parts[0], 'data') && isNamed(parts[1], 'lib')

function checkImports({ imports, file }: Module): void {
  for (const { path, at } of imports) {
    if (!isLibrary(path.parts) && !isNamed(path.parts[0], 'future'))
      refuse(`${file}:${at.row}: an import may only be of data.lib or future`)
  }
}

/** As Gatekeeper does it: a ref inside of another ref is not looked at, and finds nothing. */
function checkReferences({ rules, file }: Module): void {
  for (const rule of rules) {
    walkWithElse(rule, (node) => {
      if (node.kind !== 'ref') return false
      const { parts } = node
      if (isNamed(parts[0], 'data') && parts[0].kind === 'var' && !isLibrary(parts) && !isNamed(parts[1], 'inventory')) {
        refuse(`${file}:${node.at.row}: only data.inventory and data.lib may be referred to`)
      }
      return true
    })
  }
}

/** Each rule of the set `violation` says its line too, and `violation` itself is what they all say. */
function placed(entry: Module): readonly Module[] {
  const violations = entry.rules.filter(isViolation)
  const isSet = violations.every(
    ({ head, default: isDefault, else: other }) =>
      !isDefault && other === undefined && head.args === undefined && head.key !== undefined && head.value === undefined,
  )
  if (!isSet) {
    const around = parseModule('hook', `package ${PACKAGE}\nplaced[[x, null]] { data.${PACKAGE}.${VIOLATION}[x] }`, { version: 'v0' })
    return [entry, { ...around, rules: around.rules.map((rule) => ({ ...rule, head: renamed(rule.head) })) }]
  }
  const rules = entry.rules.map((rule) => (isViolation(rule) ? { ...rule, head: withLine(renamed(rule.head), rule.at) } : rule))
  const all = `package ${PACKAGE}\n${VIOLATION}[x] { data.${PACKAGE}[${JSON.stringify(PLACED)}][[x, _]] }`
  return [{ ...entry, rules }, parseModule('hook', all, { version: 'v0' })]
}

function renamed(head: Head): Head {
  const [name, ...rest] = head.ref.parts
  return { ...head, ref: { ...head.ref, parts: [{ ...(name as Var), name: PLACED }, ...rest] } }
}

function withLine(head: Head, at: Location): Head {
  return { ...head, key: { kind: 'array', items: [head.key!, { kind: 'number', text: String(at.row), at }], at } }
}
