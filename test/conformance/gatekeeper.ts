// Suites for Gatekeeper's templates, as `gator verify` takes them: a case is an object and what a constraint has against it. Each is judged
// under every engine that its template has code for.
import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ThymusError } from '../../src/core/errors.ts'
import { readGatorDocument } from '../../src/formats/kubernetes/manifest.ts'
import { isFields } from '../../src/formats/kubernetes/object.ts'
import { ENGINES, type EngineName, isTemplate, readTemplate } from '../../src/layers/admission/gatekeeper/template.ts'
import { type CaseResult, type VerifyOptions, verifySuite } from '../../src/layers/admission/gatekeeper/verify.ts'
import { surroundings } from '../../src/server/surroundings.ts'
import type { SuiteResult } from './suite.ts'

/** Judges every suite below a folder. */
export async function gatekeeper(path: string): Promise<SuiteResult> {
  const outcomes = { passed: 0, failed: 0, refused: 0, wrong: 0 }
  const figures = { suites: 0, tests: 0, cases: 0, skipped: 0 }
  const byEngine: Record<string, number> = Object.fromEntries(ENGINES.map((engine) => [engine, 0]))
  for (const file of suiteFiles(path)) {
    let isSuite = false
    for (const engine of ENGINES) {
      const result = verifySuite(join(path, file), optionsFor(engine, dirname(join(path, file))))
      if (result === undefined) continue
      isSuite = true
      for (const test of result.tests) {
        if (test.skipped) continue
        figures.tests++
        const cases = test.cases.filter(({ skipped }) => !skipped)
        figures.skipped += test.cases.length - cases.length
        figures.cases += cases.length
        byEngine[engine]! += cases.length
        const tell = (what: string, name: string, error: string) =>
          console.error(`${what}: ${file} ${engine} ${test.name}/${name}: ${error}`)
        if (test.error !== undefined) {
          outcomes.failed++
          tell('failed', '', test.error)
        } else if (test.cases.length === 0) outcomes.passed++
        for (const { name, error } of cases) {
          if (error === undefined) outcomes.passed++
          else {
            const what = isWrong(error) ? 'wrong' : 'failed'
            outcomes[what]++
            tell(what, name, error)
          }
        }
      }
    }
    if (isSuite) figures.suites++
  }
  return { suite: 'gatekeeper', ...outcomes, ...figures, byEngine }
}

/** The case was judged, and otherwise than its author says. */
const isWrong = (error: NonNullable<CaseResult['error']>) => /: got \d+ violations/.test(error)

/** Files below a folder that could hold a suite. */
export function suiteFiles(path: string): readonly string[] {
  const files = globSync('**/*.y{a,}ml', { cwd: path }).toSorted()
  return files.filter((file) => readFileSync(join(path, file), 'utf8').includes('test.gatekeeper.sh'))
}

/** Asks one engine, and only about templates that have code for it. Paths in the suite are relative to `folder`. */
export function optionsFor(engine: EngineName, folder: string): VerifyOptions {
  return { engines: [engine], surroundings, read, wanted: ({ template }) => enginesIn(join(folder, template)).includes(engine) }
}

export function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new ThymusError('SUITE', `cannot be read: ${(cause as NodeJS.ErrnoException).code}`, { at: file, cause })
  }
}

/** The engines that the template in a file has code for. */
export function enginesIn(file: string): readonly EngineName[] {
  const { object } = readGatorDocument(read(file), file)
  if (!isFields(object) || !isTemplate(object)) return []
  const { rego, cel } = readTemplate(object)
  return ENGINES.filter((engine) => (engine === 'Rego' ? rego : cel) !== undefined)
}
