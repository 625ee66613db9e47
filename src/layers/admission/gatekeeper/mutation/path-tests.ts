// What must be there, or must not, for a mutator to go on (Gatekeeper: pkg/mutation/path/tester).
import { type Path, pathText, sameStep } from './path.ts'

export type Condition = 'MustExist' | 'MustNotExist'

export interface PathTest {
  readonly path: Path
  /** Left out, it is a condition that nothing meets. */
  readonly condition: Condition | undefined
}

/** By the depth of the step that they end in: what is asked of it. Steps of no test are absent. */
export type PathTests = ReadonlyMap<number, Condition | undefined>

export const mayExist = (tests: PathTests, depth: number) => !tests.has(depth) || tests.get(depth) === 'MustExist'
export const mayBeMissing = (tests: PathTests, depth: number) => !tests.has(depth) || tests.get(depth) === 'MustNotExist'

/** The tests by depth, or what is wrong with one: `index` is its place in the list. */
export function pathTestsOf(location: Path, tests: readonly PathTest[]): PathTests | { readonly index: number; readonly problem: string } {
  const stray = tests.findIndex(
    ({ path }) => path.length > location.length || !path.every((step, depth) => sameStep(step, location[depth]!)),
  )
  if (stray >= 0) return { index: stray, problem: `${pathText(tests[stray]!.path)} is no beginning of the location ${pathText(location)}` }
  const byDepth = new Map(tests.map(({ path, condition }) => [path.length - 1, condition]))
  const contrary = tests.findIndex(({ path, condition }) => byDepth.get(path.length - 1) !== condition)
  if (contrary >= 0) return { index: contrary, problem: `${pathText(tests[contrary]!.path)} must exist and must not` }
  // Gatekeeper compares places in the list, not depths: a parent's MustNotExist that is written later escapes it.
  const forbidden = tests.findIndex(({ condition }) => condition === 'MustNotExist')
  const required = tests.findLastIndex(({ condition }) => condition === 'MustExist')
  if (forbidden >= 0 && required > forbidden)
    return { index: required, problem: `${pathText(tests[required]!.path)} must exist, but an earlier test says that its parent must not` }
  return byDepth
}
