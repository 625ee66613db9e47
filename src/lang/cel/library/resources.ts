// Quantities and versions of Kubernetes (pkg/cel/library/quantity.go, semverlib.go).
import { ThymusError } from '../../../core/errors.ts'
import {
  addQuantities,
  approximateFloat,
  compareQuantities,
  integerOf,
  negateQuantity,
  type Quantity,
  quantityOf,
  readQuantity,
} from '../../../formats/kubernetes/quantity.ts'
import { compareSemver, readSemver, type Semver } from '../../../formats/semver.ts'
import { Fault, type Run } from '../run.ts'
import { opaque } from '../values.ts'
import type { Library } from './library.ts'

const QuantityValue = opaque<Quantity>('kubernetes.Quantity', (a, b) => compareQuantities(a, b) === 0)
const SemverValue = opaque<Semver>('kubernetes.Semver', (a, b) => compareSemver(a, b) === 0)

/** What a format throws is a fault of the expression. */
function read<T>(make: () => T, problem?: string): T {
  try {
    return make()
  } catch (error) {
    throw error instanceof ThymusError ? new Fault(problem ?? error.message) : error
  }
}

function does(make: () => unknown): boolean {
  try {
    make()
    return true
  } catch (error) {
    if (error instanceof ThymusError) return false
    throw error
  }
}

/** Of apimachinery (pkg/api/resource, ErrFormatWrong, ErrNumeric and ErrSuffix). */
function quantityProblem(text: string): string {
  const [, suffix] = /^[+-]?\d*\.?\d*([eEinumkKMGTP]*[-+]?\d*)$/.exec(text) ?? []
  if (text === '' || suffix === undefined) return `quantities must match the regular expression '${QUANTITY}'`
  const isKnown = /^(?:[numkMGTPE]?|[KMGTPE]i|[eE][-+]?\d+)$/.test(suffix)
  return isKnown ? 'unable to parse numeric part of quantity' : "unable to parse quantity's suffix"
}
const QUANTITY = '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'

const Q = 'kubernetes.Quantity'
const S = 'kubernetes.Semver'
type Q = InstanceType<typeof QuantityValue>
type S = InstanceType<typeof SemverValue>

export const RESOURCES: Library = {
  [`quantity(string): ${Q}`]: (_: Run, text: string) => new QuantityValue(read(() => readQuantity(text), quantityProblem(text))),
  'isQuantity(string): bool': (_: Run, text: string) => does(() => readQuantity(text)),
  [`sign(${Q}): int`]: (_: Run, { held: { value } }: Q) => (value > 0n ? 1n : value < 0n ? -1n : 0n),
  [`.isGreaterThan(${Q}, ${Q}): bool`]: (_: Run, a: Q, b: Q) => compareQuantities(a.held, b.held) > 0,
  [`.isLessThan(${Q}, ${Q}): bool`]: (_: Run, a: Q, b: Q) => compareQuantities(a.held, b.held) < 0,
  [`.compareTo(${Q}, ${Q}): int`]: (_: Run, a: Q, b: Q) => BigInt(compareQuantities(a.held, b.held)),
  [`.asApproximateFloat(${Q}): double`]: (_: Run, { held }: Q) => approximateFloat(held),
  [`.asInteger(${Q}): int`]: (_: Run, { held }: Q) => {
    const integer = integerOf(held)
    if (integer === undefined) throw new Fault('cannot convert value to integer')
    return integer
  },
  [`.isInteger(${Q}): bool`]: (_: Run, { held }: Q) => integerOf(held) !== undefined,
  [`.add(${Q}, ${Q}): ${Q}`]: (_: Run, a: Q, b: Q) => new QuantityValue(addQuantities(a.held, b.held)),
  [`.add(${Q}, int): ${Q}`]: (_: Run, a: Q, b: bigint) => new QuantityValue(addQuantities(a.held, quantityOf(b))),
  [`.sub(${Q}, ${Q}): ${Q}`]: (_: Run, a: Q, b: Q) => new QuantityValue(addQuantities(a.held, negateQuantity(b.held))),
  [`.sub(${Q}, int): ${Q}`]: (_: Run, a: Q, b: bigint) => new QuantityValue(addQuantities(a.held, quantityOf(-b))),
  [`semver(string): ${S}`]: (_: Run, text: string) => new SemverValue(read(() => readSemver(text))),
  [`semver(string, bool): ${S}`]: (_: Run, text: string, lenient: boolean) => new SemverValue(read(() => readSemver(text, lenient))),
  'isSemver(string): bool': (_: Run, text: string) => does(() => readSemver(text)),
  'isSemver(string, bool): bool': (_: Run, text: string, lenient: boolean) => does(() => readSemver(text, lenient)),
  [`.isGreaterThan(${S}, ${S}): bool`]: (_: Run, a: S, b: S) => compareSemver(a.held, b.held) > 0,
  [`.isLessThan(${S}, ${S}): bool`]: (_: Run, a: S, b: S) => compareSemver(a.held, b.held) < 0,
  [`.compareTo(${S}, ${S}): int`]: (_: Run, a: S, b: S) => BigInt(compareSemver(a.held, b.held)),
  [`.major(${S}): int`]: (_: Run, { held }: S) => BigInt.asIntN(64, held.major),
  [`.minor(${S}): int`]: (_: Run, { held }: S) => BigInt.asIntN(64, held.minor),
  [`.patch(${S}): int`]: (_: Run, { held }: S) => BigInt.asIntN(64, held.patch),
}
