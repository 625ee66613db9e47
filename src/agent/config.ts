// What an operator sets for the whole agent: /etc/thymus/config.json, or the file that THYMUS_CONFIG names. JSON, because the guard reads
// it and parses no YAML. Root writes it; unknown fields are refused all the same.
import { readFileSync } from 'node:fs'
import { ThymusError } from '../core/errors.ts'

export interface FailsafePort {
  readonly port: number
  /** IP protocol number. */
  readonly protocol: number
  readonly inbound: boolean
}

export interface Config {
  /** Ports that are never cut, whatever policy says. */
  readonly failsafe: readonly FailsafePort[]
  /** Where the socket programs are attached: to our own and adopted groups, or to the root of the hierarchy. */
  readonly enforceRoot: 'managed' | 'host'
}

/** The way in for who has to mend it, and the node's own address (DHCP). */
export const DEFAULTS: Config = {
  failsafe: [
    { port: 22, protocol: 6, inbound: true },
    { port: 68, protocol: 17, inbound: true },
    { port: 67, protocol: 17, inbound: false },
  ],
  enforceRoot: 'managed',
}

const PROTOCOLS: Readonly<Record<string, number>> = { TCP: 6, UDP: 17 }
/** kernel/rule.h MAX_FAILSAFE. */
const MAX_FAILSAFE = 16

/** The settings of a file, or the defaults where there is none. @throws ThymusError CONFIG naming file and field */
export function readConfig(path: string = process.env.THYMUS_CONFIG ?? '/etc/thymus/config.json'): Config {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' && process.env.THYMUS_CONFIG === undefined) return DEFAULTS
    throw new ThymusError('CONFIG', 'it cannot be read', { at: path, cause: error })
  }
  return parseConfig(text, path)
}

/** `{"failsafe": [{"port": 22, "protocol": "TCP", "direction": "in"}], "enforceRoot": "host"}`; what is left out is the default. */
export function parseConfig(text: string, path: string): Config {
  const wrong = (field: string, what: string) => new ThymusError('CONFIG', `${field}: ${what}`, { at: path })
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new ThymusError('CONFIG', 'it is no JSON', { at: path, cause })
  }
  const { failsafe, enforceRoot = DEFAULTS.enforceRoot, ...rest } = objectOf(value, () => wrong('file', 'it holds no object'))
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined) throw wrong(unknown, 'there is no such setting')
  if (enforceRoot !== 'managed' && enforceRoot !== 'host') throw wrong('enforceRoot', 'it is "managed" or "host"')
  if (failsafe === undefined) return { failsafe: DEFAULTS.failsafe, enforceRoot }
  if (!Array.isArray(failsafe) || failsafe.length > MAX_FAILSAFE) throw wrong('failsafe', `it is a list of at most ${MAX_FAILSAFE} ports`)
  return { enforceRoot, failsafe: failsafe.map((entry: unknown, at) => portOf(entry, (what) => wrong(`failsafe[${at}]`, what))) }
}

function portOf(value: unknown, wrong: (what: string) => ThymusError): FailsafePort {
  const { port, protocol, direction, ...rest } = objectOf(value, () => wrong('it is no object'))
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined) throw wrong(`there is no field ${JSON.stringify(unknown).slice(0, 64)}`)
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 1 || port > 65_535) throw wrong('port is a number from 1 to 65535')
  if (typeof protocol !== 'string' || !Object.hasOwn(PROTOCOLS, protocol)) throw wrong('protocol is "TCP" or "UDP"')
  if (direction !== 'in' && direction !== 'out') throw wrong('direction is "in" or "out"')
  return { port, protocol: PROTOCOLS[protocol]!, inbound: direction === 'in' }
}

function objectOf(value: unknown, wrong: () => ThymusError): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong()
  return value as Record<string, unknown>
}
