// Our engine beside OPA itself, which judges what no case says: generated programs and inputs, and mutants of the corpora's modules.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { ThymusError } from '../../src/core/errors.ts'
import { RegoError, RegoRejected } from '../../src/lang/rego/errors.ts'
import { compilePolicy, QUERY } from '../../src/lang/rego/policy.ts'
import type { RegoVersion } from '../../src/lang/rego/syntax/ast.ts'
import { numberKey } from '../../src/lang/rego/values/decimal.ts'
import { printJson, readJson } from '../../src/lang/rego/values/text.ts'
import { isArray, isNumber, RegoObject, type Value } from '../../src/lang/rego/values/value.ts'
import { damagedYaml } from '../kit/damaged-yaml.ts'
import { errorWithoutIndex, type OpaError, OpaServer, obtainOpa, PANIC } from '../kit/opa.ts'
import { Random } from '../kit/random.ts'
import { DATA, randomInput, randomProgram } from '../kit/rego-programs.ts'
import { readCases } from './rego-cases.ts'
import type { SuiteResult } from './suite.ts'

const { PROGRAMS = '5000', INPUTS = '20', MUTANTS = '10000', TEXTS = '2000', SEED = '1' } = process.env
const SHOWN = 40

/** PATH holds the corpora whose modules are mutated; the generated programs need none. */
export async function regoOpa(path: string): Promise<SuiteResult> {
  const found = obtainOpa()
  if ('why' in found) throw new Error(found.why)
  const counts = { passed: 0, failed: 0, refused: 0, wrong: 0 }
  const report = (outcome: Exclude<keyof typeof counts, 'passed'>, what: string) => {
    counts[outcome]++
    if (counts[outcome] <= SHOWN) console.error(`${outcome}: ${what}`)
  }
  const seed = Number(SEED)
  const v1 = await OpaServer.start(found.path, 'v1')
  const v0 = await OpaServer.start(found.path, 'v0')
  try {
    const programs = await comparePrograms(v1, found.path, seed, counts, report)
    const modules = await compareModules({ v0, v1 }, path, seed, counts, report)
    const texts = await compareYaml(v1, seed, counts, report)
    return { suite: 'rego-opa', ...counts, seed, ...programs, ...modules, ...texts }
  } finally {
    v0.stop()
    v1.stop()
  }
}

type Counts = Record<'passed' | 'failed' | 'refused' | 'wrong', number>
type ReportFault = (outcome: 'failed' | 'refused' | 'wrong', what: string) => void

/** Accepted or not, and the same answer for every input. */
async function comparePrograms(
  opa: OpaServer,
  path: string,
  seed: number,
  counts: Counts,
  report: ReportFault,
): Promise<Record<string, number>> {
  const data = readJson(JSON.stringify(DATA))
  await opa.data(JSON.stringify(DATA))
  let [accepted, pairs, defined, opaBroke, hiddenByIndex] = [0, 0, 0, 0, 0]
  for (let n = 0; n < Number(PROGRAMS); n++) {
    const text = randomProgram(seed * 1_000_000 + n)
    const theirs = await opa.put('g', text)
    const ours = await prepared(text)
    if ('refused' in ours) {
      report('refused', ours.refused)
      continue
    }
    const difference = compareFaults(theirs, ours.faults)
    if (difference !== undefined) report('wrong', `program ${n}: ${difference}\n${text}`)
    if (theirs.length > 0 || ours.evaluate === undefined) {
      if (difference === undefined) counts.passed++
      continue
    }
    accepted++
    const random = new Random(seed * 1_000_000 + n)
    for (let k = 0; k < Number(INPUTS); k++) {
      const input = JSON.stringify(randomInput(random))
      pairs++
      const [right, mine] = [await answerOf(opa, input), ours.evaluate(readJson(input), data)]
      if (right === PANIC.code) {
        opaBroke++
        await opa.data(JSON.stringify(DATA))
        await opa.put('g', text)
        continue
      }
      if (right !== '{}') defined++
      // Variables of a body in a comprehension of an `else` value, and the like: OPA finds an operand that "requires evaluation".
      if (right === 'eval_internal_error') opaBroke++
      else if (right === mine) counts.passed++
      // A rule with a conflict that OPA's index left out: with the index off OPA must find the same error.
      else if (mine.startsWith('eval_') && errorWithoutIndex(path, text, JSON.stringify(DATA), input) === mine) hiddenByIndex++
      else report('wrong', `program ${n}, input ${input}\n  opa:  ${right}\n  ours: ${mine}\n${text}`)
    }
  }
  return { programs: Number(PROGRAMS), accepted, pairs, defined, opaBroke, hiddenByIndex }
}

async function answerOf(opa: OpaServer, input: string): Promise<string> {
  const reply = await opa.ask('g', input)
  return 'error' in reply ? reply.error.code : shown(reply.value)
}

interface Prepared {
  readonly faults: readonly OpaError[]
  readonly evaluate: ((input: Value, data: Value) => string) | undefined
}

async function prepared(text: string): Promise<Prepared | { readonly refused: string }> {
  try {
    const policy = compilePolicy({ g: text }).prepare('x = data.g')
    const evaluate = (input: Value, data: Value): string => {
      const clock = { now: 0n, clock: () => performance.now(), random: Math.random }
      try {
        const [solution] = policy.evaluate(QUERY, { input, data, surroundings: clock })
        return shown(solution instanceof RegoObject ? solution.get('x') : undefined)
      } catch (error) {
        return error instanceof RegoError ? error.opaCode : String(error)
      }
    }
    return { faults: [], evaluate }
  } catch (error) {
    return faultsOf(error)
  }
}

function faultsOf(error: unknown): Prepared | { readonly refused: string } {
  if (error instanceof ThymusError && error.code === 'REGO_BUILTIN') return { refused: error.message }
  if (!(error instanceof RegoRejected)) {
    return { faults: [{ code: 'broke down', message: error instanceof Error ? (error.stack ?? '') : String(error) }], evaluate: undefined }
  }
  const faults = error.diagnostics.map(({ code, message, at }) => ({
    code,
    message,
    ...(at === undefined ? {} : { location: { file: at.file, row: at.row, col: at.col } }),
  }))
  return { faults, evaluate: undefined }
}

/**
 * Code and line of every fault. The line of an undefined ref does not count: OPA's refs to one rule share a term, and its error shows
 * where the module names the rule last. Nor do lines where OPA has lost one, as in a `not` with a body.
 */
function compareFaults(theirs: readonly OpaError[], ours: readonly OpaError[]): string | undefined {
  const lost = theirs.some(({ location }) => location?.row === undefined)
  const line = ({ message, location }: OpaError) => (lost || message.startsWith('undefined ref:') ? '' : location?.row)
  const key = (faults: readonly OpaError[]) =>
    faults
      .map((fault) => `${fault.code}:${line(fault)}`)
      .sort()
      .join(' ')
  if (key(theirs) === key(ours)) return undefined
  const text = (faults: readonly OpaError[]) =>
    JSON.stringify(faults.map(({ code, message, location }) => [code, message, location?.row])).slice(0, 600)
  return `\n  opa:  ${text(theirs)}\n  ours: ${text(ours)}`
}

/** As JSON, with numbers that are equal written one way. */
function shown(value: Value | undefined): string {
  const plain = (item: Value): Value => {
    if (isNumber(item)) return numberKey(item)
    if (isArray(item)) return item.map(plain)
    return item instanceof RegoObject ? RegoObject.of(item.entries().map(([key, each]) => [key, plain(each)])) : item
  }
  return value === undefined ? '{}' : printJson(plain(readJson(printJson(value))))
}

const YAML = 'package y\nvalue := [yaml.unmarshal(input)]\nvalid := yaml.is_valid(input)\n'

/** Damaged YAML, as a text to a builtin and as a METADATA block. */
async function compareYaml(opa: OpaServer, seed: number, counts: Counts, report: ReportFault): Promise<Record<string, number>> {
  const random = new Random(seed)
  const policy = compilePolicy({ y: YAML }).prepare('x = data.y')
  let valid = 0
  for (let n = 0; n < Number(TEXTS); n++) {
    const text = damagedYaml(random)
    const block = `package g\n# METADATA\n${text.replaceAll(/^/gm, '# ')}\np := 1\n`
    const theirs = await opa.put('g', block)
    const ours = compiled(block, 'v1')
    const goBroke = theirs.some(({ message }) => message.startsWith('yaml: runtime error'))
    const faults = 'refused' in ours ? ours.refused : goBroke ? undefined : compareFaults(theirs, ours.faults)
    if (faults !== undefined) report('wrong', `METADATA ${n}: ${faults}\n${text}`)
    await opa.put('y', YAML)
    const reply = await opa.ask('y', JSON.stringify(text))
    const right = 'error' in reply ? reply.error.code : shown(reply.value)
    const [solution] = policy.evaluate(QUERY, {
      input: text,
      data: new RegoObject(),
      surroundings: { now: 0n, clock: () => 0, random: () => 0 },
    })
    const mine = shown(solution instanceof RegoObject ? solution.get('x') : undefined)
    if (mine.includes('"valid":true')) valid++
    if (right !== mine) report('wrong', `YAML ${n}: ${JSON.stringify(text)}\n  opa:  ${right}\n  ours: ${mine}`)
    if (right === mine && faults === undefined) counts.passed++
  }
  await opa.remove('y')
  return { texts: Number(TEXTS), valid }
}

/** At a dot or bracket OPA takes `&` and `|` for the keywords `and` and `or`, where keywords may stand, and reads a name of no letters. */
const MISREAD = /\.[&|]|[&|][.[]/

interface Source {
  readonly text: string
  readonly version: RegoVersion
  readonly from: string
}

/** Accept or reject, code and line, on the corpora's modules and on mutants of them. */
async function compareModules(
  servers: Readonly<Record<'v0' | 'v1', OpaServer>>,
  path: string,
  seed: number,
  counts: Counts,
  report: ReportFault,
): Promise<Record<string, number>> {
  const sources = corpusModules(path)
  let [rejected, sameText, mutants, opaPanicked, opaMisread] = [0, 0, 0, 0, 0]
  const judge = async ({ text, version, from }: Source) => {
    const theirs = await servers[version === 'v0' ? 'v0' : 'v1'].put('g', text)
    if (theirs[0] === PANIC) {
      opaPanicked++
      return
    }
    if (theirs.length > 0) rejected++
    const ours = compiled(text, version)
    if ('refused' in ours) return report('refused', `${from}: ${ours.refused}`)
    const difference = compareFaults(theirs, ours.faults)
    if (difference !== undefined && MISREAD.test(text)) {
      opaMisread++
      return
    }
    if (difference !== undefined) return report('wrong', `${from} (${version}): ${difference}\n${text.length > 1500 ? '' : text}`)
    counts.passed++
    if (theirs.every(({ message }, at) => message === ours.faults[at]!.message)) sameText++
  }
  for (const source of sources) await judge(source)
  const random = new Random(seed)
  const small = sources.filter(({ text }) => text.length < 4000)
  for (; small.length > 0 && mutants < Number(MUTANTS); mutants++) {
    const source = random.of(small)
    await judge({ ...source, text: mutated(source.text, random), from: `mutant ${mutants} of ${source.from}` })
  }
  return { modules: sources.length, mutants, rejected, sameText, opaPanicked, opaMisread }
}

function compiled(text: string, version: RegoVersion): Prepared | { readonly refused: string } {
  try {
    compilePolicy({ g: text }, { version, annotations: true })
    return { faults: [], evaluate: undefined }
  } catch (error) {
    return faultsOf(error)
  }
}

function corpusModules(path: string): readonly Source[] {
  const found = new Map<string, Source>()
  const add = (text: string, version: RegoVersion, from: string) => found.set(`${version}${text}`, { text, version, from })
  for (const version of ['v0', 'v1'] as const) {
    for (const file of globSync(join(path, '**', version, '**/*.yaml')).sort()) {
      for (const item of readCases(file, 'strings')) {
        const modules = item.get('modules')
        if (isArray(modules)) for (const text of modules) add(String(text), version, `${file} ${String(item.get('note'))}`)
      }
    }
    for (const file of globSync(join(path, '**/*.rego')).sort()) add(readFileSync(file, 'utf8'), version, file)
  }
  return [...found.values()]
}

const TOKEN = /[A-Za-z_]\w*|\d+(?:\.\d+)?|"(?:[^"\\\n]|\\.)*"|`[^`]*`|[:=!<>]=|\s+|./gs
const POOL = [
  ...'if in every some not else contains default with as import package null true { } [ ] ( ) , ; : . | & + - * / % = := == != _ x y input data'.split(
    ' ',
  ),
  ...['1', '"s"', '`r`', '\n', 'count', 'input.x', 'data.a.b', 'import future.keywords\n', 'import rego.v1\n', 'some x in xs', 'not '],
]

function mutated(text: string, random: Random): string {
  const tokens = text.match(TOKEN) ?? []
  for (let n = 1 + random.below(2); n > 0 && tokens.length > 1; n--) {
    const at = random.below(tokens.length)
    const other = random.below(tokens.length)
    const kind = random.below(6)
    if (kind === 0) tokens.splice(at, 1)
    else if (kind === 1) tokens.splice(at, 0, random.of(POOL))
    else if (kind === 2) tokens[at] = random.of(POOL)
    else if (kind === 3) tokens.splice(at, 1, tokens[other]!)
    else if (kind === 4) [tokens[at], tokens[other]] = [tokens[other]!, tokens[at]!]
    else tokens[at] = tokens[at]!.replace(/\w/, random.of(['q', 'x', '1', 'A']))
  }
  return tokens.join('')
}
