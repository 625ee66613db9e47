// The wire format of Protocol Buffers (protobuf.dev, "Encoding"): fields by their number, without the schema that gives them names. Groups,
// which proto3 does not have, are refused.
import { ThymusError } from '../core/errors.ts'

export interface ProtobufField {
  readonly number: number
  /** Of wire type 2 its bytes; else the number as it stands: what a varint means is for who knows the schema. */
  readonly value: Buffer | bigint
}

const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const
/** A varint of 64 bits. */
const MAX_VARINT_BYTES = 10
/** Of one message; those that Thymus reads have dozens, or some for each event of a log. */
const MAX_FIELDS = 100_000

/** The fields of one message in their order. @throws ThymusError FORMAT */
export function readProtobuf(bytes: Buffer): readonly ProtobufField[] {
  const fields: ProtobufField[] = []
  for (let at = 0; at < bytes.length; ) {
    if (fields.length === MAX_FIELDS) fail(at, `more than ${MAX_FIELDS} fields`)
    const { field, end } = readField(bytes, at)
    fields.push(field)
    at = end
  }
  return fields
}

/** All values of a field that holds bytes, text or a message. @throws ThymusError FORMAT where one is of another wire type */
export function bytesOf(fields: readonly ProtobufField[], number: number): readonly Buffer[] {
  return fields
    .filter((field) => field.number === number)
    .map(({ value }) => (typeof value === 'bigint' ? fail(number, 'a number stands where bytes belong', 'field') : value))
}

/** The value of a field that stands once; of several, as the format wants it, the last one. @throws ThymusError FORMAT */
export const lastBytesOf = (fields: readonly ProtobufField[], number: number): Buffer | undefined => bytesOf(fields, number).at(-1)

/** The number in a field; 0 where it is not there, as in proto3. @throws ThymusError FORMAT where it has bytes */
export function numberOf(fields: readonly ProtobufField[], number: number): bigint {
  const value = fields.findLast((field) => field.number === number)?.value ?? 0n
  return typeof value === 'bigint' ? value : fail(number, 'bytes stand where a number belongs', 'field')
}

function readField(bytes: Buffer, start: number): { field: ProtobufField; end: number } {
  const { value: key, end: at } = readVarint(bytes, start)
  const [number, wire] = [Number(key >> 3n), Number(key & 7n)]
  if (number === 0 || number > 0x1fffffff) fail(start, 'no field has this number')
  switch (wire) {
    case WIRE.varint: {
      const { value, end } = readVarint(bytes, at)
      return { field: { number, value }, end }
    }
    case WIRE.fixed64:
      return { field: { number, value: need(bytes, at, 8).readBigUInt64LE() }, end: at + 8 }
    case WIRE.fixed32:
      return { field: { number, value: BigInt(need(bytes, at, 4).readUInt32LE()) }, end: at + 4 }
    case WIRE.bytes: {
      const { value: length, end } = readVarint(bytes, at)
      if (length > BigInt(bytes.length - end)) fail(at, `cut off: ${length} bytes are needed`)
      return { field: { number, value: bytes.subarray(end, end + Number(length)) }, end: end + Number(length) }
    }
    default:
      return fail(start, `wire type ${wire} is not read`)
  }
}

function readVarint(bytes: Buffer, start: number): { value: bigint; end: number } {
  let value = 0n
  for (let at = start; at < start + MAX_VARINT_BYTES; at++) {
    const byte = bytes[at] ?? fail(at, 'a varint is cut off')
    value |= BigInt(byte & 0x7f) << BigInt(7 * (at - start))
    if (byte < 0x80) return value >> 64n > 0n ? fail(start, 'a varint of more than 64 bits') : { value, end: at + 1 }
  }
  return fail(start, 'a varint of more than 64 bits')
}

const need = (bytes: Buffer, at: number, size: number) =>
  bytes.length - at < size ? fail(at, `cut off: ${size} bytes are needed`) : bytes.subarray(at, at + size)

function fail(at: number, message: string, what = 'byte'): never {
  throw new ThymusError('FORMAT', message, { at: `${what} ${at}` })
}
