// Does a value follow a schema? kube-openapi's pkg/validation/validate, with its messages and with its oddities, since a constraint that
// Kubernetes refuses is not in force, and one that it takes is.
import { isFields } from '../../../formats/kubernetes/object.ts'
import { FORMATS, formatKey } from './formats.ts'
import type { Problem, SchemaNode } from './node.ts'
import { isInRange, isJsonInteger, type NumberForm, showNumber, toInt64 } from './numbers.ts'
import { hasMatch } from './regex.ts'
import { isOneOf, type Kind, kindOf, membersOf } from './value.ts'

export interface Reading extends NumberForm {
  /**
   * The schema as the structural one has it, by which defaults are checked: formats that nobody knows stay, an int-or-string has no
   * type, and `additionalProperties` below a junctor are gone.
   */
  readonly structural: boolean
}

/** Problems that are told of one value; more are as good as these. */
const MAX_PROBLEMS = 100
/** Characters of one, whatever text of a value or a schema it quotes. */
const MAX_TEXT = 2000

/**
 * All that is wrong with a value, each problem once. A path is empty where a junctor fails: its text names the place.
 * Takes time in proportion to the value times the schemas that apply to one place.
 */
export function problemsOf(node: SchemaNode, value: unknown, path: string, reading: Reading): readonly Problem[] {
  return new Validator(reading).check(node, value, path, false).problems
}

/** Problems, each text once, and how many checks were passed: by it the best of failed alternatives is chosen. */
class Result {
  readonly #problems = new Map<string, Problem>()
  matches = 0

  get problems(): readonly Problem[] {
    return [...this.#problems.values()]
  }

  get valid(): boolean {
    return this.#problems.size === 0
  }

  /** `at` undefined: a problem of no field of its own. */
  fail(at: string | undefined, said: string): this {
    const text = said.length > MAX_TEXT ? `${said.slice(0, MAX_TEXT)}…` : said
    if (this.#problems.size < MAX_PROBLEMS && !this.#problems.has(text))
      this.#problems.set(text, { path: at?.replace(/^\./, '') ?? '', text })
    return this
  }

  merge(other: Result | undefined): this {
    if (other === undefined) return this
    for (const [text, problem] of other.#problems)
      if (this.#problems.size < MAX_PROBLEMS && !this.#problems.has(text)) this.#problems.set(text, problem)
    this.matches += other.matches
    return this
  }
}

const failure = (at: string, text: string) => new Result().fail(at, `${at} in body ${text}`)

class Validator {
  readonly #reading: Reading

  constructor(reading: Reading) {
    this.#reading = reading
  }

  check(node: SchemaNode, value: unknown, at: string, within: boolean): Result {
    const result = new Result()
    const kind = kindOf(value, this.#reading)
    const types = !this.#reading.structural && node.intOrString ? ['integer', 'string'] : node.type === '' ? [] : [node.type]
    const format = this.#reading.structural ? node.format : knownFormat(node.format, types)
    if (kind === 'null') return result.merge(checkType(types, format, node.nullable, value, kind, at)).merge(this.#enum(node, value, at))
    const apply = (found: Result | undefined) => {
      result.merge(found).matches++
    }
    if (types.length > 0 || format !== '') apply(checkType(types, format, node.nullable, value, kind, at))
    apply(this.#junctors(node, value, at))
    if (typeof value === 'string') {
      apply(checkText(node, value, at))
      const hasFormat = FORMATS.get(formatKey(format))
      if (hasFormat !== undefined) apply(hasFormat(value) ? undefined : failure(at, `must be of type ${format}: ${JSON.stringify(value)}`))
    }
    if (typeof value === 'number') apply(checkNumber(node, types, format, value, at, this.#reading))
    if (Array.isArray(value)) apply(this.#items(node, value, at, within))
    apply(this.#enum(node, value, at))
    if (isFields(value)) apply(this.#fields(node, value, at, within))
    result.matches++
    return result
  }

  #enum(node: SchemaNode, value: unknown, at: string): Result | undefined {
    if (node.enum.length === 0 || isOneOf(value, membersOf(node.enum), this.#reading)) return undefined
    return failure(at, `should be one of ${membersOf(node.enum).shown}`)
  }

  #junctors(node: SchemaNode, value: unknown, at: string): Result {
    const result = new Result()
    const quoted = JSON.stringify(at)
    const check = (each: SchemaNode) => this.check(each, value, at, true)
    if (node.anyOf.length > 0) {
      const best = bestOf(node.anyOf, check, 1)
      if (best.valid === 0) result.fail(undefined, `${quoted} must validate at least one schema (anyOf)`)
      result.merge(best.result)
    }
    if (node.oneOf.length > 0) {
      const best = bestOf(node.oneOf, check, Number.POSITIVE_INFINITY)
      const found = best.valid === 0 ? 'Found none valid' : `Found ${best.valid} valid alternatives`
      if (best.valid !== 1) result.fail(undefined, `${quoted} must validate one and only one schema (oneOf). ${found}`)
      if (best.valid < 2) result.merge(best.result)
    }
    if (node.allOf.length > 0) {
      const results = node.allOf.map(check)
      for (const each of results) result.merge(each)
      const valid = results.filter((each) => each.valid).length
      if (valid < results.length)
        result.fail(undefined, `${quoted} must validate all the schemas (allOf)${valid === 0 ? '. None validated' : ''}`)
    }
    if (node.not !== undefined && check(node.not).valid) result.fail(undefined, `${quoted} must not validate the schema (not)`)
    result.matches++
    return result
  }

  #items({ items, minItems, maxItems }: SchemaNode, value: readonly unknown[], at: string, within: boolean): Result {
    const result = new Result()
    if (items !== undefined) for (const [index, each] of value.entries()) result.merge(this.check(items, each, `${at}[${index}]`, within))
    if (minItems !== undefined && value.length < minItems) result.merge(failure(at, `should have at least ${minItems} items`))
    if (maxItems !== undefined && value.length > maxItems) result.merge(failure(at, `should have at most ${maxItems} items`))
    result.matches++
    return result
  }

  #fields(node: SchemaNode, value: Readonly<Record<string, unknown>>, at: string, within: boolean): Result {
    const result = new Result()
    const names = Object.keys(value)
    const { minProperties: min, maxProperties: max, properties } = node
    const more = this.#reading.structural && within ? undefined : node.additionalProperties
    if (min !== undefined && names.length < min) result.merge(failure(at, `should have at least ${min} properties`))
    if (max !== undefined && names.length > max) result.merge(failure(at, `should have at most ${max} properties`))
    for (const name of names) {
      if (properties.has(name)) continue
      if (more === false) result.fail(at, `${at}.${name} in body is a forbidden property`)
      if (typeof more === 'object') result.merge(this.check(more, value[name], `${at}.${name}`, within))
    }
    for (const [name, each] of properties)
      if (Object.hasOwn(value, name)) result.merge(this.check(each, value[name], at === '' ? name : `${at}.${name}`, within))
    for (const name of node.required) if (!Object.hasOwn(value, name)) result.merge(failure(`${at}.${name}`, 'is required'))
    return result
  }
}

/** Of alternatives: how many are followed, up to `enough`, and the result of the first of them, else of the best. */
function bestOf(nodes: readonly SchemaNode[], check: (node: SchemaNode) => Result, enough: number) {
  let [valid, followed, failed]: [number, Result?, Result?] = [0]
  for (const node of nodes) {
    const result = check(node)
    if (result.valid) {
      followed ??= result
      if (++valid >= enough) break
    } else if (failed === undefined || result.matches > failed.matches) failed = result
  }
  return { valid, result: followed ?? failed }
}

/** A format that is not known for the type is as none. */
function knownFormat(format: string, types: readonly string[]): string {
  const type = types.length === 1 ? types[0] : ''
  const known =
    type === 'integer'
      ? format === 'int32' || format === 'int64'
      : type === 'number'
        ? format === 'float' || format === 'double'
        : (type === '' || type === 'string') && FORMATS.has(formatKey(format))
  return known ? format : ''
}

function checkType(types: readonly string[], format: string, nullable: boolean, value: unknown, kind: Kind, at: string): Result {
  const wrong = (wanted: string, found: string) => failure(at, `must be of type ${wanted}: ${JSON.stringify(found)}`)
  const passed = new Result()
  passed.matches = 1
  if (kind === 'null') return types.length > 0 && !nullable ? wrong(types.join(','), 'null') : passed
  const fits =
    types.includes(kind) ||
    (kind === 'number' && types.includes('integer') && isJsonInteger(value as number)) ||
    (kind === 'integer' && types.includes('number'))
  const goFormat = kind === 'integer' ? 'int64' : kind === 'number' ? 'float64' : ''
  const isText = kind === 'string' || kind === 'array'
  if (!isText && format !== '' && !fits && goFormat !== format) return wrong(format, goFormat)
  // A format says that it is a text, so nothing more is asked here: not even that it is no list.
  if (isText && format !== '' && !types.includes('number') && !types.includes('integer')) return passed
  return fits ? passed : wrong(types.join(','), kind)
}

function checkText({ maxLength, minLength, pattern }: SchemaNode, text: string, at: string): Result | undefined {
  if (maxLength !== undefined || minLength !== undefined) {
    // A character outside of the basic plane is two units of JavaScript, and one of Go.
    const length = text.length - (text.match(/[\ud800-\udbff][\udc00-\udfff]/g)?.length ?? 0)
    if (maxLength !== undefined && length > maxLength) return failure(at, `should be at most ${maxLength} chars long`)
    if (minLength !== undefined && length < minLength) return failure(at, `should be at least ${minLength} chars long`)
  }
  return pattern === '' || hasMatch(pattern, text) ? undefined : failure(at, `should match '${pattern}'`)
}

/** Bounds of a whole number are cut to whole numbers; where a bound does not fit the type, it is one problem more. */
function checkNumber(node: SchemaNode, types: readonly string[], format: string, value: number, at: string, form: NumberForm): Result {
  const result = new Result()
  const type = types.length === 1 && (types[0] === 'integer' || types[0] === 'number') ? types[0] : ''
  const whole = kindOf(value, form) === 'integer'
  const fits = (number: number, what: string) => {
    if (isInRange(number, type, format)) return true
    const as = format === '' ? '(default format)' : `with format ${format}`
    result.fail(undefined, `${what} value must be of type ${type} ${as} in ${at}`)
    return false
  }
  const bound = (number: number, what: string) => {
    const cut = fits(number, what) && whole
    return { limit: cut ? toInt64(number) : number, shown: showNumber(cut ? toInt64(number) : number, { floats: !cut }), cut }
  }
  fits(value, 'Checked')
  if (node.multipleOf !== undefined) {
    const { limit, shown, cut } = bound(node.multipleOf, 'MultipleOf')
    if (limit <= 0) result.fail(at, `factor MultipleOf declared for ${at} must be positive: ${shown}`)
    else if (cut ? value % limit !== 0 : !isJsonInteger(limit < 1 ? (1 / limit) * value : value / limit))
      result.merge(failure(at, `should be a multiple of ${shown}`))
  }
  if (node.minimum !== undefined) {
    const { limit, shown } = bound(node.minimum, 'Minimum boundary')
    const over = node.exclusiveMinimum
    if (over ? value <= limit : value < limit) result.merge(failure(at, `should be greater than ${over ? '' : 'or equal to '}${shown}`))
  }
  if (node.maximum !== undefined) {
    const { limit, shown } = bound(node.maximum, 'Maximum boundary')
    const under = node.exclusiveMaximum
    if (under ? value >= limit : value > limit) result.merge(failure(at, `should be less than ${under ? '' : 'or equal to '}${shown}`))
  }
  result.matches++
  return result
}
