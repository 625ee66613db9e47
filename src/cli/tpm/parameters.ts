// Words of `thymus tpm` → values.
import type { Pin } from '../../adapters/linux/tpm/endorsement.ts'
import { quote } from '../../core/quote.ts'
import { HASHES, type HashName, hashByName } from '../../formats/hash.ts'
import { type PcrSelection, selectPcrs } from '../../layers/hardware/tpm/abi/pcr-selection.ts'
import type { Hashed } from '../../layers/hardware/tpm/commands/platform.ts'
import { ENDORSEMENT_KINDS } from '../../layers/hardware/tpm/kinds.ts'

export interface PcrWish {
  readonly bank: HashName
  /** Null: all that the TPM keeps. */
  readonly pcrs: readonly number[] | null
}

const PCRS = 24

/** `sha256:0,2-4,7`, `sha256` for all of a bank; several with `+` between. */
export function pcrWishes(input: string): readonly PcrWish[] {
  const wishes = input.split('+').map(wish)
  if (new Set(wishes.map(({ bank }) => bank)).size < wishes.length) throw new SyntaxError(`${quote(input)} names a bank twice`)
  return wishes
}

/** PCRs of one bank, named one by one. */
export function pcrsOfOneBank(input: string): PcrSelection {
  const [first, ...more] = pcrWishes(input)
  if (more.length > 0 || first!.pcrs === null) throw new SyntaxError(`${quote(input)} is not PCRs of one bank, as sha256:0,7`)
  return selectPcrs(first!.bank, first!.pcrs)
}

function wish(text: string): PcrWish {
  const [bank, list, ...more] = text.split(':')
  const known = hashByName(bank!)?.name
  if (known === undefined) throw new SyntaxError(`${quote(bank!)} is not one of ${HASHES.map(({ name }) => name).join(', ')}`)
  if (more.length > 0) throw new SyntaxError(`${quote(text)} is not BANK:PCRS`)
  return { bank: known, pcrs: list === undefined || list === 'all' ? null : list.split(',').flatMap(range) }
}

function range(text: string): readonly number[] {
  const [, from, to = from] = /^(\d{1,2})(?:-(\d{1,2}))?$/.exec(text) ?? []
  const [first, last] = [Number(from), Number(to)]
  if (!(first <= last && last < PCRS)) throw new SyntaxError(`${quote(text)} is not a PCR from 0 to ${PCRS - 1}, or a range of them`)
  return Array.from({ length: last - first + 1 }, (_, at) => first + at)
}

export function pcr(input: string): number {
  const value = /^\d{1,2}$/.test(input) ? Number(input) : Number.NaN
  if (!(value < PCRS)) throw new SyntaxError(`${quote(input)} is not a PCR from 0 to ${PCRS - 1}`)
  return value
}

export function hex(input: string): Buffer {
  if (!/^([0-9a-fA-F]{2})*$/.test(input)) throw new SyntaxError(`${quote(input)} is not bytes in hex`)
  return Buffer.from(input, 'hex')
}

/** `BANK:HEX`, of the bank's size; several with `+` between. */
export function bankDigests(input: string): readonly Hashed[] {
  return input.split('+').map((text) => {
    const [, name = '', digits = ''] = /^(\w+):([0-9a-fA-F]+)$/.exec(text) ?? []
    const hash = hashByName(name)
    if (hash === undefined || digits.length !== 2 * hash.size)
      throw new SyntaxError(`${quote(text)} is not BANK:HEX with a digest of that bank`)
    return { hash: hash.id, digest: Buffer.from(digits, 'hex') }
  })
}

/** `PCR:HEX`. */
export function pcrValue(input: string): readonly [pcr: number, value: Buffer] {
  const [, number, value] = /^(\d{1,2}):((?:[0-9a-fA-F]{2})+)$/.exec(input) ?? []
  if (value === undefined) throw new SyntaxError(`${quote(input)} is not PCR:HEX`)
  return [pcr(number!), Buffer.from(value, 'hex')]
}

/** `KIND:NAME`, as `thymus tpm ek` shows it. */
export function pin(input: string): Pin {
  const [, kind, name] = /^([\w-]+):((?:[0-9a-f]{2}){22,66})$/.exec(input) ?? []
  const known = ENDORSEMENT_KINDS.find((each) => each === kind)
  if (known === undefined) throw new SyntaxError(`${quote(input)} is not KIND:NAME, as thymus tpm ek shows it`)
  return { kind: known, name: Buffer.from(name!, 'hex') }
}

export function nvIndex(input: string): number {
  const value = /^0x[0-9a-fA-F]{8}$/.test(input) ? Number(input) : 0
  if (value >>> 24 !== 0x01) throw new SyntaxError(`${quote(input)} is not an NV index, as 0x01800001`)
  return value
}

/** `file:PATH` or `env:NAME`: a password on the command line is everybody's. */
export function secretSource(input: string): string {
  if (!/^(file|env):./.test(input)) throw new SyntaxError(`${quote(input)} is not file:PATH or env:NAME`)
  return input
}
