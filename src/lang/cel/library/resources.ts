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
function read<T>(make: () => T, problem?: () => string): T {
  try {
    return make()
  } catch (error) {
    throw error instanceof ThymusError ? new Fault(problem?.() ?? error.message) : error
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

/** Digits by which two quantities are apart, and their own, are gone through. */
const apart = (run: Run, a: Quantity, b: Quantity) => run.spend(Math.abs(a.scale - b.scale) + (widthOf(a) + widthOf(b)))
/** In digits, about. */
const widthOf = ({ value }: Quantity) => (fitsInt(value) ? 0 : value.toString(16).length)
const fitsInt = (value: bigint) => BigInt.asIntN(64, value) === value

function compared(run: Run, a: Q, b: Q): number {
  apart(run, a.held, b.held)
  return compareQuantities(a.held, b.held)
}

function added(run: Run, a: Quantity, b: Quantity): Q {
  apart(run, a, b)
  return new QuantityValue(addQuantities(a, b))
}

const readVersion = (run: Run, text: string, lenient = false) => {
  run.spend(8 * text.length)
  return readSemver(text, lenient)
}

const Q = 'kubernetes.Quantity'
const S = 'kubernetes.Semver'
type Q = InstanceType<typeof QuantityValue>
type S = InstanceType<typeof SemverValue>

export const RESOURCES: Library = {
  [`quantity(string): ${Q}`]: (_: Run, text: string) =>
    new QuantityValue(
      read(
        () => readQuantity(text),
        () => quantityProblem(text),
      ),
    ),
  'isQuantity(string): bool': (_: Run, text: string) => does(() => readQuantity(text)),
  [`sign(${Q}): int`]: (_: Run, { held: { value } }: Q) => (value > 0n ? 1n : value < 0n ? -1n : 0n),
  [`.isGreaterThan(${Q}, ${Q}): bool`]: (run: Run, a: Q, b: Q) => compared(run, a, b) > 0,
  [`.isLessThan(${Q}, ${Q}): bool`]: (run: Run, a: Q, b: Q) => compared(run, a, b) < 0,
  [`.compareTo(${Q}, ${Q}): int`]: (run: Run, a: Q, b: Q) => BigInt(compared(run, a, b)),
  [`.asApproximateFloat(${Q}): double`]: (_: Run, { held }: Q) => approximateFloat(held),
  [`.asInteger(${Q}): int`]: (_: Run, { held }: Q) => {
    const integer = integerOf(held)
    if (integer === undefined) throw new Fault('cannot convert value to integer')
    return integer
  },
  [`.isInteger(${Q}): bool`]: (_: Run, { held }: Q) => integerOf(held) !== undefined,
  [`.add(${Q}, ${Q}): ${Q}`]: (run: Run, a: Q, b: Q) => added(run, a.held, b.held),
  [`.add(${Q}, int): ${Q}`]: (run: Run, a: Q, b: bigint) => added(run, a.held, quantityOf(b)),
  [`.sub(${Q}, ${Q}): ${Q}`]: (run: Run, a: Q, b: Q) => added(run, a.held, negateQuantity(b.held)),
  [`.sub(${Q}, int): ${Q}`]: (run: Run, a: Q, b: bigint) => added(run, a.held, quantityOf(-b)),
  [`semver(string): ${S}`]: (run: Run, text: string) => new SemverValue(read(() => readVersion(run, text))),
  [`semver(string, bool): ${S}`]: (run: Run, text: string, lenient: boolean) =>
    new SemverValue(read(() => readVersion(run, text, lenient))),
  'isSemver(string): bool': (run: Run, text: string) => does(() => readVersion(run, text)),
  'isSemver(string, bool): bool': (run: Run, text: string, lenient: boolean) => does(() => readVersion(run, text, lenient)),
  [`.isGreaterThan(${S}, ${S}): bool`]: (_: Run, a: S, b: S) => compareSemver(a.held, b.held) > 0,
  [`.isLessThan(${S}, ${S}): bool`]: (_: Run, a: S, b: S) => compareSemver(a.held, b.held) < 0,
  [`.compareTo(${S}, ${S}): int`]: (_: Run, a: S, b: S) => BigInt(compareSemver(a.held, b.held)),
  [`.major(${S}): int`]: (_: Run, { held }: S) => BigInt.asIntN(64, held.major),
  [`.minor(${S}): int`]: (_: Run, { held }: S) => BigInt.asIntN(64, held.minor),
  [`.patch(${S}): int`]: (_: Run, { held }: S) => BigInt.asIntN(64, held.patch),
}
