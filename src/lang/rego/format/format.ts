// A module as `opa fmt` of OPA 1.22 writes it, byte for byte, oddities included: an editor that formats with one and a gate that checks with
// the other must agree.
import { RegoRejected } from '../errors.ts'
import type { Comment, Module, Package, Rule } from '../syntax/ast.ts'
import { type Entry, importsFor } from './directives.ts'
import { writeImports } from './imports.ts'
import { Page } from './page.ts'
import { byPlace } from './places.ts'
import { writeRules } from './rules.ts'
import { type TargetVersion, targetOf } from './target.ts'
import { stepText } from './terms.ts'
import { withNamedWildcards } from './wildcards.ts'

export interface FormatOptions {
  /** What must be able to read the text: v1 if not given. */
  readonly version?: TargetVersion
  /** Leaves out `rego.v1` and `future.keywords` where v1 needs neither. */
  readonly dropImports?: boolean
}

/** The text of a module. Throws RegoRejected for a call that no text can say, such as `plus(1)`. */
export function format(module: Module, options: FormatOptions = {}): string {
  const version = options.version ?? 'v1'
  const page = new Page(module.text, module.comments.map(trimmed).toSorted(byPlace), targetOf(module, version))
  const imports = importsFor(module, version, options.dropImports ?? false)
  const rules = withNamedWildcards(module.rules)
  writePackage(page, module.package)
  const statements = [...imports, ...rules].toSorted(byPlace)
  const added = imports.filter((each) => each.added)
  const [firstRow] = rules.map(({ at }) => at.row).toSorted((a, b) => a - b)
  // An import below a rule has no effect, so those that were added go before all if one would.
  const lifted = firstRow !== undefined && added.some(({ at }) => at.row >= firstRow)
  if (lifted) writeImports(page, added.toSorted(byPlace))
  writeStatements(page, lifted ? statements.filter((each) => !('added' in each && each.added)) : statements)
  page.comments.forEach((comment, at) => {
    page.writeLine(`#${comment.text}`)
    if (at === page.comments.length - 1) page.write('\n')
  })
  const [fault, ...faults] = page.faults
  if (fault !== undefined) throw new RegoRejected([fault, ...faults])
  return page.text.replace(/\n+$/, '\n')
}

function writeStatements(page: Page, statements: readonly (Entry | Rule)[]): void {
  let at = 0
  const take = <T extends Entry | Rule>(is: (each: Entry | Rule) => each is T): readonly T[] => {
    const taken: T[] = []
    for (let each = statements[at]; each !== undefined && is(each); each = statements[at]) {
      taken.push(each)
      at++
    }
    return taken
  }
  while (at < statements.length) {
    writeImports(page, take(isImport))
    writeRules(page, take(isRule))
  }
}

const isImport = (each: Entry | Rule): each is Entry => 'added' in each
const isRule = (each: Entry | Rule): each is Rule => !('added' in each)

function writePackage(page: Page, { path, at }: Package): void {
  page.commentsBefore(at.row)
  page.startLine()
  const [, first, ...steps] = path.parts
  page.write(`package ${first?.kind === 'string' ? first.value : ''}`)
  for (const step of steps) if (step.kind === 'string') page.write(stepText(page, step.value, step.at))
  page.blankLine()
}

/** Without the space at its end, by Unicode's notion of space. */
const trimmed = (comment: Comment): Comment => ({
  ...comment,
  text: comment.text.replace(/[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+$/, ''),
})
