// Words of the command line → values. Each parser throws what is wrong in a few words; the caller says of which flag.
import { dnsLabelProblem, labelKeyProblem, labelValueProblem, subdomainProblem } from '../core/label-syntax.ts'
import type { Protocol } from '../core/policy.ts'
import { quote } from '../core/quote.ts'

const UNITS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600 }

/** `KEY=VALUE`, as Kubernetes takes it; the value may be empty. */
export function label(input: string): readonly [key: string, value: string] {
  const equals = input.indexOf('=')
  if (equals < 0) throw new SyntaxError(`${quote(input)} is not KEY=VALUE`)
  const [key, value] = [input.slice(0, equals), input.slice(equals + 1)]
  const keyProblem = labelKeyProblem(key)
  if (keyProblem !== undefined) throw new SyntaxError(`the key ${quote(key)} ${keyProblem}`)
  const valueProblem = labelValueProblem(value)
  if (valueProblem !== undefined) throw new SyntaxError(`the value ${quote(value)} ${valueProblem}`)
  return [key, value]
}

/** `NAME=VALUE`; the value may be empty, the name may not. */
export function assignment(input: string): readonly [name: string, value: string] {
  const equals = input.indexOf('=')
  if (equals < 1) throw new SyntaxError(`${quote(input)} is not NAME=VALUE`)
  return [input.slice(0, equals), input.slice(equals + 1)]
}

/** A time with its unit, e.g. `60s`, `500ms`, `5m`, `1h` → seconds. */
export function duration(input: string): number {
  const [, amount, unit] = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h)$/.exec(input) ?? []
  const seconds = Number(amount) * (UNITS[unit ?? ''] ?? Number.NaN)
  if (!(seconds > 0)) throw new SyntaxError(`${quote(input)} is not a time such as 60s, 5m or 1h`)
  return seconds
}

export function port(input: string): number {
  const value = /^\d{1,5}$/.test(input) ? Number(input) : Number.NaN
  if (!(value >= 0 && value <= 65_535)) throw new SyntaxError(`${quote(input)} is not a port from 0 to 65535`)
  return value
}

/** A number from `least` to `most`, decimal. */
export const whole =
  (least: number, most: number) =>
  (input: string): number => {
    const value = /^\d{1,10}$/.test(input) ? Number(input) : Number.NaN
    if (!(value >= least && value <= most)) throw new SyntaxError(`${quote(input)} is not a number from ${least} to ${most}`)
    return value
  }

export function protocol(input: string): Protocol {
  const name = input.toUpperCase()
  if (name !== 'TCP' && name !== 'UDP' && name !== 'SCTP') throw new SyntaxError(`${quote(input)} is not TCP, UDP or SCTP`)
  return name
}

export function workloadName(input: string): string {
  const problem = subdomainProblem(input)
  if (problem !== undefined) throw new SyntaxError(`${quote(input)} ${problem}`)
  return input
}

export function namespaceName(input: string): string {
  const problem = dnsLabelProblem(input)
  if (problem !== undefined) throw new SyntaxError(`${quote(input)} ${problem}`)
  return input
}

export interface WorkloadRef {
  readonly namespace: string
  readonly name: string
}

/** `NAME`, in the namespace `default`, or `NAMESPACE/NAME`. */
export function workloadRef(input: string): WorkloadRef {
  const slash = input.indexOf('/')
  if (slash < 0) return { namespace: 'default', name: workloadName(input) }
  return { namespace: namespaceName(input.slice(0, slash)), name: workloadName(input.slice(slash + 1)) }
}

export function absolutePath(input: string): string {
  if (!input.startsWith('/')) throw new SyntaxError(`${quote(input)} is not an absolute path`)
  return input
}

/** Anything but nothing. */
export function text(input: string): string {
  if (input === '') throw new SyntaxError('is empty')
  return input
}

/** RFC 3339 → milliseconds since 1970. */
export function instant(input: string): number {
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(input) ? Date.parse(input) : Number.NaN
  if (Number.isNaN(at)) throw new SyntaxError(`${quote(input)} is not a time such as 2026-11-28T09:30:00Z`)
  return at
}

/** 8 to 32 bytes in hexadecimal: EAT asks for eight, and no TPM refuses 32. */
export function nonce(input: string): Buffer {
  if (!/^([0-9a-fA-F]{2}){8,32}$/.test(input)) throw new SyntaxError(`${quote(input)} is not 8 to 32 bytes in hexadecimal`)
  return Buffer.from(input, 'hex')
}

/** A PCR that a program may extend and nobody may reset. */
export function runPcr(input: string): number {
  const pcr = /^\d{1,2}$/.test(input) ? Number(input) : Number.NaN
  if (!(pcr >= 8 && pcr <= 15)) throw new SyntaxError(`${quote(input)} is no PCR from 8 to 15`)
  return pcr
}
