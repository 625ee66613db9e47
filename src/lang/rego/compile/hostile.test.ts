import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { RegoRejected } from '../errors.ts'
import { parseModule } from '../syntax/module.ts'
import { compileModules } from './compile.ts'
import { varsOf } from './vars.ts'

const compile = (text: string) => compileModules([parseModule('a.rego', `package a\n${text}`)])
const times = (n: number, line: (at: number) => string) => Array.from({ length: n }, (_, at) => line(at)).join('\n')

function milliseconds(run: () => unknown): number {
  const start = process.cpuUsage()
  run()
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1000
}

describe('bounds', () => {
  it('refuses a chain of operators that is too deep for the stack', () => {
    assert.throws(
      () => compile(`p := 1${' + 1'.repeat(50_000)}`),
      (error) => error instanceof RegoRejected && error.diagnostics[0]?.message === 'expressions nest too deep',
    )
  })

  it('takes comprehensions and domains that nest without exponential time', () => {
    const nested = (open: string, close: string) => `p if { ${open.repeat(60)}true${close.repeat(60)} }`
    for (const [open, close] of [
      ['x := [1 | ', ']'],
      ['every _ in [1 | ', '] { true }'],
    ] as const) {
      assert.ok(milliseconds(() => compile(nested(open, close))) < 2000, open)
    }
  })

  // each of these takes minutes where a stage is quadratic
  const LARGE: readonly (readonly [title: string, text: () => string])[] = [
    ['a body in reverse order', () => `p if {\n${times(20_000, (at) => `x${at} = x${at + 1}`)}\nx20000 = 1\n}`],
    ['many rules of one name that use many of another', () => times(10_000, (at) => `p contains x if x := q[${at}]\nq contains ${at}`)],
    ['a chain of rules', () => `${times(10_000, (at) => `p${at} := p${at + 1}`)}\np10000 := 1`],
    ['a body of many closures', () => `p if {\n${times(5000, (at) => `x${at} := [y | y := ${at === 0 ? 1 : `x${at - 1}`}]`)}\n}`],
  ]
  for (const [title, text] of LARGE) {
    it(`takes ${title}`, () => {
      const spent = milliseconds(() => compile(text()).graph.sorted)
      assert.ok(spent < 20_000, `${spent} ms`)
    })
  }
})

describe('safety', () => {
  it('does not depend on the order in which a body is written', () => {
    const lines = ['a = input.x', 'b = a + 1', 'c := [b, z]', 'z = count(a)', 'not d[c]', 'd = {e: 1 | e = c[_]}', 'every f in c { f > b }']
    fc.assert(
      fc.property(fc.shuffledSubarray(lines, { minLength: lines.length }), (shuffled) => {
        // what `:=` declares must stand before its use
        const order = [...shuffled.filter((line) => line.startsWith('c :=')), ...shuffled.filter((line) => !line.startsWith('c :='))]
        const [rule] = compile(`p if {\n${order.join('\n')}\n}`).modules[0]!.rules
        const bound = new Set(['input', 'data'])
        for (const expr of rule!.body) {
          if (expr.negated)
            for (const name of varsOf(expr, { callHeads: false })) assert.ok(bound.has(name), `${name} in ${order.join('; ')}`)
          for (const name of varsOf(expr)) bound.add(name)
        }
      }),
      { numRuns: 200 },
    )
  })

  it('finds each variable of a body that lacks the line that binds it', () => {
    const chain = Array.from({ length: 8 }, (_, at) => `x${at + 1} = x${at} + 1`)
    fc.assert(
      fc.property(fc.shuffledSubarray(['x0 = 1', ...chain], { minLength: 9 }), fc.nat(7), (shuffled, gap) => {
        const text = (lines: readonly string[]) => `p if {\n${lines.join('\n')}\n}`
        compile(text(shuffled))
        assert.throws(() => compile(text(shuffled.filter((line) => !line.startsWith(`x${gap} =`)))), /is unsafe/)
      }),
    )
  })
})
