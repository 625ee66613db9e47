// The log of measured programs held against a PCR: how far a quoted value reaches into it.
import type { HashName } from '../../../formats/hash.ts'
import { Register } from '../register.ts'
import { valuesAfterSystemd } from '../tcg-log/systemd.ts'
import type { RunRecord } from './record.ts'

export interface RunWalk {
  /** Whether some stretch of the log, from its beginning, leads to the quoted value. */
  readonly reached: boolean
  readonly attested: readonly RunRecord[]
  /** What came after the quote, or all where the value is not reached: nothing may be concluded from it. */
  readonly pending: readonly RunRecord[]
}

/**
 * Walks the records of one PCR to its quoted value. Nobody but systemd extended the PCR before them, and nobody after; a record without a digest for
 * the bank leads nowhere.
 */
export function walkRuns(records: readonly RunRecord[], bank: HashName, pcr: number, quoted: Uint8Array): RunWalk {
  const own = records.filter((record) => record.pcr === pcr)
  const walks = valuesAfterSystemd(bank, pcr).map((start) => walkFrom(start, own, bank, quoted))
  return walks.find(({ reached }) => reached) ?? walks[0]!
}

function walkFrom(start: Buffer, own: readonly RunRecord[], bank: HashName, quoted: Uint8Array): RunWalk {
  const register = new Register(bank, start)
  for (let count = 0; ; count++) {
    if (register.is(quoted)) return { reached: true, attested: own.slice(0, count), pending: own.slice(count) }
    const digest = own[count]?.digests.get(bank)
    if (digest === undefined) return { reached: false, attested: [], pending: own }
    register.extend(digest)
  }
}
