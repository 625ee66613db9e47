import { performance } from 'node:perf_hooks'
import { compilePolicy } from '../../lang/rego/policy.ts'
import { prepareQuery } from '../../lang/rego/query.ts'
import { inputOf } from './eval.ts'
import { loadFiles } from './files.ts'
import { type InputFlags, type ModuleFlags, versionOf } from './flags.ts'
import { type Measured, measure } from './measure.ts'
import { rejected } from './rejected.ts'
import { surroundings } from './surroundings.ts'
import { boxed } from './table.ts'

export interface BenchFlags extends ModuleFlags, InputFlags {
  readonly format: 'pretty' | 'json' | 'gobench'
  readonly package?: string
  readonly import?: readonly string[]
  readonly count?: number
}

const MILLISECONDS = 1_000
const TIMER = 'histogram_timer_rego_query_eval_ns_'

/** Times a query that is prepared, with its input read. Exit status as opa's: 1 where it is undefined, or an error. */
export async function bench(flags: BenchFlags, query: string): Promise<number> {
  try {
    const version = versionOf(flags)
    const { modules, data } = loadFiles(flags.data ?? [])
    const prepared = prepareQuery(compilePolicy(modules, { version, annotations: true }), query, {
      version,
      ...(flags.package === undefined ? {} : { package: flags.package }),
      imports: (flags.import ?? []).map((path) => `import ${path}`),
    })
    const options = { input: inputOf(flags), data, surroundings: surroundings() }
    if (prepared.solve(options).length === 0) {
      process.stderr.write('1 error occurred: undefined result\n')
      return 1
    }
    for (let left = flags.count ?? 1; left > 0; left--) {
      const run = () => void prepared.solve(options)
      process.stdout.write(
        shown(
          measure(run, MILLISECONDS, () => performance.now(), Math.random),
          flags.format,
        ),
      )
    }
    return 0
  } catch (error) {
    return rejected(error, 1)
  }
}

function shown(measured: Measured, format: BenchFlags['format']): string {
  const { samples, total, histogram } = measured
  const extra = Object.entries(histogram).map(([name, value]) => [TIMER + name, value] as const)
  const each = Math.round(total / samples)
  switch (format) {
    case 'json':
      return `${JSON.stringify({ N: samples, T: total, Bytes: 0, Extra: Object.fromEntries(extra) }, undefined, 2)}\n`
    case 'gobench':
      return `BenchmarkOPAEval\t${samples}\t${each} ns/op${extra.map(([name, value]) => `\t${Math.round(value)} ${name}`).join('')}\n`
    case 'pretty': {
      const figures = [['samples', samples], ['ns/op', each], ...extra] as const
      return boxed(
        undefined,
        figures.map(([name, value]) => [name, String(Math.round(value))]),
        true,
      )
    }
  }
}
