// What systemd extends PCRs by after the boot loader, without an entry in the firmware's log: words, in their order.
import { hash } from 'node:crypto'
import type { HashName } from '../../../formats/hash.ts'
import { Register } from '../register.ts'

/** The phases that were reached (systemd-pcrphase.service(8)). */
const PHASE_PCR = 11
const IN_INITRD = ['enter-initrd', 'leave-initrd']
const ON_HOST = ['sysinit', 'ready', 'shutdown', 'final']
/** Where the initrd takes over from the firmware, since systemd 261 (systemd-pcrosseparator.service(8)). */
const SEPARATED: readonly number[] = [0, 1, 2, 3, 4, 5, 6, 7, 9, 12, 13, 14]
const SEPARATOR = 'os-separator'

/** What a PCR may hold where nobody but systemd went on from a value: that, and what each of its words makes of it. @param before zeros, unless given */
export function valuesAfterSystemd(bank: HashName, pcr: number, before = new Register(bank).value): readonly Buffer[] {
  const after = wordsOf(pcr).flatMap((words) => {
    const register = new Register(bank, before)
    return words.map((word) => {
      register.extend(hash(bank, word, 'binary'))
      return register.value
    })
  })
  return [before, ...after]
}

function wordsOf(pcr: number): readonly (readonly string[])[] {
  if (pcr === PHASE_PCR) return [[...IN_INITRD, ...ON_HOST], ON_HOST]
  return SEPARATED.includes(pcr) ? [[SEPARATOR]] : []
}
