// How a command of ours is declared: a thin layer over @stricli/core, so that each command is a function from flags and arguments to an
// exit status, is loaded only when it is called, and explains itself by examples.
import { buildCommand, buildRouteMap, type Command, type CommandContext, type RouteMap, type TypedCommandParameters } from '@stricli/core'
import { commandHelp, type Described, type Entry, groupHelp } from './help.ts'

export interface Context extends CommandContext {
  /** Set by the command that ran; the library's own status holds otherwise. */
  readonly done: (status: number) => void
}

export type Route = Command<Context> | RouteMap<Context>
/** Resolves to the exit status; nothing is 0. */
export type Action<FLAGS, ARGS extends readonly unknown[]> = (flags: FLAGS, ...args: ARGS) => Promise<number | undefined>

export function command<FLAGS extends Readonly<Partial<Record<keyof FLAGS, unknown>>>, ARGS extends readonly unknown[] = []>(
  description: Described & {
    readonly parameters: NoInfer<TypedCommandParameters<FLAGS, ARGS, Context>>
    readonly load: () => Promise<Action<FLAGS, ARGS>>
  },
): Command<Context> {
  const { parameters, load, brief } = description
  const flags = bare((parameters as { readonly flags?: object }).flags ?? {})
  const built = buildCommand<FLAGS, ARGS, Context>({
    parameters: { ...parameters, flags } as typeof parameters,
    docs: { brief },
    loader: async () => {
      const action = await load()
      return async function (this: Context, given: FLAGS, ...args: ARGS) {
        this.done((await action(given, ...args)) ?? 0)
      }
    },
  })
  return { ...built, brief, formatHelp: ({ prefix }) => commandHelp(prefix, description, built.parameters) }
}

interface GroupOptions {
  readonly hidden?: readonly string[]
  readonly help?: (entries: readonly Entry[]) => string
}

/** A noun with its verbs. */
export function group(brief: string, routes: Readonly<Record<string, Route>>, { hidden = [], help }: GroupOptions = {}): RouteMap<Context> {
  const hideRoute = Object.fromEntries(hidden.map((name) => [name, true]))
  const built = buildRouteMap<string, Context>({ routes: bare(routes), docs: { brief, hideRoute } })
  const entries = built.getAllEntries()
  return { ...built, brief, formatHelp: ({ prefix }) => (help === undefined ? groupHelp(prefix, brief, entries) : help(entries)) }
}

/** The same without a prototype: the library looks names up with `[]`, and would find `constructor`. */
export function bare<T extends object>(record: T): T {
  return Object.assign(Object.create(null) as object, record) as T
}
