import { statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { ThymusError } from '../core/errors.ts'

const CHECKOUT = resolve(import.meta.dirname, '../..')
const OTHERS_READ = 0o004
const OTHERS_ENTER = 0o001
/** Binds the program where its user can reach it, in a mount namespace that only it sees, read-only, and becomes that user. */
const ENTER = [
  'mount --bind "$1" "$2"',
  'mount -o remount,bind,ro,nosuid,nodev "$2"',
  'user=$3; shift 3',
  'exec setpriv --reuid="$user" --regid="$user" --clear-groups -- "$@"',
].join(' && ')

export interface Start {
  readonly command: readonly string[]
  /** The user to become before the command; absent where the command does that itself. */
  readonly user?: number
}

/**
 * How the mind's user reaches the program. Where a folder above the checkout is closed to others (`/root` is, as a rule), it gets a view of
 * its own at `target`, an empty folder. @throws ThymusError PRIVILEGE where the files themselves are closed to others
 */
export function viewFor(user: number, command: readonly string[], target: string, checkout = CHECKOUT): Start {
  if ((statSync(join(checkout, 'src/agent/mind.ts')).mode & OTHERS_READ) === 0) {
    throw new ThymusError('PRIVILEGE', 'the mind runs as another user, to whom these files are closed: chmod -R o+rX', { at: checkout })
  }
  if (isOpen(checkout)) return { command, user }
  const moved = command.map((word) => word.replaceAll(checkout, target))
  return { command: ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', ENTER, 'sh', checkout, target, String(user), ...moved] }
}

/** Every folder on the way may be entered by others. */
function isOpen(folder: string): boolean {
  const above = dirname(folder)
  return (statSync(folder).mode & OTHERS_ENTER) !== 0 && (above === folder || isOpen(above))
}
