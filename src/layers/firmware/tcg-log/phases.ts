// What systemd extends PCR 11 by after the boot loader, without an entry in the firmware's log (systemd-pcrphase.service(8)): the words of the
// phases that were reached, in their order.
import { hash } from 'node:crypto'
import type { HashName } from '../../../formats/hash.ts'
import { Register } from '../register.ts'

export const PHASE_PCR = 11
const IN_INITRD = ['enter-initrd', 'leave-initrd']
const ON_HOST = ['sysinit', 'ready', 'shutdown', 'final']

/** Whether a value is what phases made of another one. */
export function isPhaseOf(bank: HashName, before: Buffer, value: Buffer): boolean {
  return [[...IN_INITRD, ...ON_HOST], ON_HOST].some((words) => {
    const register = new Register(bank, before)
    return words.some((word) => {
      register.extend(hash(bank, word, 'binary'))
      return register.is(value)
    })
  })
}
