import { ThymusError } from '../../core/errors.ts'
import { builtinsListed, capabilities } from '../../lang/rego/builtins/capabilities.ts'
import type { CompileOptions } from '../../lang/rego/compile/draft.ts'
import { readText } from '../files.ts'

export interface CapabilitiesFlags {
  readonly current?: boolean
  readonly file?: string
}

/** What the engine knows, or what a file says that it may, as the document that opa prints and reads. */
export async function printCapabilities({ current, file }: CapabilitiesFlags): Promise<undefined> {
  if (current && file !== undefined) throw new ThymusError('USAGE', '--current and --file exclude each other')
  const document = file === undefined ? capabilities() : readCapabilities(file)
  process.stdout.write(`${JSON.stringify(document, undefined, 2)}\n`)
}

/** What `--capabilities` makes of compilations: a builtin that the file does not list is unknown. */
export function limitedBy(file: string | undefined): Pick<CompileOptions, 'builtins'> {
  if (file === undefined) return {}
  const document = readCapabilities(file)
  return { builtins: builtinsListed(document) }
}

function readCapabilities(file: string): unknown {
  const text = readText(file)
  try {
    const document: unknown = JSON.parse(text)
    builtinsListed(document)
    return document
  } catch (cause) {
    throw new ThymusError('FORMAT', cause instanceof Error ? cause.message : String(cause), { at: file, cause })
  }
}
