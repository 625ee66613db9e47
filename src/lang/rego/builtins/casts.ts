import type { Builtin } from '../codegen/runtime.ts'
import { RegoSet, type TypeName } from '../values/value.ts'
import { items, mustBe } from './operands.ts'

const must =
  (type: TypeName): Builtin =>
  (_, a) => {
    mustBe(a, 1, type)
    return a
  }

/** Casts of old: but for arrays and sets, which become each other, they take their own type alone. */
export const CASTS: Readonly<Record<string, Builtin>> = {
  cast_array: (_, a) => items(a, 1),
  cast_set: (_, a) => (a instanceof RegoSet ? a : RegoSet.of(items(a, 1))),
  cast_string: must('string'),
  cast_boolean: must('boolean'),
  cast_null: must('null'),
  cast_object: must('object'),
}
