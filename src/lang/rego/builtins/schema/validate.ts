import type { RE2JS } from 're2js'
import type { Runtime } from '../../codegen/runtime.ts'
import { toDouble } from '../../values/big-float.ts'
import { compareNumbers, partsOf, type RegoNumber, toBigInt } from '../../values/decimal.ts'
import { shortestDouble } from '../../values/double.ts'
import { runeCount } from '../../values/runes.ts'
import { isArray, isNumber, RegoObject, type Value } from '../../values/value.ts'
import { chargeFor } from '../regex.ts'
import { canonical, type Schema } from './compile.ts'
import { isFormat } from './formats.ts'

/** What does not fit, and where: `(Root)` or a path with points. */
export interface Misfit {
  readonly field: string
  readonly type: string
  readonly description: string
}

/** Misfits, and how near it was: the library tells of the nearest of several schemas. */
interface Result {
  readonly misfits: Misfit[]
  score: number
}

export function validate(runtime: Runtime, schema: Schema, document: Value): readonly Misfit[] {
  return new Validator(runtime).within(schema, document, '(Root)').misfits
}

class Validator {
  readonly #runtime: Runtime

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  within(schema: Schema, value: Value, path: string): Result {
    const result: Result = { misfits: [], score: 0 }
    this.#check(schema, value, path, result)
    return result
  }

  #check(schema: Schema, value: Value, path: string, result: Result): void {
    this.#runtime.enter()
    this.#any(schema, value, path, result)
    this.#runtime.depth--
  }

  #any(schema: Schema, value: Value, path: string, result: Result): void {
    const bad = (type: string, description: string) => misfit(result, path, type, description)
    if (schema.pass !== undefined) {
      if (!schema.pass) bad('false', 'False always fails validation')
      return
    }
    if (schema.ref !== undefined) {
      this.#check(schema.ref, value, path, result)
      return
    }
    const type = typeOf(value)
    const fits = schema.types.includes(type) || (type === 'integer' && schema.types.includes('number'))
    if (schema.types.length > 0 && !fits) {
      const wanted = schema.types.length > 1 ? `[${schema.types.join(',')}]` : schema.types[0]!
      bad('invalid_type', `Invalid type. Expected: ${wanted}, given: ${type}`)
      return
    }
    this.#combined(schema, value, path, result)
    if (isNumber(value)) this.#number(schema, value, path, result)
    if (isArray(value)) this.#array(schema, value, path, result)
    if (value instanceof RegoObject) this.#object(schema, value, path, result)
    this.#common(schema, value, path, result)
    if (typeof value === 'string') this.#string(schema, value, path, result)
    if (value instanceof RegoObject) {
      for (const [name, each] of schema.properties) {
        const item = value.get(name)
        if (item !== undefined) this.#check(each, item, `${path}.${name}`, result)
      }
    }
    result.score++
  }

  #combined(schema: Schema, value: Value, path: string, result: Result): void {
    const bad = (type: string, description: string) => misfit(result, path, type, description)
    const merge = (other: Result) => mergeInto(result, other)
    if (schema.anyOf.length > 0) {
      const { fitting, nearest } = this.#attempt(schema.anyOf, value, path, 1)
      if (fitting === 0) {
        bad('number_any_of', 'Must validate at least one schema (anyOf)')
        if (nearest !== undefined) merge(nearest)
      }
    }
    if (schema.oneOf.length > 0) {
      const { fitting, nearest } = this.#attempt(schema.oneOf, value, path, Infinity)
      if (fitting !== 1) bad('number_one_of', 'Must validate one and only one schema (oneOf)')
      if (fitting === 0 && nearest !== undefined) merge(nearest)
    }
    if (schema.allOf.length > 0) {
      const results = schema.allOf.map((each) => this.within(each, value, path))
      results.forEach(merge)
      if (results.some(({ misfits }) => misfits.length > 0)) bad('number_all_of', 'Must validate all the schemas (allOf)')
    }
    if (schema.not !== undefined && this.within(schema.not, value, path).misfits.length === 0) {
      bad('number_not', 'Must not validate the schema (not)')
    }
    if (value instanceof RegoObject) this.#dependencies(schema, value, path, result)
    if (schema.condition !== undefined) {
      const holds = this.within(schema.condition, value, path).misfits.length === 0
      const branch = holds ? schema.whenTrue : schema.whenFalse
      const judged = branch === undefined ? undefined : this.within(branch, value, path)
      if (judged !== undefined && judged.misfits.length > 0) {
        const [type, word] = holds ? ['condition_then', 'then'] : ['condition_else', 'else']
        bad(type!, `Must validate "${word}" as "if" was ${holds ? 'valid' : 'not valid'}`)
        merge(judged)
      }
    }
    result.score++
  }

  #finds(pattern: RE2JS, text: string): boolean {
    chargeFor(this.#runtime, pattern, text)
    return pattern.matcher(text).find()
  }

  /** How many fit, up to `enough`, and the nearest before the first that did. */
  #attempt(schemas: readonly Schema[], value: Value, path: string, enough: number) {
    let fitting = 0
    let nearest: Result | undefined
    for (const each of schemas) {
      if (fitting >= enough) break
      const judged = this.within(each, value, path)
      if (judged.misfits.length === 0) fitting++
      else if (fitting === 0 && (nearest === undefined || judged.score > nearest.score)) nearest = judged
    }
    return { fitting, nearest }
  }

  #dependencies(schema: Schema, value: RegoObject, path: string, result: Result): void {
    for (const [name, needed] of schema.dependencies) {
      if (!value.has(name)) continue
      if (!isArray(needed)) this.#check(needed as Schema, value, path, result)
      else {
        for (const other of needed as readonly string[]) {
          if (!value.has(other)) misfit(result, path, 'missing_dependency', `Has a dependency on ${other}`)
        }
      }
    }
  }

  #common(schema: Schema, value: Value, path: string, result: Result): void {
    const bad = (type: string, description: string) => misfit(result, path, type, description)
    if (schema.constant !== undefined && canonical(value) !== schema.constant) {
      bad('const', `${fieldOf(path)} does not match: ${schema.constant}`)
    }
    if (schema.enum !== undefined && !schema.enum.includes(canonical(value))) {
      bad('enum', `${fieldOf(path)} must be one of the following: ${schema.enum.join(', ')}`)
    }
    if (schema.format !== undefined && typeof value === 'string' && !isFormat(this.#runtime, schema.format, value)) {
      bad('format', `Does not match format '${schema.format}'`)
    }
    result.score++
  }

  #number(schema: Schema, value: RegoNumber, path: string, result: Result): void {
    const rules: readonly (readonly [string, string, string, (bound: RegoNumber) => boolean])[] = [
      ['multipleOf', 'multiple_of', 'Must be a multiple of', (bound) => isMultiple(this.#runtime, value, bound)],
      ['maximum', 'number_lte', 'Must be less than or equal to', (bound) => compareNumbers(value, bound) <= 0],
      ['exclusiveMaximum', 'number_lt', 'Must be less than', (bound) => compareNumbers(value, bound) < 0],
      ['minimum', 'number_gte', 'Must be greater than or equal to', (bound) => compareNumbers(value, bound) >= 0],
      ['exclusiveMinimum', 'number_gt', 'Must be greater than', (bound) => compareNumbers(value, bound) > 0],
    ]
    for (const [key, type, words, holds] of rules) {
      const bound = schema.numbers.get(key)
      if (bound !== undefined && !holds(bound)) misfit(result, path, type, `${words} ${shortestDouble(toDouble(bound))}`)
    }
    result.score++
  }

  #string(schema: Schema, value: string, path: string, result: Result): void {
    const length = runeCount(value)
    const [least, most] = [schema.counts.get('minLength'), schema.counts.get('maxLength')]
    if (least !== undefined && length < least) {
      misfit(result, path, 'string_gte', `String length must be greater than or equal to ${least}`)
    }
    if (most !== undefined && length > most) misfit(result, path, 'string_lte', `String length must be less than or equal to ${most}`)
    if (schema.pattern !== undefined && !this.#finds(schema.pattern.compiled, value)) {
      misfit(result, path, 'pattern', `Does not match pattern '${schema.pattern.source}'`)
    }
    result.score++
  }

  #array(schema: Schema, value: readonly Value[], path: string, result: Result): void {
    const judge = (each: Schema, at: number) => mergeInto(result, this.within(each, value[at]!, `${path}.${at}`))
    if (schema.items !== undefined) for (const at of value.keys()) judge(schema.items, at)
    else if (schema.tuple !== undefined && schema.tuple.length > 0) {
      const { tuple, additionalItems } = schema
      for (let at = 0; at < tuple.length && at < value.length; at++) judge(tuple[at]!, at)
      if (tuple.length < value.length && additionalItems === false) {
        misfit(result, path, 'array_no_additional_items', 'No additional items allowed on array')
      }
      if (typeof additionalItems === 'object') for (let at = tuple.length; at < value.length; at++) judge(additionalItems, at)
    }
    const [least, most] = [schema.counts.get('minItems'), schema.counts.get('maxItems')]
    if (least !== undefined && value.length < least) misfit(result, path, 'array_min_items', `Array must have at least ${least} items`)
    if (most !== undefined && value.length > most) misfit(result, path, 'array_max_items', `Array must have at most ${most} items`)
    if (schema.uniqueItems === true) {
      const seen = new Map<string, number>()
      value.forEach((item, at) => {
        const key = canonical(item)
        const before = seen.get(key)
        if (before !== undefined) misfit(result, path, 'unique', `array items[${before},${at}] must be unique`)
        seen.set(key, at)
      })
    }
    if (schema.contains !== undefined) this.#contains(schema.contains, value, path, result)
    result.score++
  }

  #contains(schema: Schema, value: readonly Value[], path: string, result: Result): void {
    let nearest: Result | undefined
    for (const [at, item] of value.entries()) {
      const judged = this.within(schema, item, `${path}.${at}`)
      if (judged.misfits.length === 0) return
      if (nearest === undefined || judged.score > nearest.score) nearest = judged
    }
    misfit(result, path, 'contains', 'At least one of the items must match')
    if (nearest !== undefined) mergeInto(result, nearest)
  }

  #object(schema: Schema, value: RegoObject, path: string, result: Result): void {
    const bad = (type: string, description: string) => misfit(result, path, type, description)
    const [least, most] = [schema.counts.get('minProperties'), schema.counts.get('maxProperties')]
    if (least !== undefined && value.size < least) bad('array_min_properties', `Must have at least ${least} properties`)
    if (most !== undefined && value.size > most) bad('array_max_properties', `Must have at most ${most} properties`)
    for (const name of schema.required) {
      if (value.has(name)) result.score++
      else bad('required', `${name} is required`)
    }
    const known = new Set(schema.properties.map(([name]) => name))
    for (const [name, item] of value.entries() as readonly (readonly [string, Value])[]) {
      const named = schema.patternProperties.filter(([pattern]) => this.#finds(pattern, name))
      for (const [, each] of named) mergeInto(result, this.within(each, item, `${path}.${name}`))
      if (named.length > 0) result.score++
      if (known.has(name) || named.length > 0) continue
      if (schema.additionalProperties === false) {
        bad('additional_property_not_allowed', `Additional property ${name} is not allowed`)
      } else if (typeof schema.additionalProperties === 'object') {
        mergeInto(result, this.within(schema.additionalProperties, item, `${path}.${name}`))
      }
    }
    if (schema.propertyNames !== undefined) {
      for (const [name] of value.entries() as readonly (readonly [string, Value])[]) {
        const judged = this.within(schema.propertyNames, name, path)
        if (judged.misfits.length === 0) continue
        bad('invalid_property_name', `Property name of "${name}" does not match`)
        mergeInto(result, judged)
      }
    }
    result.score++
  }
}

function misfit(result: Result, path: string, type: string, description: string): void {
  result.misfits.push({ field: fieldOf(path), type, description })
  result.score -= 2
}

function mergeInto(result: Result, other: Result): void {
  for (const each of other.misfits) result.misfits.push(each)
  result.score += other.score
}

const fieldOf = (path: string) => path.replace(/^\(Root\)\./, '')

function typeOf(value: Value): string {
  if (value === null) return 'null'
  if (isNumber(value)) return toBigInt(value) === undefined ? 'number' : 'integer'
  if (isArray(value)) return 'array'
  return value instanceof RegoObject ? 'object' : typeof value
}

/** Exactly, however many places they have. */
function isMultiple(runtime: Runtime, value: RegoNumber, of: RegoNumber): boolean {
  const [a, b] = [partsOf(value), partsOf(of)]
  if (a.digits === '') return true
  const [one, other] = [a.exponent - a.digits.length, b.exponent - b.digits.length]
  const least = Math.min(one, other)
  runtime.charge(one + other - 2 * least)
  return (BigInt(a.digits) * 10n ** BigInt(one - least)) % (BigInt(b.digits) * 10n ** BigInt(other - least)) === 0n
}
