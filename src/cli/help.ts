// What `--help` says: what the command is for, examples first, then flags.
import type { Command } from '@stricli/core'

export interface Described {
  /** One line, without a full stop. */
  readonly brief: string
  /** Command lines as they are typed, each with a few words that say what it does. The first word after `thymus` is in them. */
  readonly examples: readonly (readonly [line: string, meaning: string])[]
  /** What stands after the flags, e.g. `-- CMD...`. */
  readonly operands?: string
  /** Anything more that a reader must know. */
  readonly more?: string
}

export interface Entry {
  readonly name: { readonly original: string }
  readonly target: { readonly brief: string }
  readonly hidden: boolean
}

type Parameters = Command<never>['parameters']
type Flag = NonNullable<Parameters['flags']>[string]

export function commandHelp(prefix: readonly string[], { brief, examples, operands, more }: Described, parameters: Parameters): string {
  const line = [...prefix, '[FLAGS]', ...(operands === undefined ? [] : [operands])].join(' ')
  return sections([
    [`${prefix.join(' ')}: ${brief}`, []],
    ['Examples', columns(examples)],
    ['Usage', [line]],
    ['Flags', columns([...flagRows(parameters), ['-h, --help', 'this text']])],
    ...(more === undefined ? [] : ([['Note', more.split('\n')]] as const)),
  ])
}

export function groupHelp(prefix: readonly string[], brief: string, entries: readonly Entry[]): string {
  return sections([
    [`${prefix.join(' ')}: ${brief}`, []],
    ['Commands', columns(commandRows(prefix, entries))],
    ['Flags', columns([['-h, --help', 'examples and flags of a command']])],
  ])
}

/** Rows of two columns, the first as wide as its widest. */
export function columns(rows: readonly (readonly [string, string])[]): string[] {
  const wide = Math.max(0, ...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `${left.padEnd(wide)}  ${right}`.trimEnd())
}

export function commandRows(prefix: readonly string[], entries: readonly Entry[]): (readonly [string, string])[] {
  return entries.filter(({ hidden }) => !hidden).map(({ name, target }) => [[...prefix, name.original].join(' '), target.brief] as const)
}

export function sections(parts: readonly (readonly [title: string, lines: readonly string[]])[]): string {
  return `${parts.map(([title, lines]) => [title, ...lines.map((line) => `  ${line}`)].join('\n')).join('\n\n')}\n`
}

function flagRows({ flags = {}, aliases = {} }: Parameters): (readonly [string, string])[] {
  return Object.entries(flags)
    .filter(([, flag]) => !flag.hidden)
    .map(([name, flag]) => {
      const alias = Object.entries(aliases).find(([, of]) => of === name)?.[0]
      const value = valueWord(flag)
      const repeats = 'variadic' in flag && flag.variadic ? ' ...' : ''
      return [`${alias === undefined ? '    ' : `-${alias}, `}--${name}${value}${repeats}`, flag.brief] as const
    })
}

function valueWord(flag: Flag): string {
  if (flag.kind === 'boolean' || flag.kind === 'counter') return ''
  if (flag.placeholder !== undefined) return ` ${flag.placeholder}`
  return flag.kind === 'enum' ? ` ${flag.values.join('|')}` : ' VALUE'
}
