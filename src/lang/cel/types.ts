// Types as cel-go's checker has them, and when one may stand for another.

export interface Type {
  /** `dyn`, `int`, `list`, `optional_type`, a name of Kubernetes' own; `param` for a type that is not known yet. */
  readonly kind: string
  readonly params: readonly Type[]
  /** Of an object with declared fields. */
  readonly fields?: ReadonlyMap<string, Type>
}

const simple = (kind: string): Type => ({ kind, params: [] })

export const DYN = simple('dyn')
export const BOOL = simple('bool')
export const INT = simple('int')
export const UINT = simple('uint')
export const DOUBLE = simple('double')
export const STRING = simple('string')
export const BYTES = simple('bytes')
export const NULL = simple('null_type')
export const TIMESTAMP = simple('google.protobuf.Timestamp')
export const DURATION = simple('google.protobuf.Duration')
export const listOf = (item: Type): Type => ({ kind: 'list', params: [item] })
export const mapOf = (key: Type, value: Type): Type => ({ kind: 'map', params: [key, value] })
export const optionalOf = (value: Type): Type => ({ kind: 'optional_type', params: [value] })
export const typeOf = (type: Type): Type => ({ kind: 'type', params: [type] })

/** Those that expressions can name. */
export const NAMED_TYPES: Readonly<Record<string, Type>> = {
  bool: BOOL,
  bytes: BYTES,
  double: DOUBLE,
  int: INT,
  uint: UINT,
  string: STRING,
  null_type: NULL,
  list: listOf(DYN),
  map: mapOf(DYN, DYN),
  type: typeOf(DYN),
  optional_type: optionalOf(DYN),
  'google.protobuf.Timestamp': TIMESTAMP,
  'google.protobuf.Duration': DURATION,
}

/** Those whose values have an order. */
export const SORTABLE = [NULL, INT, UINT, DOUBLE, BOOL, DURATION, TIMESTAMP, STRING, BYTES]

/** An object whose fields are declared: to select another is an error of the text. */
export function objectOf(kind: string, fields: Readonly<Record<string, Type>>): Type {
  return { kind, params: [], fields: new Map(Object.entries(fields)) }
}

/** `list(A)`, `map(string, dyn)`; one capital letter is a parameter. */
export function readType(text: string): Type {
  const open = text.indexOf('(')
  if (open < 0) return /^[A-Z]$/.test(text) ? { kind: 'param', params: [simple(text)] } : simple(text)
  return { kind: text.slice(0, open), params: splitTypes(text.slice(open + 1, -1)).map(readType) }
}

/** At the commas outside brackets. */
export function splitTypes(text: string): string[] {
  const parts: string[] = []
  let [depth, begin] = [0, 0]
  for (let at = 0; at <= text.length; at++) {
    if (text[at] === '(') depth++
    if (text[at] === ')') depth--
    if (depth > 0 || (at < text.length && text[at] !== ',')) continue
    const part = text.slice(begin, at).trim()
    if (part !== '') parts.push(part)
    begin = at + 1
  }
  return parts
}

export function showType(type: Type): string {
  if (type.kind === 'param') return type.params[0]!.kind
  return type.params.length === 0 ? type.kind : `${type.kind}(${type.params.map(showType).join(', ')})`
}

export function sameType(a: Type, b: Type): boolean {
  return a === b || (a.kind === b.kind && a.params.length === b.params.length && a.params.every((one, at) => sameType(one, b.params[at]!)))
}

export const isDyn = (type: Type) => type.kind === 'dyn'

/** Null stands for these, as in cel-go: its own type, moments, and all that is opaque or an object. */
const NOT_NULLABLE = new Set(['bool', 'int', 'uint', 'double', 'string', 'bytes', 'list', 'map', 'type'])

/** What is known of the parameters, one expression long. */
export class Substitutions {
  #count = 0
  readonly #known = new Map<string, Type>()
  /** What was known before each thing learnt, so that it can be taken back. */
  readonly #trail: (readonly [name: string, before: Type | undefined])[] = []

  fresh(): Type {
    return { kind: 'param', params: [simple(`_${this.#count++}`)] }
  }

  /** The parameters of one signature made this call's own. */
  instantiate(types: readonly Type[]): Type[] {
    const own = new Map<string, Type>()
    const walk = (type: Type): Type => {
      if (type.kind !== 'param') return type.params.length === 0 ? type : { ...type, params: type.params.map(walk) }
      const name = type.params[0]!.kind
      if (!own.has(name)) own.set(name, this.fresh())
      return own.get(name)!
    }
    return types.map(walk)
  }

  /** All of `from` assignable to their counterparts? What that teaches of parameters is kept, if they are. */
  assignable(from: readonly Type[], to: readonly Type[]): boolean {
    this.#trail.length = 0
    if (this.#all(from, to)) return true
    for (const [name, before] of this.#trail.reverse()) {
      if (before === undefined) this.#known.delete(name)
      else this.#known.set(name, before)
    }
    return false
  }

  /** With every parameter that is known put in; the others are `dyn` where so asked. */
  resolve(type: Type, toDyn = false): Type {
    if (type.kind === 'param') {
      const known = this.#known.get(type.params[0]!.kind)
      if (known !== undefined) return this.resolve(known, toDyn)
      return toDyn ? DYN : type
    }
    return type.params.length === 0 ? type : { ...type, params: type.params.map((part) => this.resolve(part, toDyn)) }
  }

  #all(from: readonly Type[], to: readonly Type[]): boolean {
    return from.length === to.length && from.every((one, at) => this.#one(one, to[at]!))
  }

  #one(a: Type, b: Type): boolean {
    if (b.kind === 'param') {
      const { valid, known } = this.#substitutes(a, b)
      if (valid) return true
      if (known) return false
    }
    if (a.kind === 'param') return this.#substitutes(b, a).valid
    if (isDyn(a) || isDyn(b)) return true
    if (a.kind === 'null_type') return !NOT_NULLABLE.has(b.kind)
    if (b.kind === 'null_type') return !NOT_NULLABLE.has(a.kind)
    if (a.kind !== b.kind) return false
    return a.kind === 'type' || this.#all(a.params, b.params)
  }

  #learn(name: string, type: Type): void {
    this.#trail.push([name, this.#known.get(name)])
    this.#known.set(name, type)
  }

  /** May `type` be what `param` stands for? */
  #substitutes(type: Type, param: Type): { valid: boolean; known: boolean } {
    if (sameType(type, param)) return { valid: true, known: true }
    const name = param.params[0]!.kind
    const known = this.#known.get(name)
    if (known === undefined) {
      if (this.#occurs(param, type)) return { valid: false, known: false }
      this.#learn(name, type)
      return { valid: true, known: false }
    }
    if (sameType(type, known)) return { valid: true, known: true }
    if (!this.#one(type, known)) return { valid: false, known: true }
    const general = lessSpecific(type, known) ? type : known
    if (!this.#occurs(param, general)) this.#learn(name, general)
    return { valid: true, known: true }
  }

  #occurs(param: Type, within: Type): boolean {
    if (sameType(param, within)) return true
    if (within.kind !== 'param') return within.params.some((part) => this.#occurs(param, part))
    const known = this.#known.get(within.params[0]!.kind)
    return known !== undefined && this.#occurs(param, known)
  }
}

function lessSpecific(a: Type, b: Type): boolean {
  if (isDyn(a) || a.kind === 'param') return true
  if (isDyn(b) || b.kind === 'param' || a.kind !== b.kind) return false
  return a.kind === 'type' || a.params.every((part, at) => lessSpecific(part, b.params[at]!))
}
