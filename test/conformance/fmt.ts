// Every module found below a path (files .rego, and texts in YAML and JSON), formatted by us and by the `opa` of this machine.
import { spawnSync } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { RegoRejected } from '../../src/lang/rego/errors.ts'
import { formatSource, type SourceOptions } from '../../src/lang/rego/format/source.ts'
import type { SuiteResult } from './suite.ts'

/** The ways to format: what `opa fmt` calls them, and what we do. */
const WAYS: readonly { readonly flags: readonly string[]; readonly options: SourceOptions }[] = [
  { flags: [], options: { from: 'v1', version: 'v1' } },
  { flags: ['--v0-compatible'], options: { from: 'v0', version: 'v0' } },
  { flags: ['--v0-v1'], options: { from: 'v0', version: 'v0v1' } },
]

/** A case is a module that we format; what we refuse in every way is no module. */
export async function fmt(path: string): Promise<SuiteResult> {
  const { stdout } = spawnSync('opa', ['version'], { encoding: 'utf8' })
  if (!stdout?.includes('Version: 1.22.')) throw new Error('there is no opa 1.22 to compare with')
  const texts = [...new Set(globSync(join(path, '**/*.{rego,yaml,yml,json}')).sort().flatMap(modulesIn))]
  const counts = { passed: 0, wrong: 0 }
  for (const { flags, options } of WAYS) {
    const ours = texts.flatMap((text, at) => {
      const formatted = formattedByUs(text, options)
      return formatted === undefined ? [] : [{ name: `${at}.rego`, text, formatted }]
    })
    const theirs = formattedByOpa(ours, flags)
    for (const { name, text, formatted } of ours) {
      const same = theirs.get(name) === formatted
      counts[same ? 'passed' : 'wrong']++
      if (!same) console.error(`wrong${flags.map((flag) => ` ${flag}`).join('')}: ${JSON.stringify(text)}`)
    }
  }
  return { suite: 'fmt', ...counts, failed: 0, refused: 0, texts: texts.length }
}

function formattedByUs(text: string, options: SourceOptions): string | undefined {
  try {
    return formatSource('m.rego', text, options)
  } catch (error) {
    if (error instanceof RegoRejected) return undefined
    throw error
  }
}

/** By name; without those that opa refuses. */
function formattedByOpa(files: readonly { readonly name: string; readonly text: string }[], flags: readonly string[]): Map<string, string> {
  const folder = mkdtempSync(join(tmpdir(), 'thymus-fmt-'))
  try {
    const left = new Set(files.map(({ name }) => name))
    for (const { name, text } of files) writeFileSync(join(folder, name), text)
    for (;;) {
      const { status, stderr } = spawnSync('opa', ['fmt', '-w', '--check-result=false', ...flags, folder], { encoding: 'utf8' })
      if (status === 0) return new Map([...left].map((name) => [name, readFileSync(join(folder, name), 'utf8')]))
      // It ends with the first that it refuses.
      const refused = [...left].find((name) => stderr.includes(`/${name}:`))
      if (refused === undefined) throw new Error(stderr)
      left.delete(refused)
      rmSync(join(folder, refused))
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function modulesIn(file: string): readonly string[] {
  const text = readFileSync(file, 'utf8')
  if (file.endsWith('.rego')) return [text]
  return documentsOf(file, text)
    .flatMap(textsIn)
    .filter((each) => /^package\s/m.test(each))
}

/** None of a file that is no JSON or YAML: it holds something else than modules. */
function documentsOf(file: string, text: string): readonly unknown[] {
  try {
    if (file.endsWith('.json')) return [JSON.parse(text)]
    return parseAllDocuments(text, { logLevel: 'silent' }).map((document) => document.toJS() as unknown)
  } catch (error) {
    console.error(`left out: ${file}: ${error instanceof Error ? error.message : String(error)}`)
    return []
  }
}

function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : []
}
