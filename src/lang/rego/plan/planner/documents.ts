// The functions that make the documents below `data`: of a group of rules, of a part of one, of everything below a node.
import type { RuleNode } from '../../compile/compiled.ts'
import { Code, local } from './code.ts'
import { constantOf } from './constants.ts'
import type { Program } from './program.ts'
import { get } from './refs.ts'
import { planGroup } from './rules.ts'
import { children, type Group, storeName } from './tree.ts'

/** The whole document of a group, or the function that it is. */
export function groupFunction(program: Program, group: Group): string {
  const kind = group.isFunction ? 'function' : 'rule'
  const hides = group.isFunction ? undefined : group.path
  return program.func(group.name, kind, hides, hides, () => planGroup(program, group, 0))
}

/** The part of a group's document that its first `keys` keys select, as a document of the same shape. */
export function keyedFunction(program: Program, group: Group, keys: number): string {
  return program.func(`${group.name}/${keys}`, 'keyed', group.path, group.path, () => planGroup(program, group, keys))
}

/** What rules make below a node, over what the store has there. */
export function extentFunction(program: Program, node: RuleNode, path: readonly string[]): string {
  const name = `${path.join('.')}.**`
  return program.func(name, 'rule', undefined, undefined, () => {
    const code = new Code(program, 2)
    const [stored, virtual] = [code.local(), code.local()]
    const blocks = [
      code.block(() => planStored(code, path, stored)),
      code.block(() => invokeInto(code, virtualFunction(program, node, path), virtual)),
      code.block(() => {
        code.emit({ type: 'IsUndefinedStmt', source: virtual })
        code.emit({ type: 'ReturnStmt', source: local(stored) })
      }),
      code.block(() => {
        code.emit({ type: 'IsUndefinedStmt', source: stored })
        code.emit({ type: 'ReturnStmt', source: local(virtual) })
      }),
      code.block(() => {
        const target = code.local()
        code.emit({ type: 'ObjectMergeStmt', a: stored, b: virtual, target })
        code.emit({ type: 'ReturnStmt', source: local(target) })
      }),
    ]
    return { params: [0, 1], blocks: blocks.map(({ block }) => block) }
  })
}

function planStored(code: Code, [, ...names]: readonly string[], target: number): void {
  let place = code.data
  for (const name of names) place = get(code, place, code.program.string(name), true)
  if (names.length > 0) {
    code.emit({ type: 'AssignVarStmt', source: place, target })
    return
  }
  const args = [place, code.program.constant(['system'])]
  code.emit({ type: 'InvokeStmt', func: code.program.builtin('object.remove'), input: code.input, data: code.data, args, result: target })
}

/** What rules make below a node; undefined where a `with` has replaced it. */
function virtualFunction(program: Program, node: RuleNode, path: readonly string[]): string {
  return program.func(`${path.join('.')}.*`, 'rule', path, undefined, () => {
    const code = new Code(program, 2)
    const object = code.local()
    const blocks = [code.block(() => code.emit({ type: 'MakeObjectStmt', target: object }))]
    for (const [key, child] of children(node)) {
      const group = program.tree.group(child)
      if (child.hidden || group?.isFunction) continue
      const name = constantOf(key)!
      const func = group === undefined ? virtualFunction(program, child, [...path, storeName(key)]) : groupFunction(program, group)
      blocks.push(
        code.block(() => {
          const value = code.local()
          invokeInto(code, func, value)
          code.emit({ type: 'ObjectInsertStmt', object, key: program.constant(name), value: local(value) })
        }),
      )
    }
    blocks.push(code.block(() => code.emit({ type: 'ReturnStmt', source: local(object) })))
    return { params: [0, 1], blocks: blocks.map(({ block }) => block) }
  })
}

function invokeInto(code: Code, func: string, result: number): void {
  code.emit({ type: 'InvokeStmt', func, input: code.input, data: code.data, args: [], result })
}
