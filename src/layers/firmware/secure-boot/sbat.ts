// SBAT (shim, SBAT.md): generations of boot components. An image carries its own in `.sbat`; a level says which are too old. Both are read as shim
// reads them (csv.c, sbat.c), so that no line counts there that does not count here.
import { ThymusError } from '../../../core/errors.ts'
import { type PeImage, sectionData } from '../../../formats/pe/image.ts'

export interface SbatEntry {
  readonly component: string
  readonly generation: number
}

/** More than any image has. */
const MAX_ENTRIES = 256
/** An entry of an image has a vendor, a package, a version and an address too; only that of `sbat` in a level has a third, its date. */
const FIELDS = { image: 6, level: 2 } as const

/** The lines of a level, as `sbat,1,2025021800`. @throws ThymusError FORMAT */
export const readSbatLevel = (text: string): readonly SbatEntry[] => readEntries(text, FIELDS.level)

/** What an image says of its generations; undefined where it has no such section. @throws ThymusError FORMAT where shim would refuse it */
export function imageSbat(image: PeImage): readonly SbatEntry[] | undefined {
  const section = sectionData(image, '.sbat')
  if (image.sections.filter(({ name }) => name === '.sbat').length > 1) throw new ThymusError('FORMAT', 'more than one section .sbat')
  return section && readEntries(section.toString('utf8'), FIELDS.image)
}

function readEntries(text: string, fields: number): readonly SbatEntry[] {
  const lines = text
    .replace(/^\uFEFF/, '')
    .split(/[\r\n\0]+/, MAX_ENTRIES + 2)
    .filter((line) => line !== '')
  if (lines.length === 0) throw new ThymusError('FORMAT', 'SBAT without an entry')
  if (lines.length > MAX_ENTRIES) throw new ThymusError('FORMAT', `SBAT with more than ${MAX_ENTRIES} entries`)
  return lines.map((line) => {
    const columns = line.split(',', fields)
    if (columns.length < fields || columns.includes('')) throw new ThymusError('FORMAT', `an entry of SBAT without its ${fields} fields`)
    return { component: columns[0]!, generation: generationOf(columns[1]!) }
  })
}

/** By atoi, into sixteen bits: what is no number is 0. */
const generationOf = (text: string) => Number.parseInt(text, 10) & 0xffff

/** The components of an image that are below the level. Where that names one twice, releases of shim differ in which counts: the greater does. */
export function belowLevel(entries: readonly SbatEntry[], level: readonly SbatEntry[]): readonly SbatEntry[] {
  const least = new Map<string, number>()
  for (const { component, generation } of level) least.set(component, Math.max(generation, least.get(component) ?? 0))
  return entries.filter(({ component, generation }) => generation < (least.get(component) ?? 0))
}
