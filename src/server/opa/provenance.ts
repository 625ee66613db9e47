// Which build answers, and of which bundles.
import { quote } from '../../lang/rego/values/text.ts'
import type { Call } from './call.ts'
import { members } from './json-text.ts'

export function provenance({ options, world }: Call): string {
  const bundles = world.owners.all.map(({ name, revision }) => [name, members([['revision', quote(revision)]])] as const)
  return members([
    ['version', quote(options.build)],
    ['build_commit', '""'],
    ['build_timestamp', '""'],
    ['build_hostname', '""'],
    ['bundles', bundles.length === 0 ? undefined : members(bundles)],
  ])
}
