// strings.render_template: Go's text/template on JSON.
import type { Builtin } from '../../codegen/runtime.ts'
import { printTerm, readJson } from '../../values/text.ts'
import type { Value } from '../../values/value.ts'
import { object, text, weigh } from '../operands.ts'
import { fail, lexTemplate } from './lex.ts'
import { Parser } from './parse.ts'
import { run, type State } from './run.ts'

export const TEMPLATE: Readonly<Record<string, Builtin>> = {
  'strings.render_template': (runtime, a, b) => {
    weigh(runtime, object(b, 2))
    const data = read(object(b, 2))
    const state: State = { runtime, out: [], variables: [['$', data]], templates: new Map(), depth: 0 }
    const body = new Parser(lexTemplate(text(a, 1)), state.templates).whole()
    run(body, state, data)
    return state.out.join('').replaceAll('<no value>', '<undefined>')
  },
}

/** OPA reads the term's own notation as JSON: it has no sets, no keys but strings, and other escapes. */
function read(value: Value): Value {
  try {
    return readJson(printTerm(value))
  } catch {
    throw fail('the variables are no JSON')
  }
}
