// The other end of server/api.ts: HTTP over the agent's Unix socket.
import { existsSync, statSync } from 'node:fs'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import type { Places } from '../agent/places.ts'
import { CODES, type Code, ThymusError } from '../core/errors.ts'
import { quote } from '../core/quote.ts'
import type {
  ApiError,
  ApplyRequest,
  ApplyResult,
  DiffResult,
  EventRecord,
  Explanation,
  FindingList,
  FlowSummary,
  PolicySummary,
  RememberedDecision,
  StartRequest,
  Status,
  WhyRequest,
  WhyResult,
  WorkloadSummary,
} from '../server/api.ts'
import type { WorkloadRef } from './parameters.ts'

/** The longest that any request takes: a table of the largest size is built and swapped in less. */
const SILENCE_MS = 120_000
/** An event holds at most a command line of 4 KiB, thrice escaped; a longer line is not an event. */
const MAX_LINE = 1 << 20
/** The agent of the machine, which an ordinary user may not ask. */
const ROOT_SOCKET = '/run/thymus/mind/api.sock'

export interface List<T> {
  readonly items: readonly T[]
}

/** Every method rejects with the ThymusError that the agent names, or AGENT_DOWN with the command that starts one. */
export class Client {
  readonly #at: Pick<Places, 'socket' | 'door' | 'user'>

  constructor(at: Pick<Places, 'socket' | 'door' | 'user'>) {
    this.#at = at
  }

  status(): Promise<Status> {
    return this.#ask('GET', '/v1/status')
  }

  apply(request: ApplyRequest): Promise<ApplyResult> {
    return this.#ask('POST', '/v1/policies', request)
  }

  confirm(): Promise<ApplyResult> {
    return this.#ask('POST', '/v1/policies/confirm', {})
  }

  rollback(): Promise<ApplyResult> {
    return this.#ask('POST', '/v1/policies/rollback', {})
  }

  policies(): Promise<List<PolicySummary>> {
    return this.#ask('GET', '/v1/policies')
  }

  deletePolicy(id: string): Promise<ApplyResult> {
    return this.#ask('DELETE', `/v1/policies/${inPath(id)}`)
  }

  why(request: WhyRequest): Promise<WhyResult> {
    return this.#ask('POST', '/v1/policies/why', request)
  }

  diff(request: ApplyRequest): Promise<DiffResult> {
    return this.#ask('POST', '/v1/policies/diff', request)
  }

  workloads(): Promise<List<WorkloadSummary>> {
    return this.#ask('GET', '/v1/workloads')
  }

  workload({ namespace, name }: WorkloadRef): Promise<WorkloadSummary> {
    return this.#ask('GET', `/v1/workloads/${inPath(`${namespace}/${name}`)}`)
  }

  startWorkload(request: StartRequest): Promise<WorkloadSummary> {
    return this.#ask('POST', '/v1/workloads', request)
  }

  async removeWorkload({ namespace, name }: WorkloadRef): Promise<void> {
    await this.#ask('DELETE', `/v1/workloads/${inPath(`${namespace}/${name}`)}`)
  }

  flows(): Promise<List<FlowSummary>> {
    return this.#ask('GET', '/v1/flows')
  }

  decisions(): Promise<List<RememberedDecision>> {
    return this.#ask('GET', '/v1/decisions')
  }

  findings(severity: string | undefined): Promise<FindingList> {
    return this.#ask('GET', `/v1/findings${query({ severity })}`)
  }

  explain(id: string): Promise<Explanation> {
    return this.#ask('GET', `/v1/explain/${inPath(id)}`)
  }

  async record(file: string | null): Promise<void> {
    await this.#ask('POST', '/v1/record', { file })
  }

  async down(purge: boolean): Promise<void> {
    await this.#ask('POST', '/v1/down', { purge })
  }

  /** What is remembered, and with `follow` what happens from then on, until the caller stops taking. */
  async *events(filter: { readonly type?: string; readonly workload?: string; readonly follow: boolean }): AsyncGenerator<EventRecord> {
    const { type, workload, follow } = filter
    const response = await this.#open('GET', `/v1/events${query({ type, workload, follow: follow ? '1' : undefined })}`, undefined, 0)
    if (response.statusCode !== 200) throw failureOf(response, await textOf(response))
    for await (const line of linesOf(response)) yield parse(line) as EventRecord
  }

  async #ask<T>(method: string, path: string, body?: object): Promise<T> {
    const response = await this.#open(method, path, body, SILENCE_MS)
    const text = await textOf(response)
    if (response.statusCode !== 200) throw failureOf(response, text)
    return parse(text) as T
  }

  #open(method: string, path: string, body: object | undefined, silence: number): Promise<IncomingMessage> {
    const { socket } = this.#at
    checkOwner(this.#at)
    const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body))
    const headers = bytes === undefined ? {} : { 'content-type': 'application/json', 'content-length': bytes.length }
    return new Promise((resolve, reject) => {
      const request = httpRequest({ socketPath: socket, method, path, headers, agent: false }, resolve)
      request.setTimeout(silence, () => request.destroy(new ThymusError('AGENT_DOWN', `the agent was silent for ${silence / 1000} s`)))
      request.on('error', (cause) => reject(cause instanceof ThymusError ? cause : unreachable(cause, socket)))
      request.end(bytes)
    })
  }
}

/** A folder in /tmp could be another user's, put there to be asked: neither told our policies nor believed. */
function checkOwner({ door, user }: Pick<Places, 'door' | 'user'>): void {
  const owner = statSync(door, { throwIfNoEntry: false })?.uid
  if (owner === undefined || owner === 0 || owner === user || owner === process.getuid!()) return
  throw new ThymusError('PRIVILEGE', `the folder of the agent belongs to user ${owner}`, { at: door })
}

function unreachable(cause: NodeJS.ErrnoException, socket: string): ThymusError {
  if (cause.code === 'EACCES' || cause.code === 'EPERM') {
    return new ThymusError('PRIVILEGE', 'this agent may not be asked by you; try sudo', { at: socket, cause })
  }
  if (cause.code === 'ENOENT' || cause.code === 'ECONNREFUSED') {
    const other = socket !== ROOT_SOCKET && process.getuid!() !== 0 && existsSync(ROOT_SOCKET)
    const hint = other ? 'start one of your own: thymus up; or ask that of root: sudo thymus' : 'start one: thymus up'
    return new ThymusError('AGENT_DOWN', `no agent answers; ${hint}`, { at: socket, cause })
  }
  return new ThymusError('AGENT_DOWN', `the agent ended before it had answered (${cause.code ?? cause.message})`, { at: socket, cause })
}

/** The error of the agent as it was thrown there. */
function failureOf(response: IncomingMessage, text: string): ThymusError {
  let error: Partial<ApiError> = {}
  try {
    error = JSON.parse(text) as Partial<ApiError>
  } catch {
    // No agent of ours wrote this; the status says what there is to say.
  }
  const { code, message, at } = error
  if (typeof code !== 'string' || !Object.hasOwn(CODES, code) || typeof message !== 'string') {
    return new ThymusError('INTERNAL', `the agent answered with status ${response.statusCode} and no reason`)
  }
  return new ThymusError(code as Code, message, typeof at === 'string' ? { at } : {})
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of endless(response)) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

async function* linesOf(response: IncomingMessage): AsyncGenerator<string> {
  let rest = Buffer.alloc(0)
  for await (const chunk of endless(response)) {
    let from = 0
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      const line = Buffer.concat([rest, chunk.subarray(from, end)])
      rest = Buffer.alloc(0)
      from = end + 1
      if (line.length > 0) yield line.toString()
    }
    rest = Buffer.concat([rest, chunk.subarray(from)])
    if (rest.length > MAX_LINE) throw new ThymusError('INTERNAL', `the agent sent a line of more than ${MAX_LINE} bytes`)
  }
  if (rest.length > 0) yield rest.toString()
}

/** The chunks of a body; one that is cut off is an agent that ended. */
async function* endless(response: IncomingMessage): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of response) yield chunk as Buffer
  } catch (cause) {
    throw new ThymusError('AGENT_DOWN', 'the agent ended before it had answered', { cause })
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ThymusError('INTERNAL', 'the agent answered with something that is not JSON', { cause })
  }
}

/** An identifier as part of a path: its slashes part it, and it cannot climb. */
function inPath(id: string): string {
  const parts = id.split('/')
  if (parts.some((part) => part === '' || part === '.' || part === '..'))
    throw new ThymusError('USAGE', `${quote(id)} is not an identifier`)
  return parts.map(encodeURIComponent).join('/')
}

function query(values: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`
}
