// What the text is written for: the versions of Rego that must read it, and what the module says itself by its imports and heads.
import type { Module, Rule } from '../syntax/ast.ts'
import { isKeywordOf } from '../syntax/terms.ts'
import { futureKeyword, isAllFutureKeywords, isDirective } from './directives.ts'

/** `v0v1` is v0 with `import rego.v1`, which both versions read. */
export type TargetVersion = 'v0' | 'v1' | 'v0v1'

export interface Target {
  readonly version: TargetVersion
  /** Heads and bodies as v1 writes them: `:=`, `if`, `contains`. */
  readonly v1: boolean
  readonly if: boolean
  readonly contains: boolean
  /** Some head is a reference of more than one step: then all are written so. */
  readonly refHeads: boolean
  /** Words that stand in brackets where they were written so. */
  readonly isKeyword: (word: string) => boolean
}

export function targetOf(module: Module, version: TargetVersion): Target {
  const v1 = version !== 'v0'
  const imports = module.imports
  const v2Imported = imports.some((each) => isDirective(each, 'rego', 'v2'))
  const keywordsToo = v2Imported || imports.some((each) => isDirective(each, 'rego', 'v1') || isAllFutureKeywords(each))
  const named = imports.flatMap((each) => futureKeyword(each) ?? [])
  return {
    version,
    v1,
    if: v1 || keywordsToo || imports.some((each) => isDirective(each, 'future', 'keywords', 'if')),
    contains: v1 || keywordsToo || imports.some((each) => isDirective(each, 'future', 'keywords', 'contains')),
    refHeads: module.rules.some(hasRefHead),
    isKeyword: (word) => isKeywordOf(v2Imported ? 'v2' : v1 ? 'v1' : 'v0', word) || (!v2Imported && named.includes(word)),
  }
}

function hasRefHead({ head, else: other }: Rule): boolean {
  const steps = head.ref.parts.length
  return steps > 2 || (steps === 2 && head.key !== undefined && head.value === undefined) || (other !== undefined && hasRefHead(other))
}
