import { existsSync, realpathSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { ROOTS_READ } from '../adapters/linux/roots.ts'
import type { Check } from '../core/verdict.ts'
import { confinedCommand, NODE } from './confined-command.ts'
import type { Places } from './places.ts'

const CHECKOUT = resolve(import.meta.dirname, '../..')

/** Found by trying: libraries, what OpenSSL wants at start (a refusal ends Node, absence does not), the time zone, and what the kernel tells of the machine. */
const SYSTEM = [
  ...['/usr/lib/', '/lib/', '/lib64/', '/etc/ld.so.cache', '/etc/ssl/openssl.cnf'],
  ...['/etc/localtime', '/usr/share/zoneinfo/', '/dev/urandom', '/proc/', '/sys/fs/cgroup/', '/sys/devices/system/cpu/'],
]

/**
 * What a batch leaves behind is collected often, in a small space (MiB), and the heap grows in small steps, by 30 % of what is alive, where V8
 * would let it quadruple: a flood of events costs twice the processor time then, and half the memory. Optimising for size spares 20 MiB
 * more, for a tenth of the speed.
 */
const FRUGAL = ['--max-semi-space-size=2', '--heap-growing-percent=30', '--optimize-for-size']

/**
 * The command line that starts the mind, and what of its confinement this kernel cannot enforce. `descriptors` are those that it inherits from the
 * guard; none means that there is no guard, and the mind keeps the lock itself. Its folders must exist.
 * It writes its state and its socket, runs nothing but itself, and has no business on the network beyond Unix sockets.
 */
export function confinedMind(
  at: Pick<Places, 'state' | 'door' | 'run'>,
  descriptors: readonly number[],
  program: readonly string[] = [join(import.meta.dirname, 'mind.ts'), ...(descriptors.length === 0 ? [] : [JSON.stringify(at)])],
): { readonly command: readonly string[]; readonly missing: readonly Check[] } {
  return confinedCommand(
    {
      readable: [`${CHECKOUT}/`, ...SYSTEM.filter((path) => existsSync(path)), ...(descriptors.length === 0 ? rootsRead() : [])],
      writable: [`${at.state}/`, `${descriptors.length === 0 ? at.run : at.door}/`, '/dev/null'],
      executable: [process.execPath],
      tcpConnect: [],
      tcpBind: [],
      scope: ['abstract-sockets', 'signals'],
      systemCalls: ['fileless', 'network', 'kernel'],
      descriptors,
      accepts: [],
    },
    [...NODE, ...FRUGAL, ...program],
    // On a kernel that can do less the mind is confined less, and the caller says so; a path that is not as we think is our fault.
    ({ code }) => code.startsWith('LANDLOCK_'),
  )
}

/** A mind without a guard looks for roots of trust itself. What it may read there, everybody may. */
function rootsRead(): readonly string[] {
  return ROOTS_READ.filter((path) => existsSync(path)).map((path) => `${realpathSync(path)}/`)
}
