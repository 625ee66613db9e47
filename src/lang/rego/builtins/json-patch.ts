import { type Builtin, partsOf, type Runtime } from '../codegen/runtime.ts'
import { BuiltinError } from '../errors.ts'
import { equal } from '../values/order.ts'
import { isArray, isNumber, RegoObject, RegoSet, typeName, type Value } from '../values/value.ts'
import { segments } from './json-paths.ts'
import { array, integerOf, weighItems } from './operands.ts'

type Path = readonly Value[]

/** RFC 6902, for sets as well: their members are their own keys. */
export const JSON_PATCH: Readonly<Record<string, Builtin>> = {
  'json.patch': (runtime, a, b) => {
    let document: Value | undefined = a
    for (const operation of array(b, 2)) document = apply(runtime, document, operation)
    return document
  },
}

/** The document after one operation; undefined where it has been removed. */
function apply(runtime: Runtime, document: Value | undefined, operation: Value): Value | undefined {
  if (!(operation instanceof RegoObject)) {
    throw new BuiltinError('must be an array of JSON-Patch objects, but at least one element is not an object')
  }
  const wanted = (name: string): Value => {
    const found = operation.get(name)
    if (found === undefined) throw new BuiltinError(`missing required attribute '${name}'`)
    return found
  }
  const at = wanted('path')
  const name = wanted('op')
  if (typeof name !== 'string') throw new BuiltinError(`attribute 'op' must be a string but found: ${typeName(name)}`)
  const path = segments(runtime, at)
  switch (name) {
    case 'add':
      return insert(runtime, document, path, wanted('value'))
    case 'remove':
      return change(runtime, document, path, remove)
    case 'replace': {
      const without = change(runtime, document, path, remove)
      return insert(runtime, without, path, wanted('value'))
    }
    case 'move': {
      const from = segments(runtime, wanted('from'))
      const part = look(document, from)
      return insert(runtime, change(runtime, document, from, remove), path, part)
    }
    case 'copy':
      return insert(runtime, document, path, look(document, segments(runtime, wanted('from'))))
    case 'test':
      if (!equal(look(document, path), wanted('value'))) throw new BuiltinError('the value is not the one that is tested for')
      return document
    default:
      throw new BuiltinError(`unrecognized op: '${name}'`)
  }
}

function insert(runtime: Runtime, document: Value | undefined, path: Path, value: Value): Value {
  if (path.length === 0) return value
  return change(runtime, document, path, (container, key) => put(container, key, value))!
}

/** The document with the container at the end of the path changed; undefined where the path names the document itself. */
function change(
  runtime: Runtime,
  document: Value | undefined,
  path: Path,
  edit: (container: Value, key: Value) => Value,
): Value | undefined {
  if (document === undefined) throw new BuiltinError('the document has been removed')
  if (path.length === 0) return undefined
  const chain = [document]
  for (const key of path.slice(0, -1)) chain.push(step(chain.at(-1)!, key))
  // Each of them is made anew.
  for (const container of chain) {
    runtime.charge(partsOf(container))
    weighItems(runtime, partsOf(container))
  }
  let made = edit(chain.at(-1)!, path.at(-1)!)
  for (let at = path.length - 2; at >= 0; at--) {
    made = replace(chain[at]!, path[at]!, made)
  }
  return made
}

function look(document: Value | undefined, path: Path): Value {
  if (document === undefined) throw new BuiltinError('the document has been removed')
  return path.reduce<Value>(step, document)
}

function step(container: Value, key: Value): Value {
  const found = isArray(container)
    ? container[indexOf(container, key)]
    : container instanceof RegoObject || container instanceof RegoSet
      ? container.get(key)
      : undefined
  if (found === undefined) throw new BuiltinError('the path does not exist')
  return found
}

function put(container: Value, key: Value, value: Value): Value {
  if (isArray(container)) return container.toSpliced(place(container, key, container.length), 0, value)
  if (container instanceof RegoObject) return RegoObject.of([...container.entries(), [key, value]])
  if (!(container instanceof RegoSet)) throw new BuiltinError('expected composite type')
  if (!equal(key, value)) throw new BuiltinError('the set key does not equal the value to be inserted')
  return RegoSet.of([...container.members(), value])
}

function remove(container: Value, key: Value): Value {
  if (isArray(container)) return container.toSpliced(place(container, key, container.length - 1), 1)
  step(container, key)
  if (container instanceof RegoSet) return RegoSet.of(container.members().filter((member) => !equal(member, key)))
  return RegoObject.of((container as RegoObject).entries().filter(([each]) => !equal(each, key)))
}

/** What stands at a key gives way to what was made of it. */
function replace(container: Value, key: Value, value: Value): Value {
  if (isArray(container)) return container.with(indexOf(container, key), value)
  if (container instanceof RegoSet) return RegoSet.of([...container.members().filter((member) => !equal(member, key)), value])
  return RegoObject.of([...(container as RegoObject).entries(), [key, value]])
}

function place(container: readonly Value[], key: Value, last: number): number {
  const at = indexOf(container, key)
  if (at < 0 || at > last) throw new BuiltinError('index out of bounds')
  return at
}

/** An index as a number or its text; `-` is the place behind the last. */
function indexOf(container: readonly Value[], key: Value): number {
  if (key === '-') return container.length
  const written = typeof key === 'string' && /^[+-]?\d+(?:\.0*)?$/.test(key)
  if (written && key !== '0' && key.startsWith('0')) throw new BuiltinError('leading zeros are not allowed in JSON paths')
  const at = written ? Number(key) : isNumber(key) ? integerOf(key) : undefined
  if (at === undefined) throw new BuiltinError('invalid index')
  return at
}
