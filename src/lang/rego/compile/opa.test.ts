import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { RegoRejected } from '../errors.ts'
import { parseModule } from '../syntax/module.ts'
import { compileModules } from './compile.ts'

const opa = spawnSync('opa', ['version'], { encoding: 'utf8' })
const skip = opa.error !== undefined || !opa.stdout.includes('1.22.2') ? 'needs opa 1.22.2' : false

const MODULE = `package a
import data.lib.allowed as ok
default p := false
p if {
  some x, y in input.xs
  not ok[y].z
  zs := [z | z := input.ys[x]; z != y]
  every w in zs { w > count(q) + f(x, y) }
}
q contains m if {
  m := sprintf("%v", [r.a[i].b])
  i = s.c
  not p with input as {"xs": [i]}
}
f(x, y) := x + y if x > 1
else := y
r.a[k] := {"b": v} if some k, v in input.rs
s := {"c": t | t := input.ts[_]}[input.u]
`
const TOKEN = /"[^"]*"|[A-Za-z_]\w*|\d+|:=|[!=<>]=|\s+|[^\s\w]/g

/** The module with one word in place of another; the same for the same seed. */
function mutant(seed: number): string {
  let state = seed
  const random = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  const tokens = [...MODULE.match(TOKEN)!]
  const words = [...tokens.keys()].filter((at) => /^\w/.test(tokens[at]!))
  tokens[words[random(words.length)]!] = tokens[words[random(words.length)]!]!
  return tokens.join('')
}

const key = (code: string, row: number, message: string) => `${row}: ${code}: ${message}`

function ours(text: string): readonly string[] {
  try {
    compileModules([parseModule('a.rego', text)], { print: true })
    return []
  } catch (error) {
    if (!(error instanceof RegoRejected)) throw error
    return error.diagnostics.map(({ code, at, message }) => key(code, at?.row ?? 0, message))
  }
}

interface Fault {
  readonly code: string
  readonly message: string
  readonly location: { readonly row: number }
}

// without the type checker, only what OPA finds before it can be compared
const fromStages = ({ code, message }: Fault) =>
  code !== 'rego_type_error' || /^(undefined function|conflicting rules|rule .* conflicts|with keyword|function .* has arity)/.test(message)

describe('against opa', { skip }, () => {
  const dir = mkdtempSync(join(tmpdir(), 'rego-compile-'))
  after(() => rmSync(dir, { recursive: true }))

  it('mutants of a module are taken or refused for the same reasons', { timeout: 120_000 }, () => {
    const file = join(dir, 'a.rego')
    for (let seed = 1; seed <= 60; seed++) {
      const text = mutant(seed)
      writeFileSync(file, text)
      const { stdout, stderr } = spawnSync('opa', ['check', '--format', 'json', file], { encoding: 'utf8' })
      const answer: { readonly errors?: readonly Fault[] } = JSON.parse(stdout || stderr || '{}')
      const theirs = (answer.errors ?? []).filter(fromStages).map((fault) => key(fault.code, fault.location.row, fault.message))
      // which of many cycles is told depends on the order of Go's maps
      const told = (faults: readonly string[]) => faults.map((fault) => fault.replace(/(recursive): .*/, '$1'))
      assert.deepEqual(told(ours(text)), told(theirs), `seed ${seed}\n${text}`)
    }
  })
})
