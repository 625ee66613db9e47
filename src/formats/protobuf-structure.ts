// Structures of bytes that somebody took apart into a message of Protocol Buffers, put together again: exactly, since somebody has signed them.
// A reader of proto3 would take the last of several values and pass over what it does not know; here neither can be meant.
import { ThymusError } from '../core/errors.ts'
import { type ProtobufField, readProtobuf } from './protobuf.ts'

type Value = ProtobufField['value']

/** One field of a structure: its name, and what its values put into the whole. */
export interface StructureField {
  readonly name: string
  put(whole: Buffer, values: readonly Value[]): void
}

/** By the number of the field in the message. */
export type Structure = Readonly<Record<number, StructureField>>

/** Bytes at a place, or several of one size one behind the other. */
export const bytesAt = (name: string, at: number, size: number, times = 1): StructureField => ({
  name,
  put(whole, values) {
    if (values.length !== times) fail(name, `it stands ${values.length} times, where it belongs ${times === 1 ? 'once' : `${times} times`}`)
    for (const [index, value] of values.entries()) {
      if (typeof value === 'bigint' || value.length !== size) fail(name, `no ${size} bytes`)
      whole.set(value, at + index * size)
    }
  },
})

/** A number, little-endian; 0 where it is left out, as in proto3. @param encode the number as its bytes; undefined where they do not hold it */
export const numberAt = (
  name: string,
  at: number,
  size: number,
  encode = (value: bigint) => littleEndian(value, size),
): StructureField => ({
  name,
  put(whole, values) {
    whole.set(encode(oneNumber(name, values)) ?? fail(name, `no number that ${size} bytes hold`), at)
  },
})

/** The structure, of which the message must hold all and nothing else. @throws ThymusError FORMAT at the name of a field */
export function composed(message: Buffer, size: number, structure: Structure): Buffer {
  const fields = readProtobuf(message)
  const strange = fields.find(({ number }) => !Object.hasOwn(structure, number))
  if (strange !== undefined) fail(`field ${strange.number}`, 'it is none that is known, and would be lost')
  const whole = Buffer.alloc(size)
  for (const [number, field] of Object.entries(structure)) field.put(whole, valuesOf(fields, Number(number)))
  return whole
}

/** Fields of a message that stand once or not at all. Others are passed over. */
export interface SingleFields {
  /** Empty where it is left out. @throws ThymusError FORMAT at the name */
  bytes(number: number, name: string): Buffer
  /** @throws ThymusError FORMAT at the name */
  number(number: number, name: string): bigint
}

/** @throws ThymusError FORMAT */
export function singleFields(message: Buffer): SingleFields {
  const fields = readProtobuf(message)
  return {
    bytes(number, name) {
      const value = one(name, valuesOf(fields, number)) ?? Buffer.alloc(0)
      return typeof value === 'bigint' ? fail(name, 'a number stands where bytes belong') : value
    },
    number: (number, name) => oneNumber(name, valuesOf(fields, number)),
  }
}

/** @returns undefined for a number that needs more bytes */
export function littleEndian(value: bigint, size: number): Buffer | undefined {
  const bytes = Buffer.alloc(size)
  for (let at = 0; at < size; at++) bytes[at] = Number((value >> BigInt(8 * at)) & 0xffn)
  return value >> BigInt(8 * size) === 0n ? bytes : undefined
}

const valuesOf = (fields: readonly ProtobufField[], number: number) =>
  fields.filter((each) => each.number === number).map(({ value }) => value)

function one(name: string, values: readonly Value[]): Value | undefined {
  return values.length > 1 ? fail(name, 'it stands more than once') : values[0]
}

function oneNumber(name: string, values: readonly Value[]): bigint {
  const value = one(name, values) ?? 0n
  return typeof value === 'bigint' ? value : fail(name, 'bytes stand where a number belongs')
}

function fail(at: string, message: string): never {
  throw new ThymusError('FORMAT', message, { at })
}
