// `thymus scan manifests`: no cluster, no agent, no network.
import { EXIT, ThymusError } from '../../core/errors.ts'
import { type Finding, SEVERITIES, type Severity } from '../../core/finding.ts'
import { type Documents, readObjects, type SourceFile } from '../../layers/admission/manifests/document.ts'
import { readPolicySet } from '../../layers/admission/manifests/policy-set.ts'
import { scan } from '../../layers/admission/manifests/scan.ts'
import type { LevelVersion } from '../../layers/admission/pod-security/level.ts'
import { type OutputFlags, openOutput } from '../output.ts'
import { surroundings } from '../rego/surroundings.ts'
import { note } from '../terminal.ts'
import { readSources, STDIN } from './files.ts'
import { readPacks } from './packs.ts'

export interface ManifestFlags extends OutputFlags {
  readonly 'pod-security': LevelVersion
  readonly pack?: readonly string[]
  readonly 'no-packs'?: boolean
  readonly policy?: readonly string[]
  readonly 'fail-on': Severity | 'none'
}

export async function manifests(flags: ManifestFlags, path: string): Promise<number> {
  if (flags['no-packs'] && flags.pack !== undefined) throw new ThymusError('USAGE', '--pack and --no-packs exclude each other')
  if ([path, ...(flags.policy ?? [])].filter((each) => each === '-').length > 1) throw new ThymusError('USAGE', 'stdin can be read once')
  const output = await openOutput('FindingList', flags)
  const packs = flags['no-packs'] ? [] : await readPacks(flags.pack)
  const own = (await Promise.all((flags.policy ?? []).map(async (each) => documentsIn(await readSources(each), each).objects))).flat()
  const policies = readPolicySet({ builtIn: objectsIn(packs).objects, own }, { surroundings })
  if (own.length > 0 && policies.unasked.length > 0) note(`of the policies, not asked: ${policies.unasked.join(', ')}`)
  const files = await readSources(path)
  const { objects, skipped } = documentsIn(files, path)
  const items = scan(objects, { podSecurity: flags['pod-security'], policies, at: Date.now() })
  output.show({ items })
  const unjudged = items.filter(isUnjudged).length
  note(
    [
      `${counted(objects.length, 'object')} in ${counted(files.length, 'file')}`,
      counted(items.length - unjudged, 'finding'),
      ...(unjudged > 0 ? [`${unjudged} could not be judged`] : []),
      `${counted(skipped, 'document')} skipped`,
    ].join(', '),
  )
  return statusOf(items, flags['fail-on'])
}

const isUnjudged = ({ code }: Finding) => code === 'ADM_UNJUDGED'
const counted = (count: number, word: string) => `${count} ${word}${count === 1 ? '' : 's'}`

function statusOf(items: readonly Finding[], threshold: Severity | 'none'): number {
  const isOver = ({ severity }: Finding) => threshold !== 'none' && SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(threshold)
  if (items.some((each) => !isUnjudged(each) && isOver(each))) return EXIT.findings
  return items.some(isUnjudged) ? EXIT.unknown : EXIT.ok
}

function objectsIn(files: readonly SourceFile[]): Documents {
  const documents = files.map(readObjects)
  const sum = (of: (each: Documents) => number) => documents.reduce((total, each) => total + of(each), 0)
  return { count: sum(({ count }) => count), objects: documents.flatMap(({ objects }) => objects), skipped: sum(({ skipped }) => skipped) }
}

/** Nothing that was looked at must not look like nothing that was found: what writes into a pipe may have failed. */
function documentsIn(files: readonly SourceFile[], path: string): Documents {
  const documents = objectsIn(files)
  if (documents.count === 0) throw new ThymusError('MANIFEST', 'there is no document here', { at: path === '-' ? STDIN : path })
  return documents
}
