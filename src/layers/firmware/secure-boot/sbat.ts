// SBAT (shim, SBAT.md): generations of boot components. An image carries its own in `.sbat`; a level says which are too old.
import type { PeImage } from '../../../formats/pe/image.ts'
import { sectionData } from '../../../formats/pe/image.ts'

export interface SbatEntry {
  readonly component: string
  readonly generation: number
  /** Of the package, as its vendor calls it. */
  readonly name: string | undefined
  readonly version: string | undefined
}

/** More than any image has. */
const MAX_ENTRIES = 256

/** The lines of a `.sbat` section or of a level; what is no entry is left out. */
export function readSbat(text: string): readonly SbatEntry[] {
  return text
    .replace(/\0.*$/s, '')
    .split('\n', MAX_ENTRIES)
    .flatMap((line) => {
      const [component, generation, , name, version] = line.split(',')
      return component !== undefined && /^\d{1,9}$/.test(generation ?? '')
        ? [{ component, generation: Number(generation), name, version }]
        : []
    })
}

/** What an image says of its generations; undefined where it says nothing. */
export function imageSbat(image: PeImage): readonly SbatEntry[] | undefined {
  const section = sectionData(image, '.sbat')
  return section && readSbat(section.toString('utf8'))
}

/** The components of an image that are below the level. */
export function belowLevel(entries: readonly SbatEntry[], level: readonly SbatEntry[]): readonly SbatEntry[] {
  const least = new Map(level.map(({ component, generation }) => [component, generation]))
  return entries.filter(({ component, generation }) => generation < (least.get(component) ?? 0))
}

/** What an image calls itself, as "shim 15.8-1~deb12u1"; the vendor's entry, which is the last, says it best. Undefined where it says nothing. */
export function imageName(image: PeImage): string | undefined {
  const own = imageSbat(image)?.findLast(({ component, name }) => component !== 'sbat' && name !== undefined)
  return own && [own.name, own.version].filter(Boolean).join(' ')
}
