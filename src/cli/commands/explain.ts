import { API_VERSION } from '../../server/api.ts'
import { meaningOf } from '../codes.ts'
import { type OutputFlags, openOutput } from '../output.ts'
import { here } from '../session.ts'

/** What a code means is asked of nobody: it is needed most where there is no agent. */
export async function explain(flags: OutputFlags, id: string): Promise<undefined> {
  const output = await openOutput('Explanation', flags)
  const what = meaningOf(id)
  const nothing = { because: [], source: null, line: null, change: [], severity: null }
  output.show(
    what === undefined
      ? await here().client.explain(id)
      : { apiVersion: API_VERSION, kind: 'Explanation', id, title: id, what, ...nothing },
  )
}
