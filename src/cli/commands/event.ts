import { ThymusError } from '../../core/errors.ts'
import { type OutputFlags, openOutput } from '../output.ts'
import type { WorkloadRef } from '../parameters.ts'
import { here } from '../session.ts'
import { eventCells } from '../views/views.ts'

export interface TailFlags extends OutputFlags {
  readonly type?: string
  readonly workload?: WorkloadRef
  readonly 'no-follow'?: boolean
}

export async function tail(flags: TailFlags): Promise<undefined> {
  const follow = !flags['no-follow']
  if (follow && flags.output?.some((each) => /^json(=|$)/.test(each))) {
    throw new ThymusError('USAGE', 'json has an end and following has none: take -o ndjson, or --no-follow')
  }
  const output = await openOutput('Event', flags)
  const stream = output.stream()
  const { workload, type } = flags
  const filter = {
    follow,
    ...(type === undefined ? {} : { type }),
    ...(workload === undefined ? {} : { workload: `${workload.namespace}/${workload.name}` }),
  }
  for await (const event of here().client.events(filter)) stream.add(event, eventCells(event))
  stream.end()
}
