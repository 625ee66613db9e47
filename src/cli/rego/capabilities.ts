import { capabilities } from '../../lang/rego/builtins/capabilities.ts'

/** What the engine knows, as the document that opa prints and reads. */
export async function printCapabilities(): Promise<undefined> {
  process.stdout.write(`${JSON.stringify(capabilities(), undefined, 2)}\n`)
}
