// Is a measurement list genuine? It is, as far as a quoted PCR says so; what stands behind that point is a claim.
import { checked } from '../../../core/appraisal.ts'
import { type Check, unknown } from '../../../core/verdict.ts'
import { hashByName, hashesTo } from '../../../formats/hash.ts'
import { BOOT_AGGREGATE, isBootAggregateOf } from './boot-aggregate.ts'
import { IMA_CHECKS } from './checks.ts'
import type { ImaEntry } from './entry.ts'
import type { ImaList } from './list.ts'
import { type ImaProgress, type Walk, walk } from './replay.ts'
import { some } from './words.ts'

export interface ListEvidence {
  readonly list: ImaList
  /** The value of the PCR in a quote that was verified. */
  readonly quoted: Uint8Array
  /** Which boot the quote is of, as its resetCount. */
  readonly boot: string
  /** From `beginning`, or from the last verification. */
  readonly progress: ImaProgress
  /** PCRs 0 to 9 of one bank, quoted or replayed from a log that was; where they are not given, the boot aggregate is not looked at. */
  readonly boots?: { readonly bank: string; readonly pcrs: ReadonlyMap<number, Uint8Array> }
}

export interface VerifiedList {
  readonly checks: readonly Check[]
  readonly walk: Walk
}

/** Verifies a list, or the lines that came since it was verified last. Only `walk.attested` may be judged. */
export function verifyList({ list, quoted, boot, progress, boots }: ListEvidence): VerifiedList {
  const walked = walk(progress, list, quoted)
  const { attested } = walked
  const checks = [
    continues(list, boot, progress),
    readable(list),
    templateHashes(list),
    pcr(walked, list, progress.entries),
    buffers(attested),
  ]
  if (boots !== undefined && progress.entries === 0) checks.push(checkBootAggregate(attested, boots))
  return { checks, walk: walked }
}

function continues(list: ImaList, boot: string, progress: ImaProgress): Check {
  const first = Math.min(list.entries[0]?.number ?? Number.POSITIVE_INFINITY, list.malformed[0]?.number ?? Number.POSITIVE_INFINITY)
  const next = progress.entries + 1
  const seen = {
    expected: `boot ${progress.boot}, entry ${next}`,
    got: `boot ${boot}${first < Number.POSITIVE_INFINITY ? `, entry ${first}` : ''}`,
  }
  return checked(IMA_CHECKS, 'IMA_CONTINUES', boot === progress.boot && first >= next, seen)
}

function readable({ malformed }: ImaList): Check {
  if (malformed.length === 0) return checked(IMA_CHECKS, 'IMA_LIST', true)
  return checked(IMA_CHECKS, 'IMA_LIST', false, { got: some(malformed.map(({ number, why }) => `entry ${number}: ${why}`)) })
}

/** Entries whose template hash is not that of their data. A violation has none. */
export function wrongTemplateHashes({ entries, templateHash }: ImaList): readonly ImaEntry[] {
  if (templateHash === undefined) return []
  return entries.filter((entry) => !entry.violation && !hashesTo(templateHash, entry.data, entry.templateHash))
}

function templateHashes(list: ImaList): Check {
  const wrong = wrongTemplateHashes(list)
  return checked(IMA_CHECKS, 'IMA_TEMPLATE_HASH', wrong.length === 0, wrong.length === 0 ? {} : { got: some(wrong.map(told)) })
}

function pcr({ reached, extension, attested, pending, progress }: Walk, { entries }: ImaList, before: number): Check {
  const what = `PCR ${progress.pcr} of the ${progress.bank} bank`
  if (!reached)
    return checked(IMA_CHECKS, 'IMA_PCR', false, {
      expected: `an entry after which ${what} is what was quoted`,
      got: `none of ${pending.length}`,
    })
  const elsewhere = entries.filter((entry) => entry.pcr !== progress.pcr)
  if (elsewhere.length > 0)
    return checked(IMA_CHECKS, 'IMA_PCR', unknown('IMA_OTHER_PCR', `of other PCRs, and held to nothing: ${some(elsewhere.map(told))}`))
  const how = extension === 'padded-sha1' ? ', extended with SHA-1 digests filled up with zeros' : ''
  const after = pending.length === 0 ? '' : `; ${pending.length} that came after the quote are not attested yet`
  const behind = before === 0 ? '' : `, behind ${before} that were walked before`
  return checked(IMA_CHECKS, 'IMA_PCR', true, { got: `${what}: ${attested.length} entries${behind}${how}${after}` })
}

/** ima_api.c, process_buffer_measurement: the digest in the entry is that of the buffer in it. */
function buffers(entries: readonly ImaEntry[]): Check {
  const wrong = entries.filter((entry) => {
    const buffer = entry.field('buf')
    if (buffer === undefined || entry.violation) return false
    const { algorithm, bytes } = entry.digest
    const known = hashByName(algorithm)
    return known !== undefined && !hashesTo(known.name, buffer, bytes)
  })
  return checked(IMA_CHECKS, 'IMA_BUFFER', wrong.length === 0, wrong.length === 0 ? {} : { got: some(wrong.map(told)) })
}

/** Whether the list is of the boot whose PCRs these are. @param attested from the first entry on */
export function checkBootAggregate(attested: readonly ImaEntry[], { bank, pcrs }: NonNullable<ListEvidence['boots']>): Check {
  const entry = attested.find(({ name, number, violation }) => number === 1 && name === BOOT_AGGREGATE && !violation)
  if (entry === undefined) return checked(IMA_CHECKS, 'IMA_BOOT_AGGREGATE', false, { got: 'the first entry is none, or is not attested' })
  const { algorithm, bytes } = entry.digest
  const verdict =
    isBootAggregateOf(entry, bank, pcrs) ??
    unknown('IMA_OTHER_PCRS', `the boot aggregate is of ${algorithm}; of PCRs 0 to 9 of ${bank} there are ${pcrs.size}`)
  return checked(IMA_CHECKS, 'IMA_BOOT_AGGREGATE', verdict, { got: `${algorithm}:${bytes.toString('hex')}` })
}

const told = ({ number, name }: ImaEntry) => `entry ${number}, ${name}`
