import { printable } from '../../core/quote.ts'
import { type Explanation, explain as explainDecision, type FailedLine, type RuleExplanation } from '../../lang/rego/explain.ts'
import { compilePolicy } from '../../lang/rego/policy.ts'
import { printJson } from '../../lang/rego/values/text.ts'
import type { Value } from '../../lang/rego/values/value.ts'
import { inputOf } from './eval.ts'
import { loadFiles } from './files.ts'
import { type InputFlags, type ModuleFlags, versionOf } from './flags.ts'
import { rejected } from './rejected.ts'
import { surroundings } from './surroundings.ts'

export interface ExplainFlags extends ModuleFlags, InputFlags {
  readonly format: 'pretty' | 'json'
}

const SHOWN = 200

/** Why the document at a path is as it is. */
export async function explain(flags: ExplainFlags, path: string): Promise<number> {
  try {
    const { modules, data } = loadFiles(flags.data ?? [])
    const policy = compilePolicy(modules, { version: versionOf(flags) })
    const explained = explainDecision(policy, path, { input: inputOf(flags), data, surroundings: surroundings() })
    const text = flags.format === 'json' ? JSON.stringify(documentOf(explained), undefined, 2) : lines(explained, '').join('\n')
    process.stdout.write(`${text}\n`)
    return 0
  } catch (error) {
    return rejected(error, 2)
  }
}

const shown = (value: Value | undefined) => (value === undefined ? 'undefined' : printable(printJson(value), SHOWN))

function lines({ document, value, error, rules }: Explanation, pad: string): string[] {
  const none = rules.length === 0 ? [`${pad}  no rule makes it`] : []
  return [`${pad}${document} is ${error ?? shown(value)}`, ...rules.flatMap((rule) => ruleLines(rule, `${pad}  `)), ...none]
}

function ruleLines({ at, head, outcome, values, seen = [], failed }: RuleExplanation, pad: string): string[] {
  const title = `${pad}${at.file}:${at.row}  ${printable(head.replace(/\s+/g, ' '), SHOWN)}`
  if (outcome === 'function') return [`${title}\n${pad}  a function: it has a value only where it is called`]
  if (outcome !== 'fails') {
    const word = outcome === 'holds' ? 'holds' : 'otherwise'
    return [title, ...values.map((value) => `${pad}  ${word}: ${shown(value)}`), ...seen.map((each) => `${pad}    ${seenText(each)}`)]
  }
  return failed === undefined ? [title, `${pad}  fails`] : [title, ...failedLines(failed, `${pad}  `)]
}

const seenText = ({ name, value }: FailedLine['seen'][number]) => `${name} is ${shown(value)}`

function failedLines({ at, text, seen, bound, because }: FailedLine, pad: string): string[] {
  return [
    `${pad}fails at line ${at.row}: ${printable(text.replace(/\s+/g, ' '), SHOWN)}`,
    ...seen.map((each) => `${pad}  ${seenText(each)}`),
    ...bound.map(({ name, value }) => `${pad}  with ${name} = ${shown(value)}`),
    ...because.flatMap((inner) => lines(inner, `${pad}  `)),
  ]
}

const seenDocument = ({ name, value }: FailedLine['seen'][number]) => ({ name, ...plain(value) })

/** The same as plain JSON. */
function documentOf({ document, value, error, rules }: Explanation): object {
  return { document, ...plain(value), ...(error === undefined ? {} : { error }), rules: rules.map(ruleDocument) }
}

const plain = (value: Value | undefined): object => (value === undefined ? {} : { value: JSON.parse(printJson(value)) })

function ruleDocument({ at, head, outcome, values, seen, failed }: RuleExplanation): object {
  return {
    location: { file: at.file, row: at.row, col: at.col },
    head,
    outcome,
    values: values.map((value) => JSON.parse(printJson(value))),
    ...(seen === undefined ? {} : { seen: seen.map(seenDocument) }),
    ...(failed === undefined ? {} : { failed: failedDocument(failed) }),
  }
}

function failedDocument({ at, text, seen, bound, because }: FailedLine): object {
  return {
    location: { file: at.file, row: at.row, col: at.col },
    text,
    seen: seen.map(seenDocument),
    bound: bound.map(({ name, value }) => ({ name, ...plain(value) })),
    because: because.map(documentOf),
  }
}
