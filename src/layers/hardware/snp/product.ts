// Lines of processors: each has a root key of its own, and its own order of bytes in a TCB version.
import type { Cpuid } from './report.ts'

/** By the name in AMD's key distribution: Siena and Bergamo are of Genoa's line. */
export type ProductLine = 'Milan' | 'Genoa' | 'Turin'

/** Names that certificates use, without their stepping, as `Milan-B0` (AMD 57230, table 8). */
const BY_NAME: ReadonlyMap<string, ProductLine> = new Map([
  ['Milan', 'Milan'],
  ['Genoa', 'Genoa'],
  ['Siena', 'Genoa'],
  ['Bergamo', 'Genoa'],
  ['Turin', 'Turin'],
])

interface Models {
  readonly family: number
  readonly first: number
  readonly last: number
  readonly line: ProductLine
}

/** CPUID families and models (processor programming references; as in AMD's `sev` tools). */
const MODELS: readonly Models[] = [
  { family: 0x19, first: 0x00, last: 0x0f, line: 'Milan' },
  { family: 0x19, first: 0x10, last: 0x1f, line: 'Genoa' },
  { family: 0x19, first: 0xa0, last: 0xaf, line: 'Genoa' },
  { family: 0x1a, first: 0x00, last: 0x1f, line: 'Turin' },
]

/** Undefined for a name that is not known. */
export const lineOfName = (product: string): ProductLine | undefined => BY_NAME.get(product.split('-', 1)[0]!)

/** Undefined for a processor that is not known. */
export const lineOfCpuid = ({ family, model }: Cpuid): ProductLine | undefined =>
  MODELS.find((each) => each.family === family && each.first <= model && model <= each.last)?.line
