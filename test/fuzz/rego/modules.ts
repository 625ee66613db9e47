// Modules: soups of tokens, programs of a grammar, and those with some of it changed; parsed, formatted, compiled, planned and asked.
import { formatSource } from '../../../src/lang/rego/format/source.ts'
import { compilePolicy, explain, fromHost, parseModule, parseQuery, prepareQuery } from '../../../src/lang/rego/index.ts'
import type { Random } from '../../kit/random.ts'
import { DATA, randomInput, randomProgram } from '../../kit/rego-programs.ts'
import { LIMITS, surroundings } from './builtins.ts'
import { mustBeValue, mutated, NAMES, randomText } from './values.ts'

const TOKENS = [
  ...'()[]{}.,;:|&+-*/%<>=_',
  ...[':=', '==', '!=', '<=', '>=', '\n', '\n', ' ', '[_]', '{1|', '[x|', '{"a":', 'set()', '#c\n', '# METADATA\n# title: x\n', '$"a{', '`a`', '$`{x}`', '"a"', '1', '1.5', '1e9'],
  ...['package a\n', 'import data.b\n', 'import rego.v1\n', 'import input as x\n', 'import future.keywords\n', 'default ', 'else ', 'not ', 'some x', 'every x in ', 'with input as 1', 'with data.a as {}'],
  ...['null', 'true', 'if ', 'contains ', 'in ', 'as ', 'and ', 'or ', 'p', 'q', 'f(x)', 'x', 'y', 'input', 'data', 'data.a', 'count(', 'walk(', 'p := 1\n', 'p if {', 'p[x] ', 'f(x) := '],
] // biome-ignore format: a table

const soup = (random: Random): string => {
  const start = random.of(['package a\n', 'package a\nimport rego.v1\n', 'package a.b\np if { ', 'package a\np := ', ''])
  return start + Array.from({ length: random.below(60) }, () => random.of(TOKENS) + random.of(['', '', ' '])).join('')
}

/** A program whose names are those that lead somewhere in JS. */
function renamed(random: Random, text: string): string {
  return text.replaceAll(/\b(?:r|v|p)\d*\b|"(?:ann|k|admin|a)"/g, (found) =>
    random.below(3) > 0 ? found : found.startsWith('"') ? JSON.stringify(randomText(random)) : random.of(NAMES),
  )
}

function randomModule(random: Random, programs: readonly string[]): string {
  const given = programs.length > 0 && random.below(2) === 0 ? random.of(programs) : randomProgram(random.below(2 ** 31))
  const text = given.length > 20_000 ? given.slice(0, 20_000) : given
  switch (random.below(4)) {
    case 0:
      return soup(random)
    case 1:
      return text
    case 2:
      return renamed(random, text)
    default:
      return mutated(random, text, TOKENS)
  }
}

const version = (random: Random) => random.of(['v1', 'v1', 'v0', 'v2'] as const)

/** Without loss of meaning: what is formatted can be read, and stays as it is. */
export function formatCase(random: Random, programs: readonly string[]): string {
  const text = randomModule(random, programs)
  formatSource('a.rego', text, {
    from: version(random),
    version: random.of(['v0', 'v1', 'v0v1'] as const),
    dropImports: random.below(2) === 0,
  })
  return 'formatted'
}

export function policyCase(random: Random, programs: readonly string[]): string {
  const text = randomModule(random, programs)
  const options = {
    version: version(random),
    annotations: random.below(2) === 0,
    strict: random.below(4) === 0,
    print: random.below(2) === 0,
  }
  parseModule('a.rego', text, options)
  const policy = compilePolicy(
    { 'a.rego': text, ...(random.below(4) === 0 ? { 'b.rego': randomProgram(random.below(2 ** 31)) } : {}) },
    options,
  )
  return ask(random, policy, 'data')
}

export function queryCase(random: Random): string {
  const policy = compilePolicy({ 'g.rego': randomProgram(random.below(2 ** 31)) })
  const start = random.of(['', 'data.g[x]', 'x := data.g', 'data.g.r0 with input as 1', 'some x in data; not x'])
  const text = mutated(random, start + Array.from({ length: random.below(20) }, () => random.of(TOKENS)).join(''), TOKENS)
  parseQuery('', text)
  return ask(random, policy, text)
}

function ask(random: Random, policy: ReturnType<typeof compilePolicy>, query: string): string {
  const options = {
    input: fromHost(randomInput(random)),
    data: fromHost(DATA),
    surroundings: surroundings(),
    limits: LIMITS,
    strict: random.below(2) === 0,
  }
  for (const { bindings, expressions } of prepareQuery(policy, query).solve(options)) {
    for (const value of bindings.values()) mustBeValue(value)
    for (const { value } of expressions) mustBeValue(value)
  }
  const rule = policy.modules[0]?.rules[0]?.head
  if (random.below(10) === 0 && rule !== undefined) explain(policy, 'data.g.r0', options)
  return 'answered'
}
