import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { RegoRejected } from '../errors.ts'
import { parseModule, parseQuery } from '../syntax/module.ts'
import { compileModules } from './compile.ts'
import { compileQuery, type QueryOptions } from './query.ts'
import { bodyText } from './text.ts'

const module = parseModule('a.rego', 'package a.b\nf(x) := x + 1\np contains 1\nq := {"r": 2}')
const compiled = compileModules([module])
const query = (text: string, options?: QueryOptions) => compileQuery(parseQuery('query', text), compiled, options)

function faults(text: string, options?: QueryOptions): readonly string[] {
  try {
    query(text, options)
    return []
  } catch (error) {
    if (!(error instanceof RegoRejected)) throw error
    return error.diagnostics.map(({ code, message }) => `${code}: ${message}`)
  }
}

describe('queries', () => {
  it('get the forms of rule bodies, and keep ==', () => {
    for (const [text, form] of [
      ['x := data.a.b.f(1); x == 2', 'data.a.b.f(1, __localq1__); __localq0__ = __localq1__; equal(__localq0__, 2)'],
      ['data.a.b.p[x]; y = count([x])', 'data.a.b.p[x]; count([x], __localq0__); y = __localq0__'],
      ['y > x; [x, y] = [1, input.z]', '__localq0__ = input.z; [x, y] = [1, __localq0__]; gt(y, x)'],
      ['some i, v in input.xs', '__localq1__ = input.xs[__localq0__]'],
    ] as const) {
      assert.equal(bodyText(query(text).body), form)
    }
  })

  it('tell what their variables were called', () => {
    const { written } = query('x := 1; [y | some y in [x]]')
    assert.deepEqual([...written.values()].sort(), ['__localq1__', 'x', 'y'])
  })

  it('see the rules of their package and their imports', () => {
    const path = module.package.path
    const { imports } = parseModule('', 'package x\nimport data.a.b as ab\nimport input.u')
    assert.equal(bodyText(query('f(1); p', { package: path }).body), 'data.a.b.f(1); data.a.b.p')
    assert.equal(bodyText(query('ab.q[u]', { imports }).body), '__localq0__ = input.u; data.a.b.q[__localq0__]')
  })

  it('are refused as modules are', () => {
    for (const [text, fault] of [
      ['x > 1', 'rego_unsafe_var_error: var x is unsafe'],
      ['f(1)', 'rego_type_error: undefined function f'],
      ['data.a.b.f(1, 2, 3)', 'rego_type_error: function data.a.b.f has arity 1, got 3 arguments'],
      ['x := 1; x := 2', 'rego_compile_error: var x assigned above'],
      ['true with data.a.b.q.r as 1', 'rego_compile_error: with keyword cannot partially replace virtual document(s)'],
      ['x := print(1)', 'rego_type_error: print(1) used as value'],
    ] as const) {
      assert.deepEqual(faults(text), [fault])
    }
    assert.deepEqual(faults('any([true])'), [])
    assert.deepEqual(faults('any([true])', { strict: true }), ['rego_type_error: deprecated built-in function calls in expression: any'])
    assert.deepEqual(faults('time.now_ns()', { unsafeBuiltins: new Set(['time.now_ns']) }), [
      'rego_type_error: unsafe built-in function calls in expression: time.now_ns',
    ])
  })
})
