// What the JSON documents that Intel publishes have in common: the signature over the exact text of a member, and the form of values.
import { z } from 'zod'
import { ThymusError } from '../../../core/errors.ts'
import { PUBLISHED_STATUSES, type PublishedStatus } from './tcb-status.ts'

/** The text that is signed, as it stands, and its signature: r and s. */
export interface SignedText {
  readonly text: string
  readonly signature: Buffer
}

/** A level of a TCB, whatever its versions are. */
export interface Level {
  readonly status: PublishedStatus
  /** Milliseconds since 1970. */
  readonly date: number
  readonly advisoryIds: readonly string[]
}

/** A level of one piece of software: an enclave, or the TDX module. */
export interface SoftwareLevel extends Level {
  readonly isvSvn: number
}

/** The largest that Intel publishes has some 20 KB. */
const MAX_TEXT = 1 << 20
const SIGNATURE_SIZE = 64

/** Milliseconds since 1970 of an RFC 3339 time. */
export const instant = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text))
/** Security versions are bytes; Intel's own samples have larger ones. */
export const svn = z.int().min(0).max(0xffff)
/** Bytes, written in hexadecimal digits of either case. */
export const hex = (size: number) =>
  z
    .string()
    .regex(new RegExp(`^[0-9A-Fa-f]{${2 * size}}$`))
    .transform((text) => Buffer.from(text, 'hex'))

const levelFields = {
  tcbStatus: z.enum(PUBLISHED_STATUSES),
  tcbDate: instant,
  advisoryIDs: z.array(z.string().max(100)).max(1_000).default([]),
}

/** Levels, best first, whose `tcb` follows `tcb`. */
export const levels = <T extends object>(tcb: z.ZodType<T>) =>
  z
    .array(
      z.object({ ...levelFields, tcb }).transform(({ tcb: versions, tcbStatus, tcbDate, advisoryIDs }): Level & T => ({
        ...versions,
        ...{ status: tcbStatus, date: tcbDate, advisoryIds: advisoryIDs },
      })),
    )
    .min(1)
    .max(1_000)

export const softwareLevels = levels(z.object({ isvsvn: svn }).transform(({ isvsvn }) => ({ isvSvn: isvsvn })))

/** What a schema makes of a JSON text; fields that it does not name are left alone. @throws ThymusError FORMAT with the path of the field */
export function parsed<T>(name: string, schema: z.ZodType<T>, text: string): T {
  const result = schema.safeParse(json(name, text))
  if (result.success) return result.data
  const { path, message } = result.error.issues[0]!
  throw new ThymusError('FORMAT', message, { at: [name, ...path].join('.') })
}

/** An object with the member `name` and its `signature` in hexadecimal digits, as Intel's service answers. @throws ThymusError FORMAT */
export function readSigned(name: string, text: string): SignedText {
  const { signature } = parsed(name, z.object({ [name]: z.looseObject({}), signature: hex(SIGNATURE_SIZE) }), text)
  return { text: memberText(name, text), signature: signature as Buffer }
}

/** What is signed and its signature, given apart. @throws ThymusError FORMAT */
export function signedText(name: string, text: string, signature: string): SignedText {
  json(name, text)
  return { text, signature: parsed(`${name} signature`, hex(SIGNATURE_SIZE), JSON.stringify(signature.trim())) }
}

function json(name: string, text: string): unknown {
  if (text.length > MAX_TEXT) throw new ThymusError('FORMAT', `more than ${MAX_TEXT} characters`, { at: name })
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new ThymusError('FORMAT', 'no JSON', { at: name, cause: error })
  }
}

/** The text of a member of an object, to the character. The text is JSON already; a member that stands twice is refused. */
function memberText(name: string, text: string): string {
  const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g
  let depth = 0
  let key: string | undefined
  let start = 0
  const found: string[] = []
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    const [mark] = match
    if (mark === '{' || mark === '[') depth++
    else if (depth === 1 && mark === ':') start = match.index + 1
    else if (depth === 1 && (mark === ',' || mark === '}')) {
      if (key === name) found.push(text.slice(start, match.index).trim())
      key = undefined
    } else if (depth === 1 && key === undefined) key = JSON.parse(mark) as string
    if (mark === '}' || mark === ']') depth--
  }
  if (found.length !== 1) throw new ThymusError('FORMAT', `the member stands ${found.length} times`, { at: name })
  return found[0]!
}
