import { packagesIn } from '../../adapters/linux/package-files.ts'
import { installedPackages, thisMachine } from '../../adapters/linux/packages.ts'
import { ThymusError } from '../../core/errors.ts'
import { type Host, type LeftOut, type Package, policyFromPackages, usualNames } from '../../layers/firmware/ima/packages.ts'
import { both, EMPTY, excludes, type ImaPolicy, policyFromLog, writeKeylimePolicy } from '../../layers/firmware/ima/policy.ts'
import { type FileKey, fileKeysOf } from '../../layers/firmware/ima/signature.ts'
import { readInput } from '../files.ts'
import { note } from '../terminal.ts'
import { readDigests, readList } from './files.ts'

interface PolicyFlags {
  readonly log?: readonly string[]
  readonly digests?: readonly string[]
  readonly packages?: boolean
  readonly key?: readonly string[]
  readonly exclude?: readonly string[]
}

const SHOWN = 10
const LEFT_OUT: Readonly<Record<LeftOut, string>> = {
  changed: 'not what their package brought, and left out',
  missing: 'not there',
  weak: 'known by MD5 or SHA-1 alone, and left out',
  unsigned: 'signed by none of the keys, and left out',
}

export async function policy(
  { log = [], digests = [], packages, key = [], exclude = [] }: PolicyFlags,
  ...files: readonly string[]
): Promise<undefined> {
  const ofPackages = packages || files.length > 0
  if (log.length + digests.length === 0 && !ofPackages) throw new ThymusError('USAGE', 'of what? Packages, --packages, --digests or --log')
  if (key.length > 0 && !ofPackages) throw new ThymusError('USAGE', '--key is for packages')
  const keys = key.flatMap((file) => fileKeysOf(readInput(file).toString('latin1')))
  if (key.length > 0 && keys.length === 0) throw new ThymusError('USAGE', 'no certificate and no public key in PEM', { at: key.join(', ') })
  const made = [
    { ...EMPTY, excludes: excludes(exclude) },
    ...log.map((file) => policyFromLog(readList(file).entries)),
    ...digests.map(readDigests),
    ...(packages ? [fromPackages(installedPackages(), thisMachine(), keys)] : []),
    ...(files.length > 0 ? [fromPackages(files.values().flatMap(packagesIn), { namesOf: usualNames }, keys)] : []),
  ].reduce(both)
  process.stdout.write(writeKeylimePolicy(made, new Date()))
}

/** What it is derived from is said: what the packages know, or the files of this machine. */
function fromPackages(packages: Iterable<Package>, host: Host, keys: readonly FileKey[]): ImaPolicy {
  const { policy, hashed, out } = policyFromPackages(packages, host, keys)
  if (hashed > 0) note(`${hashed} files hashed here; their packages know a weak hash of them alone`)
  for (const [why, paths] of Object.entries(out) as [LeftOut, readonly string[]][]) {
    const more = paths.length > SHOWN ? ', …' : ''
    if (paths.length > 0) note(`${paths.length} ${LEFT_OUT[why]}: ${paths.slice(0, SHOWN).join(', ')}${more}`)
  }
  return policy
}
