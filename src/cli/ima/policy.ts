import { debianPackages, fileNow } from '../../adapters/linux/packages.ts'
import { ThymusError } from '../../core/errors.ts'
import { policyFromPackages } from '../../layers/firmware/ima/packages.ts'
import {
  both,
  EMPTY,
  excludes,
  type ImaPolicy,
  policyFromAllowlist,
  policyFromLog,
  writeKeylimePolicy,
} from '../../layers/firmware/ima/policy.ts'
import { note } from '../terminal.ts'
import { readFile, readList } from './files.ts'

interface PolicyFlags {
  readonly log?: readonly string[]
  readonly digests?: readonly string[]
  readonly packages?: boolean
  readonly exclude?: readonly string[]
}

const SHOWN = 10

export async function policy({ log = [], digests = [], packages, exclude = [] }: PolicyFlags): Promise<undefined> {
  if (log.length + digests.length === 0 && !packages) throw new ThymusError('USAGE', 'of what? --log, --digests or --packages')
  const made = [
    { ...EMPTY, excludes: excludes(exclude) },
    ...log.map((file) => policyFromLog(readList(file).entries)),
    ...digests.map((file) => policyFromAllowlist(readFile(file).toString('utf8'))),
    ...(packages ? [fromPackages()] : []),
  ].reduce(both)
  process.stdout.write(writeKeylimePolicy(made, new Date()))
}

/** What it is derived from is said: a database that holds MD5 alone, and the files of this machine. */
function fromPackages(): ImaPolicy {
  const { policy, changed, missing } = policyFromPackages(debianPackages(), fileNow)
  note(`${policy.files.size} files hashed here; the packages know their MD5 alone`)
  for (const [what, paths] of [
    ['not what their package brought, and left out', changed],
    ['not there', missing],
  ] as const) {
    if (paths.length > 0) note(`${paths.length} ${what}: ${paths.slice(0, SHOWN).join(', ')}${paths.length > SHOWN ? ', …' : ''}`)
  }
  return policy
}
