import type { Value } from './values.ts'

/** How a macro walks over its range. */
export type Form =
  | 'all'
  | 'exists'
  | 'existsOne'
  | 'filter'
  | 'map'
  | 'transformMap'
  | 'transformMapEntry'
  | 'sortBy'
  | 'optMap'
  | 'optFlatMap'

/** `at`: where in the text it begins, in UTF-16 units. */
export type Expr = { readonly at: number } & (
  | { readonly kind: 'literal'; readonly value: Value }
  | { readonly kind: 'ident'; readonly name: string }
  /** `test`: within `has()`. */
  | { readonly kind: 'select'; readonly operand: Expr; readonly field: string; readonly test: boolean; readonly optional: boolean }
  | { readonly kind: 'call'; readonly name: string; readonly target: Expr | undefined; readonly args: readonly Expr[] }
  | { readonly kind: 'list'; readonly items: readonly Item[] }
  | { readonly kind: 'map'; readonly entries: readonly Entry[] }
  | {
      readonly kind: 'fold'
      readonly form: Form
      readonly range: Expr
      readonly vars: readonly string[]
      readonly filter: Expr | undefined
      readonly body: Expr
    }
)

export interface Item {
  readonly value: Expr
  readonly optional: boolean
}

export interface Entry extends Item {
  readonly key: Expr
}
