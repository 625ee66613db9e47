import { CODES, type Code, ThymusError } from '../../core/errors.ts'
import type { Explanation } from '../../server/api.ts'
import { API_VERSION } from '../../server/api.ts'
import { type OutputFlags, openOutput } from '../output.ts'
import { here } from '../session.ts'

/** A code of the list can be explained without an agent: it is then needed most. */
export async function explain(flags: OutputFlags, id: string): Promise<undefined> {
  const output = await openOutput('Explanation', flags)
  try {
    output.show(await here().client.explain(id))
  } catch (error) {
    if (!(error instanceof ThymusError && error.code === 'AGENT_DOWN' && Object.hasOwn(CODES, id))) throw error
    output.show(codeExplained(id as Code))
  }
}

function codeExplained(code: Code): Explanation & { readonly apiVersion: string; readonly kind: string } {
  const nothing = { because: [], source: null, line: null, change: [], severity: null }
  return { apiVersion: API_VERSION, kind: 'Explanation', id: code, title: code, what: CODES[code], ...nothing }
}
