// The clock of kernel timestamps (bpf_ktime_get_boot_ns).
// SAFETY: clock_gettime writes sixteen bytes into a buffer that is held until it returns.
import koffi from 'koffi'

const CLOCK_BOOTTIME = 7
const clockGettime = koffi.load('libc.so.6').func('int clock_gettime(int clock, void *time)')
const time = Buffer.alloc(16)

/** ns since boot. */
export function bootClock(): number {
  clockGettime(CLOCK_BOOTTIME, time)
  return Number(time.readBigInt64LE(0)) * 1e9 + Number(time.readBigInt64LE(8))
}
