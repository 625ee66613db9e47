// What `help` says at the prompt.
import { columns, sections } from '../../help.ts'

const COMMANDS = [
  ['STATEMENT', 'answer a query, or add a rule'],
  ['package PATH', 'go to a package'],
  ['import PATH', 'add an import to it'],
  ['input := TERM', 'set the input document'],
  ['show', 'the package with its rules'],
  ['unset REF', 'remove rules from it'],
  ['unset-package PATH', 'remove a package'],
  ['json, pretty', 'how answers are shown'],
  ['strict-builtin-errors', 'whether the error of a builtin ends an evaluation; toggles'],
  ['dump [FILE]', 'the data documents as JSON'],
  ['help [input]', 'this text'],
  ['exit', 'leave, as does Ctrl+D'],
] as const

const EXAMPLES = [
  ['data', 'all documents'],
  ['data[x] = _', 'the names of all documents'],
  ['p if input.x > 1', 'a rule; a line that is not complete goes on until an empty one'],
  ['p with input as {"x": 2}', 'what it is then'],
] as const

const INPUT = `The input document is what \`input := TERM\` sets. At the start it is the file that --input names, or that is loaded below
data.repl.input: thymus rego repl repl.input:input.json`

export function helpText(topic: string | undefined): string {
  if (topic === undefined)
    return sections([
      ['Commands', columns(COMMANDS)],
      ['Examples', columns(EXAMPLES)],
    ])
  return topic === 'input' ? `${INPUT}\n` : `unknown topic '${topic}'\n`
}
