// The samples of suites and damaged copies of them, judged by us and by a live gator: every message, and how often it is said.
// SEED and MUTANTS (copies of each sample, 10) in the environment decide what is tried.
import { cpSync, globSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { readGatorDocument, readGatorDocuments } from '../../src/formats/kubernetes/manifest.ts'
import type { KubernetesObject } from '../../src/formats/kubernetes/object.ts'
import { readSuite, type SuiteCase, type SuiteTest } from '../../src/layers/admission/gatekeeper/suite.ts'
import { ENGINES, type EngineName } from '../../src/layers/admission/gatekeeper/template.ts'
import { verifySuite } from '../../src/layers/admission/gatekeeper/verify.ts'
import { obtainGator, verifyByGator } from '../kit/gator.ts'
import { mutant } from '../kit/mutants.ts'
import { Random } from '../kit/random.ts'
import { enginesIn, optionsFor, read, suiteFiles } from './gatekeeper.ts'
import type { SuiteResult } from './suite.ts'

const SEED = Number(process.env.SEED ?? 1)
const MUTANTS = Number(process.env.MUTANTS ?? 10)

/** What gator is asked to confirm of one case, and what it must say where we could not judge. */
interface Expected {
  readonly object: string
  readonly messages: readonly string[] | undefined
  readonly error: string | undefined
}

export async function gatekeeperGator(path: string): Promise<SuiteResult> {
  const gator = obtainGator()
  if ('why' in gator) throw new Error(gator.why)
  const counts = { passed: 0, failed: 0, refused: 0, wrong: 0 }
  const figures = { violations: 0, unjudged: 0 }
  for (const engine of ENGINES) {
    const folder = mkdtempSync(join(tmpdir(), 'thymus-gator-'))
    try {
      const expected = write(path, folder, engine, counts)
      const failures = verifyByGator(gator.path, folder, engine === 'K8sNativeValidation')
      for (const [name, { object, messages, error }] of expected) {
        const said = failures.get(name) ?? failures.get(`${name.split(' ').slice(0, 2).join(' ')} `)
        figures.violations += messages?.length ?? 0
        const agree = messages === undefined ? said !== undefined && !/got \d+ violations/.test(said) : said === undefined
        if (messages === undefined) figures.unjudged++
        if (agree) counts.passed++
        else {
          counts.wrong++
          console.error(
            `wrong: ${engine} ${name}: we: ${error ?? JSON.stringify(messages)}; gator: ${said ?? 'no error'}; object: ${object}`,
          )
        }
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  }
  return { suite: 'gatekeeper-gator', ...counts, ...figures, seed: SEED, mutants: MUTANTS }
}

/** Copies the suites, with mutants as further cases, and asserts what we say of each. The keys are gator's names of the cases. */
function write(path: string, folder: string, engine: EngineName, counts: { failed: number }): ReadonlyMap<string, Expected> {
  const expected = new Map<string, Expected>()
  const random = new Random(SEED)
  cpSync(path, folder, { recursive: true })
  for (const file of suiteFiles(path)) {
    const home = dirname(file)
    const { tests } = readSuite(readGatorDocument(read(join(path, file)), file).object as KubernetesObject, file)
    const samples = samplesIn(join(path, home))
    const judged = tests.filter(({ template, skip }) => !skip && enginesIn(join(path, home, template)).includes(engine))
    const place = { path, folder, home, file, engine, samples, random }
    const all = judged.map((test) => writeTest(test, place, expected))
    const written = all.filter((test) => test !== undefined)
    counts.failed += all.length - written.length
    writeFileSync(join(folder, file), JSON.stringify({ apiVersion: 'test.gatekeeper.sh/v1alpha1', kind: 'Suite', tests: written }))
  }
  return expected
}

interface Place {
  readonly path: string
  readonly folder: string
  readonly home: string
  readonly file: string
  readonly engine: EngineName
  readonly samples: readonly unknown[]
  readonly random: Random
}

function samplesIn(folder: string): readonly unknown[] {
  return globSync('samples/**/*.yaml', { cwd: folder }).flatMap((file) =>
    readGatorDocuments(read(join(folder, file)), file).map(({ object }) => object),
  )
}

function writeTest(test: SuiteTest, place: Place, expected: Map<string, Expected>): object | undefined {
  const { folder, home, file, engine, samples, random, path } = place
  const cases: SuiteCase[] = []
  mkdirSync(join(folder, home, 'mutants'), { recursive: true })
  for (const each of test.cases.filter(({ skip }) => !skip)) {
    cases.push(each)
    const [sample] = readGatorDocuments(read(join(path, home, each.object)), each.object)
    for (let n = 0; n < MUTANTS; n++) {
      const object = `mutants/${readdirSync(join(folder, home, 'mutants')).length}.yaml`
      writeFileSync(join(folder, home, object), JSON.stringify(mutant(sample!.object, samples, random)))
      cases.push({ ...each, name: `${each.name}-${n}`, object })
    }
  }
  // Ours first, from the copied files; then the assertions that gator must find true.
  const asked = cases.map((each) => ({ ...each, assertions: [{ violations: 'no' }] }))
  const probe = join(folder, home, 'probe.yaml')
  writeFileSync(probe, JSON.stringify({ apiVersion: 'test.gatekeeper.sh/v1alpha1', kind: 'Suite', tests: [{ ...test, cases: asked }] }))
  const result = verifySuite(probe, optionsFor(engine, join(folder, home)))!.tests[0]!
  rmSync(probe)
  if (result.error !== undefined && !test.invalid) {
    console.error(`failed: ${engine} ${file} ${test.name}: ${result.error}`)
    return undefined
  }
  const written = cases.map((each, at) => {
    const { violations, error } = result.cases[at]!
    const judged = error === undefined || /: got \d+ violations/.test(error)
    const messages = judged ? violations.map(({ message }) => message) : undefined
    const object = read(join(folder, home, each.object)).replaceAll('\n', ' ')
    expected.set(`${join(folder, file)} ${test.name} ${each.name}`, { object, messages, error })
    return { ...each, assertions: messages === undefined ? [{ violations: 1_000_000 }] : assertionsFor(messages) }
  })
  return {
    name: test.name,
    template: test.template,
    constraint: test.constraint,
    invalid: test.invalid,
    ...(test.invalid ? {} : { cases: written }),
  }
}

function assertionsFor(messages: readonly string[]): readonly object[] {
  const counts = Map.groupBy(messages, compared)
  const exact = [...counts].map(([pattern, same]) => ({ violations: same.length, message: `(?s)^${pattern}` }))
  return [{ violations: messages.length }, ...exact]
}

/** What cel-go says of an error in an expression is its own; that there is one, and where, is the verdict. */
function compared(message: string): string {
  const error = /^.* resulted in error: /s.exec(message)
  return error === null ? `${quoteMeta(message)}$` : quoteMeta(error[0])
}

/** Of a number that has no such verb OPA 1.22 says int64, the OPA 1.17 in gator int. */
const quoteMeta = (text: string) => text.replaceAll(/[\\.+*?()|[\]{}^$]/g, '\\$&').replaceAll('int64=', 'int(64)?=')
