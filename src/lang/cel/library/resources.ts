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
import { Opaque, type Value } from '../values.ts'
import type { Library } from './library.ts'

class QuantityValue extends Opaque {
  readonly type = 'kubernetes.Quantity'
  readonly quantity: Quantity
  constructor(quantity: Quantity) {
    super()
    this.quantity = quantity
  }
  override equals(other: Value) {
    return other instanceof QuantityValue && compareQuantities(this.quantity, other.quantity) === 0
  }
}

class SemverValue extends Opaque {
  readonly type = 'kubernetes.Semver'
  readonly version: Semver
  constructor(version: Semver) {
    super()
    this.version = version
  }
  override equals(other: Value) {
    return other instanceof SemverValue && compareSemver(this.version, other.version) === 0
  }
}

/** What a format throws is a fault of the expression. */
function read<T>(make: () => T): T {
  try {
    return make()
  } catch (error) {
    throw error instanceof ThymusError ? new Fault(error.message) : error
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

const Q = 'kubernetes.Quantity'
const S = 'kubernetes.Semver'
type Q = QuantityValue
type S = SemverValue

export const RESOURCES: Library = {
  [`quantity(string): ${Q}`]: (_: Run, text: string) => new QuantityValue(read(() => readQuantity(text))),
  'isQuantity(string): bool': (_: Run, text: string) => does(() => readQuantity(text)),
  [`sign(${Q}): int`]: (_: Run, { quantity: { value } }: Q) => (value > 0n ? 1n : value < 0n ? -1n : 0n),
  [`.isGreaterThan(${Q}, ${Q}): bool`]: (_: Run, a: Q, b: Q) => compareQuantities(a.quantity, b.quantity) > 0,
  [`.isLessThan(${Q}, ${Q}): bool`]: (_: Run, a: Q, b: Q) => compareQuantities(a.quantity, b.quantity) < 0,
  [`.compareTo(${Q}, ${Q}): int`]: (_: Run, a: Q, b: Q) => BigInt(compareQuantities(a.quantity, b.quantity)),
  [`.asApproximateFloat(${Q}): double`]: (_: Run, { quantity }: Q) => approximateFloat(quantity),
  [`.asInteger(${Q}): int`]: (_: Run, { quantity }: Q) => {
    const integer = integerOf(quantity)
    if (integer === undefined) throw new Fault('cannot convert value to integer')
    return integer
  },
  [`.isInteger(${Q}): bool`]: (_: Run, { quantity }: Q) => integerOf(quantity) !== undefined,
  [`.add(${Q}, ${Q}): ${Q}`]: (_: Run, a: Q, b: Q) => new QuantityValue(addQuantities(a.quantity, b.quantity)),
  [`.add(${Q}, int): ${Q}`]: (_: Run, a: Q, b: bigint) => new QuantityValue(addQuantities(a.quantity, quantityOf(b))),
  [`.sub(${Q}, ${Q}): ${Q}`]: (_: Run, a: Q, b: Q) => new QuantityValue(addQuantities(a.quantity, negateQuantity(b.quantity))),
  [`.sub(${Q}, int): ${Q}`]: (_: Run, a: Q, b: bigint) => new QuantityValue(addQuantities(a.quantity, quantityOf(-b))),
  [`semver(string): ${S}`]: (_: Run, text: string) => new SemverValue(read(() => readSemver(text))),
  [`semver(string, bool): ${S}`]: (_: Run, text: string, lenient: boolean) => new SemverValue(read(() => readSemver(text, lenient))),
  'isSemver(string): bool': (_: Run, text: string) => does(() => readSemver(text)),
  'isSemver(string, bool): bool': (_: Run, text: string, lenient: boolean) => does(() => readSemver(text, lenient)),
  [`.isGreaterThan(${S}, ${S}): bool`]: (_: Run, a: S, b: S) => compareSemver(a.version, b.version) > 0,
  [`.isLessThan(${S}, ${S}): bool`]: (_: Run, a: S, b: S) => compareSemver(a.version, b.version) < 0,
  [`.compareTo(${S}, ${S}): int`]: (_: Run, a: S, b: S) => BigInt(compareSemver(a.version, b.version)),
  [`.major(${S}): int`]: (_: Run, { version }: S) => BigInt.asIntN(64, version.major),
  [`.minor(${S}): int`]: (_: Run, { version }: S) => BigInt.asIntN(64, version.minor),
  [`.patch(${S}): int`]: (_: Run, { version }: S) => BigInt.asIntN(64, version.patch),
}
