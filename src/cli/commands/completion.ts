// Completion: the shells' scripts are a few lines that ask `thymus complete WORDS…` what could come next, so they never go stale.
import { proposeCompletions } from '@stricli/core'
import { ThymusError } from '../../core/errors.ts'
import { quote } from '../../core/quote.ts'
import { app } from '../app.ts'

const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `_thymus() {
  local word lines
  mapfile -t lines < <(thymus complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  COMPREPLY=()
  for word in "\${lines[@]}"; do COMPREPLY+=("\${word%%$'\\t'*}"); done
}
complete -o default -F _thymus thymus
`,
  zsh: `#compdef thymus
_thymus() {
  local -a lines
  lines=("\${(@f)$(thymus complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  lines=("\${(@)lines//:/\\\\:}")
  [[ -n $lines ]] && _describe thymus "\${(@)lines/$'\\t'/:}" || _files
}
compdef _thymus thymus
`,
  fish: `function __thymus_complete
  set -l words (commandline -opc) (commandline -ct)
  thymus complete -- $words[2..-1] 2>/dev/null
end
complete -c thymus -a '(__thymus_complete)'
`,
}

export async function completion(_flags: object, shell: string): Promise<undefined> {
  const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined
  if (script === undefined) throw new ThymusError('USAGE', `${quote(shell)} is not one of ${Object.keys(SCRIPTS).join(', ')}`)
  process.stdout.write(script)
}

/** One proposal a line: the word, a tab, what it means. The last word is the one that is being typed; nothing to propose is nothing. */
export async function complete(_flags: object, ...words: string[]): Promise<undefined> {
  const proposals = await proposeCompletions(app, words, { process: { stdout: process.stdout, stderr: process.stderr }, done: () => {} })
  process.stdout.write(proposals.map(({ completion: word, brief }) => `${word}\t${brief}\n`).join(''))
}
