// Which image of a boot is what. The firmware measures an image's hash and says where it lay; what it is, is seen from what it did: shim
// measures its lists, GRUB its commands, systemd-stub the sections behind it. Names are asked last, since anybody can choose them.
import type { HashName } from '../../../formats/hash.ts'
import type { EventLog } from '../tcg-log/event-log.ts'
import { type Measurement, measurements } from './measurement.ts'

export type Role =
  | 'shim'
  | 'GRUB'
  | 'systemd-boot'
  | 'the unified kernel image'
  | 'the kernel'
  | 'the Windows boot manager'
  | 'MokManager'
  | 'a boot application'

const BY_NAME: readonly (readonly [RegExp, Role])[] = [
  [/shim[a-z0-9]*\.efi$/i, 'shim'],
  [/grub.*\.efi$/i, 'GRUB'],
  [/systemd-boot.*\.efi$/i, 'systemd-boot'],
  [/bootmgfw\.efi$/i, 'the Windows boot manager'],
  [/mm(?:x64|aa64|ia32)\.efi$/i, 'MokManager'],
  [/^(?:vmlinuz|vmlinux|bzimage|linux|kernel)/i, 'the kernel'],
]

/** All that one bank measured of a boot, in the log's order, its images called by what they are. */
export function bootOf(log: EventLog, bank: HashName): readonly Measurement[] {
  const all = measurements(log, bank)
  const starts = all.flatMap(({ kind }, at) => (kind === 'application' ? [at] : []))
  const roles = new Map<number, Role>()
  const before = new Set<Role>()
  starts.forEach((start, number) => {
    const role = roleOf(all[start]!, all.slice(start + 1, starts[number + 1] ?? all.length), before)
    before.add(role)
    roles.set(start, role)
  })
  return all.map((each, at) => (roles.has(at) ? { ...each, subject: roles.get(at)! } : each))
}

function roleOf(image: Measurement, behind: readonly Measurement[], before: ReadonlySet<Role>): Role {
  const saw = (kind: Measurement['kind']) => behind.some((each) => each.kind === kind)
  if (saw('mok') || (!before.has('shim') && behind.some(({ subject }) => subject.startsWith("shim's")))) return 'shim'
  if (saw('section')) return 'the unified kernel image'
  const loaderRan = before.has('GRUB') || before.has('systemd-boot')
  if (saw('grub-command')) return loaderRan && image.path === undefined ? 'the kernel' : 'GRUB'
  const byName = BY_NAME.find(([pattern]) => pattern.test(fileName(image.path ?? '')))?.[1]
  if (byName !== undefined) return byName
  // What a boot loader starts from memory has no path.
  return image.path === undefined && (loaderRan || before.has('shim')) ? 'the kernel' : 'a boot application'
}

/** The last part of a path, as far as file systems let names go: patterns take their time over longer ones. */
const fileName = (path: string) => path.slice(path.lastIndexOf('\\') + 1).slice(-MAX_NAME)
const MAX_NAME = 255
