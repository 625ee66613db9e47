import { readdirSync, statSync } from 'node:fs'
import { extname, join } from 'node:path'
import { RE2JS } from 're2js'
import { EXIT, ThymusError } from '../../core/errors.ts'
import type { SuiteCase, SuiteTest } from '../../layers/admission/gatekeeper/suite.ts'
import { ENGINES, type EngineName } from '../../layers/admission/gatekeeper/template.ts'
import { type SuiteResult, verifySuite } from '../../layers/admission/gatekeeper/verify.ts'
import { readText } from '../files.ts'
import { type OutputFlags, openOutput } from '../output.ts'
import { surroundings } from '../rego/surroundings.ts'
import type { SuiteReport } from '../views/suites.ts'

export interface VerifyFlags extends OutputFlags {
  readonly run?: string
  readonly engine?: readonly EngineName[]
}

export async function verify(flags: VerifyFlags, ...paths: string[]): Promise<number> {
  const output = await openOutput('SuiteList', flags)
  const options = { engines: flags.engine ?? ENGINES, surroundings, read: readText, wanted: wantedBy(flags.run) }
  const suites = paths.flatMap(filesIn).flatMap((file) => verifySuite(file, options) ?? [])
  if (suites.length === 0) throw new ThymusError('SUITE', 'no suite of test.gatekeeper.sh is there', { at: paths.join(' ') })
  const items = suites.map(reportOf)
  output.show({ items })
  return items.some(({ failed }) => failed > 0) ? EXIT.error : EXIT.ok
}

/** A file; the files of a folder; with `/...` at its end also those of the folders in it. */
function filesIn(path: string): readonly string[] {
  const recursive = path === '...' || path.endsWith('/...')
  const target = recursive ? path.slice(0, -3) || '.' : path
  try {
    if (!statSync(target).isDirectory()) return [target]
    const entries = readdirSync(target, { recursive, withFileTypes: true }).filter((entry) => !entry.isDirectory())
    return entries
      .map(({ parentPath, name }) => join(parentPath, name))
      .filter((file) => ['.yaml', '.yml'].includes(extname(file)))
      .toSorted()
  } catch (cause) {
    throw new ThymusError('USAGE', `it cannot be read (${(cause as NodeJS.ErrnoException).code})`, { at: path, cause })
  }
}

/** `test//case`: both must match. One expression alone: the name of either. */
function wantedBy(text: string | undefined): (test: SuiteTest, each: SuiteCase | undefined) => boolean {
  if (text === undefined || text === '') return () => true
  const [first, second, ...more] = text.split('//').map(compiled)
  if (more.length > 0) throw new ThymusError('USAGE', 'there may be one "//"', { at: '--run' })
  if (second !== undefined) return (test, each) => first!.test(test.name) && (each === undefined || second.test(each.name))
  return (test, each) =>
    first!.test(test.name) || (each === undefined ? test.cases.some(({ name }) => first!.test(name)) : first!.test(each.name))
}

function compiled(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern)
  } catch (cause) {
    throw new ThymusError('USAGE', (cause as Error).message, { at: '--run', cause })
  }
}

/** A test without cases counts as one. */
function reportOf({ file, tests, skipped: whole }: SuiteResult): SuiteReport {
  const broken = tests.filter(({ error }) => error !== undefined).map(({ name, error }) => ({ test: name, case: null, error: error! }))
  const cases = tests.flatMap((test) => test.cases.map((each) => ({ test: test.name, ...each })))
  const failed = cases.filter(({ error }) => error !== undefined).map((each) => ({ test: each.test, case: each.name, error: each.error! }))
  const bare = tests.filter(({ cases: none, error, skipped }) => none.length === 0 && error === undefined && !skipped)
  const skipped = cases.filter((each) => each.skipped).length + tests.filter((each) => each.skipped).length + (whole ? 1 : 0)
  const passed = cases.filter((each) => each.error === undefined && !each.skipped).length + bare.length
  return { file, passed, failed: broken.length + failed.length, skipped, failures: [...broken, ...failed] }
}
