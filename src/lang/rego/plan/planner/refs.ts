// References: into a value by look-ups and scans, into `data` by the rules that stand there and the store.
import { childOf, type RuleNode } from '../../compile/compiled.ts'
import { constantOf } from '../../compile/constant.ts'
import type { Ref, Term } from '../../syntax/ast.ts'
import { RegoSet, type Value } from '../../values/value.ts'
import type { Operand } from '../ir.ts'
import { type Alternative, planAlternatives } from './alternatives.ts'
import { type Code, local } from './code.ts'
import { constantPath } from './conditions.ts'
import { extentFunction, groupFunction, keyedFunction } from './documents.ts'
import { planTerm } from './terms.ts'
import { children, type Group, isConstant, mayConflict, storeName } from './tree.ts'
import { unifyOperand } from './unify.ts'
import { documentName, hasFree } from './variables.ts'

export function planRef(code: Code, ref: Ref): Operand {
  const [head, ...parts] = ref.parts
  const document = documentName(head)
  if (document === 'data') return planData(code, parts, { node: code.program.tree.root, names: [], place: code.data })
  return document === 'input' ? planInput(code, ref, parts) : planParts(code, planTerm(code, head), parts, false)
}

/** From the input, or from where its path is known already. */
function planInput(code: Code, ref: Ref, parts: readonly Term[]): Operand {
  const hoisted = code.hoisted(constantPath(ref))
  const rest = parts.slice(hoisted?.path.length ?? 0)
  const source = hoisted === undefined ? code.input : local(hoisted.local)
  if (rest.length === 0 && source.type === 'local') code.emit({ type: 'IsDefinedStmt', source: source.value })
  return planParts(code, source, rest, false)
}

/** Goes into a value, part for part. `stored`: the value is a place in the store. */
export function planParts(code: Code, source: Operand, parts: readonly Term[], stored: boolean): Operand {
  return parts.reduce((value, part) => planPart(code, value, part, stored), source)
}

function planPart(code: Code, source: Operand, part: Term, stored: boolean): Operand {
  if (!hasFree(code, part)) return get(code, source, planTerm(code, part), stored)
  const { key, value } = code.scan(materialised(code, source))
  unifyOperand(code, local(key), part)
  return local(value)
}

export function get(code: Code, source: Operand, key: Operand, stored: boolean): Operand {
  const target = code.local()
  code.emit({ type: 'GetStmt', source, key, target, stored })
  return local(target)
}

/** The operand as a local, which scans want. */
function materialised(code: Code, source: Operand): number {
  if (source.type === 'local') return source.value
  const target = code.local()
  code.emit({ type: 'AssignVarStmt', source, target })
  return target
}

/** How far into `data` a ref has been followed. */
interface Position {
  /** The rules here and below; undefined where there are none. */
  readonly node: RuleNode | undefined
  readonly names: readonly Term[]
  /** The operand from which `rest` leads here in the store. */
  readonly place: Operand
}

function planData(code: Code, parts: readonly Term[], position: Position): Operand {
  const { node } = position
  if (node === undefined) return planParts(code, position.place, [...position.names, ...parts], true)
  const group = code.program.tree.group(node)
  if (group !== undefined) {
    // The extent of functions is nothing.
    if (group.isFunction) {
      code.fail()
      return code.program.constant(null)
    }
    return planParts(code, planDocument(code, group, parts), parts, false)
  }
  const [written, ...rest] = parts
  const part = written && inlined(code, written)
  if (part === undefined) return invoke(code, extentFunction(code.program, node, ['data', ...position.names.map(storeName)]), [])
  if (isConstant(part)) {
    return planData(code, rest, { node: childOf(node, part), names: [...position.names, part], place: position.place })
  }
  return planChildren(code, part, rest, node, position)
}

/** The document of a group, or a part of it in which the known ones of the next parts are found. */
function planDocument(code: Code, group: Group, parts: readonly Term[]): Operand {
  const { program } = code
  const whole = groupFunction(program, group)
  if (group.kind === 'value') return invoke(code, whole, [])
  const keys = knownKeys(code, parts)
  if (keys.length === 0) return invoke(code, whole, [])
  if (program.tree.circular(group)) return invoke(code, keyedFunction(program, group, keys.length), keys)
  if (!mayConflict(group)) return invoke(code, whole, [])
  return invoke(code, whole, [], { func: keyedFunction(program, group, keys.length), args: keys })
}

/** The string that a variable is bound to. */
function inlined(code: Code, part: Term): Term {
  const bound = part.kind === 'var' ? code.lookUp(part.name) : undefined
  return bound?.type === 'string_index' ? { kind: 'string', value: code.program.stringAt(bound.value), at: part.at } : part
}

/** A part that is only known, or found, when it runs: one of the children that are rules, or else of the store. */
function planChildren(code: Code, part: Term, rest: readonly Term[], node: RuleNode, position: Position): Operand {
  const free = hasFree(code, part)
  const known = free ? undefined : planTerm(code, part)
  const virtual = children(node).filter(([, child]) => !free || !child.hidden)
  const step = (key: Term, child: RuleNode | undefined) =>
    planData(code, rest, { node: child, names: [...position.names, key], place: position.place })
  const alternatives: Alternative[] = virtual.map(([key, child]) => () => {
    if (known === undefined) unifyOperand(code, code.program.constant(constantOf(key)!), part)
    else code.emit({ type: 'EqualStmt', a: known, b: code.program.constant(constantOf(key)!) })
    return step(key, child)
  })
  const taken = code.program.constant(RegoSet.of(virtual.map(([key]) => constantOf(key) as Value)))
  alternatives.unshift(() => {
    const source = planParts(code, position.place, position.names, true)
    if (known !== undefined) {
      exclude(code, taken, known)
      return planParts(code, get(code, source, known, true), rest, true)
    }
    const { key, value } = code.scan(materialised(code, source))
    exclude(code, taken, local(key))
    unifyOperand(code, local(key), part)
    return planParts(code, local(value), rest, true)
  })
  return planAlternatives(code, alternatives, known !== undefined)
}

/** Fails where the key is a member of the set. */
function exclude(code: Code, set: Operand, key: Operand): void {
  const here = code.depth
  const { block } = code.block(() => {
    get(code, set, key, false)
    code.leave(here)
  })
  code.emit({ type: 'BlockStmt', blocks: [block] })
}

function invoke(code: Code, func: string, args: readonly Operand[], otherwise?: { func: string; args: readonly Operand[] }): Operand {
  const result = code.local()
  code.emit({ type: 'InvokeStmt', func, input: code.input, data: code.data, args, result, ...(otherwise && { otherwise }) })
  return local(result)
}

/** The values of the first parts, as far as they are known. */
function knownKeys(code: Code, parts: readonly Term[]): Operand[] {
  const end = parts.findIndex((part) => hasFree(code, part))
  return (end < 0 ? parts : parts.slice(0, end)).map((part) => planTerm(code, part))
}
