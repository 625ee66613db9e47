import { describedParams } from '../../builtins/capabilities.ts'
import type { Diagnostic } from '../../errors.ts'
import type { Term } from '../../syntax/ast.ts'
import { LineDetails } from '../../syntax/line-details.ts'
import { contentOf, termValue } from '../../syntax/tree-value.ts'
import { printJson } from '../../values/text.ts'
import { TypeDetails } from './details.ts'
import { paramJson, typeJson } from './json.ts'

/** What more there is to say of a diagnostic, as `opa check --format json` tells it: of a type error why, of a parse error the line. */
export function detailsJson({ details }: Diagnostic): Readonly<Record<string, unknown>> | undefined {
  if (details instanceof LineDetails) return { line: details.line.text, idx: details.line.index }
  if (!(details instanceof TypeDetails)) return undefined
  const { reason } = details
  switch (reason.kind) {
    case 'call': {
      const { name, have, params, variadic } = reason
      const args = describedParams(name, params)
      return {
        have: have.map(typeJson),
        want: { ...(args.length > 0 && { args }), ...(variadic && { variadic: paramJson(variadic) }) },
      }
    }
    case 'match':
      return { a: typeJson(reason.left), b: typeJson(reason.right) }
    case 'unsupported':
      return { ref: reason.ref.parts.map(termJson), pos: reason.at, have: typeJson(reason.have) }
    default: {
      const { ref, at, have, want, oneOf } = reason
      return {
        ref: ref.parts.map(termJson),
        pos: at,
        ...(have && { have: typeJson(have) }),
        want: typeJson(want),
        oneOf: oneOf.length > 0 ? oneOf.map((term) => JSON.parse(printJson(contentOf(term)))) : null,
      }
    }
  }
}

const termJson = (term: Term): unknown => JSON.parse(printJson(termValue(term)))
