// Commands and responses on the wire (part 1, 18): header, handles, authorizations, parameters. Pure: a command is built as bytes, and what comes
// back is believed as far as its session proves it.
import { ThymusError } from '../../../core/errors.ts'
import { ByteReader } from '../../../formats/bytes.ts'
import { readSized, u16, u32 } from './abi/marshal.ts'
import type { Entity } from './entity.ts'
import { RC, TpmRefusal } from './response-code.ts'
import { ATTRIBUTE, type Use } from './session.ts'

/** TPM_ST (part 2, 6.9). */
export const TAG = { noSessions: 0x8001, sessions: 0x8002, hashCheck: 0x8024 } as const

export const HEADER_SIZE = 10
/** Largest command and response of a PC Client TPM (PTP 1.05, 6.5.3.6). */
export const MAX_MESSAGE = 4096
/** Room of a nonce or of an HMAC. */
const MAX_PROOF = 64

/** A command of part 3 with its arguments. */
export interface Command<T> {
  /** As "Quote". */
  readonly name: string
  /** TPM_CC. */
  readonly code: number
  readonly entities: readonly Entity[]
  /** How many of the entities, from the first, have to be authorized. */
  readonly authorized?: number
  readonly parameters?: Buffer
  /** The response begins with the handle of something that was made. */
  readonly makes?: 'object' | 'session'
  /** The first parameter is a secret, or the first of the answer: these go encrypted or not at all. */
  readonly secret?: 'in' | 'out' | 'both'
  /** @param handle of what was made; 0 where nothing was. @throws ThymusError FORMAT */
  readonly read: (answer: ByteReader, handle: number) => T
}

/** The bytes of a command, and how to read what comes back. */
export interface Exchange<T> {
  readonly bytes: Buffer
  /** @throws TpmRefusal, ThymusError TPM_SESSION where a proof is wrong, FORMAT */
  read(response: Buffer): T
}

/**
 * Builds a command.
 * @param uses authorizations of the entities in their order, then sessions that only protect parameters
 * @param random makes as many random bytes, for nonces
 * @throws ThymusError INTERNAL where a secret would go in clear
 */
export function prepare<T>(command: Command<T>, uses: readonly Use[], random: (size: number) => Buffer): Exchange<T> {
  const { code, entities, authorized = 0, parameters: clear = Buffer.alloc(0), secret } = command
  if (uses.length < authorized) throw new ThymusError('INTERNAL', `${command.name} has ${authorized} entities to authorize`)
  const covered = (attribute: number) => uses.some((use) => use.session !== undefined && (use.attributes & attribute) !== 0)
  if ((secret === 'in' || secret === 'both') && !covered(ATTRIBUTE.decrypt)) throw leak(command)
  if ((secret === 'out' || secret === 'both') && !covered(ATTRIBUTE.encrypt)) throw leak(command)
  const rounds = uses.map((use, at) => use.begin(at < authorized ? entities[at]! : undefined, random))
  const parameters = rounds.reduce((bytes, round) => round.encrypt(bytes), clear)
  const names = entities.map(({ name }) => name)
  const others = rounds.slice(1).flatMap((round) => round.companionNonces)
  const areas = rounds.map((round, at) => round.authorize(code, names, parameters, at === 0 ? others : []))
  const body = Buffer.concat([
    ...entities.map(({ handle }) => u32(handle)),
    ...(uses.length > 0 ? [u32(areas.reduce((sum, { length }) => sum + length, 0)), ...areas] : []),
    parameters,
  ])
  const tag = uses.length > 0 ? TAG.sessions : TAG.noSessions
  const bytes = Buffer.concat([u16(tag), u32(HEADER_SIZE + body.length), u32(code), body])
  return {
    bytes,
    read(response) {
      const reader = openResponse(command.name, response, tag)
      const handle = command.makes === undefined ? 0 : reader.u32('handle')
      if (uses.length === 0) return finished(command, reader, handle)
      const answer = reader.sized(reader.u32('parameterSize'), MAX_MESSAGE, 'parameters')
      const proofs = rounds.map(() => ({
        nonce: readSized(reader, MAX_PROOF, 'nonceTPM'),
        attributes: reader.u8('sessionAttributes'),
        hmac: readSized(reader, MAX_PROOF, 'hmac'),
      }))
      reader.finish('response')
      for (const [at, round] of rounds.entries()) round.verify(code, answer, proofs[at]!)
      return finished(
        command,
        new ByteReader(
          rounds.reduce((each, round) => round.decrypt(each), answer),
          'big',
        ),
        handle,
      )
    },
  }
}

function finished<T>({ name, read }: Command<T>, reader: ByteReader, handle: number): T {
  const value = read(reader, handle)
  reader.finish(name)
  return value
}

/** The response code; the header has been found whole. @throws ThymusError FORMAT */
export function responseCode(response: Buffer): number {
  return response.length < HEADER_SIZE ? new ByteReader(response, 'big').fail('response', 'cut off') : response.readUInt32BE(6)
}

/** @throws TpmRefusal, ThymusError FORMAT */
function openResponse(name: string, response: Buffer, tag: number): ByteReader {
  const reader = new ByteReader(response, 'big')
  const found = reader.u16('tag')
  if (reader.u32('responseSize') !== response.length) reader.fail('responseSize', `it is not that of the response, ${response.length}`)
  const rc = reader.u32('responseCode')
  if (rc !== RC.success) throw new TpmRefusal(name, rc)
  if (found !== tag) reader.fail('tag', `0x${found.toString(16)}, where 0x${tag.toString(16)} must stand`)
  return reader
}

const leak = ({ name }: Command<unknown>) => new ThymusError('INTERNAL', `${name} would send a secret in clear`)
