import { ThymusError } from '../../core/errors.ts'

/** Both ends included. */
export type PortRange = readonly [first: number, last: number]

const SCOPES = ['abstract-sockets', 'signals'] as const
export type Scope = (typeof SCOPES)[number]

const CALL_SETS = ['fileless', 'network', 'kernel'] as const
/** Sets of system calls that are refused; seccomp/filters.ts says which and why. */
export type CallSet = (typeof CALL_SETS)[number]

/**
 * What a process forbids itself before it becomes a command. A list that is left out leaves everything free; an empty one allows nothing.
 * A path that ends with `/` is a folder and all below it, any other is one file. Of the executable ones and their exceptions the narrowest decides.
 */
export interface Confinement {
  readonly readable?: readonly string[]
  /** May be read too. */
  readonly writable?: readonly string[]
  /** May be read too. Real paths: one that leads through a symbolic link grants nothing. */
  readonly executable?: readonly string[]
  readonly notExecutable?: readonly string[]
  readonly tcpConnect?: readonly PortRange[]
  readonly tcpBind?: readonly PortRange[]
  /** What may not reach processes outside. */
  readonly scope: readonly Scope[]
  readonly systemCalls: readonly CallSet[]
  /** Descriptors that the command inherits beside 0, 1 and 2. */
  readonly descriptors: readonly number[]
  /** Codes of the checks that may stay unknown. Whoever fills this in has told somebody. */
  readonly accepts: readonly string[]
}

export const UNCONFINED: Confinement = { scope: [], systemCalls: [], descriptors: [], accepts: [] }

/** More than the files of any system folder; the kernel would take more. */
const MAX_ITEMS = 65_536
/** PATH_MAX, less its NUL. */
const MAX_PATH = 4095
const MAX_PORT = 0xffff
/** Above the kernel's largest fs.nr_open default. */
const MAX_DESCRIPTOR = 1 << 20

/** @throws ThymusError USAGE that names the field */
export function parseConfinement(text: string): Confinement {
  const given = objectOf(text)
  const taken: { -readonly [Field in keyof Confinement]: Confinement[Field] } = { ...UNCONFINED }
  for (const [field, value] of Object.entries(given)) {
    if (!Object.hasOwn(FIELDS, field)) throw wrong(field, 'is no field of a confinement')
    if (!Array.isArray(value) || value.length > MAX_ITEMS) throw wrong(field, `is no list of at most ${MAX_ITEMS} items`)
    const [isItem, what] = FIELDS[field as keyof Confinement]
    for (const [index, item] of value.entries()) {
      if (!isItem(item)) throw wrong(`${field}[${index}]`, `is not ${what}`)
    }
    Object.assign(taken, { [field]: value })
  }
  if (taken.notExecutable !== undefined && taken.executable === undefined) throw wrong('notExecutable', 'needs executable beside it')
  return taken
}

type Test = readonly [isItem: (item: unknown) => boolean, what: string]

const PATH: Test = [isPath, 'an absolute path without ".", ".." or empty parts']
const RANGE: Test = [isRange, 'a range of ports, [first, last]']
const FIELDS: Readonly<Record<keyof Confinement, Test>> = {
  readable: PATH,
  writable: PATH,
  executable: PATH,
  notExecutable: PATH,
  tcpConnect: RANGE,
  tcpBind: RANGE,
  scope: [(item) => SCOPES.some((scope) => scope === item), `one of ${SCOPES.join(', ')}`],
  systemCalls: [(item) => CALL_SETS.some((set) => set === item), `one of ${CALL_SETS.join(', ')}`],
  descriptors: [(item) => isNumber(item, 3, MAX_DESCRIPTOR), 'the number of a descriptor above 2'],
  accepts: [(item) => typeof item === 'string' && /^[A-Z_]{1,64}$/.test(item), 'a code'],
}

function objectOf(text: string): object {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new ThymusError('USAGE', 'the confinement is not JSON', { cause })
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  throw new ThymusError('USAGE', 'the confinement is not an object')
}

function isPath(item: unknown): boolean {
  if (typeof item !== 'string' || !item.startsWith('/') || item.includes('\0') || Buffer.byteLength(item) > MAX_PATH) return false
  const parts = item.slice(1).split('/')
  if (parts.at(-1) === '') parts.pop()
  return parts.every((part) => part !== '' && part !== '.' && part !== '..')
}

function isRange(item: unknown): boolean {
  if (!Array.isArray(item) || item.length !== 2) return false
  const [first, last] = item
  return isNumber(first, 0, MAX_PORT) && isNumber(last, first, MAX_PORT)
}

function isNumber(item: unknown, least: number, most: number): item is number {
  return typeof item === 'number' && Number.isInteger(item) && item >= least && item <= most
}

function wrong(field: string, problem: string): ThymusError {
  return new ThymusError('USAGE', `confinement: ${JSON.stringify(field.slice(0, 64))} ${problem}`)
}
