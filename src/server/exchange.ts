// A request and its answer, apart from how they came over the wire.

export interface Asked {
  readonly method: string
  /** Path and query as they came: whether a slash was escaped decides what is asked for. */
  readonly target: string
  /** By name in lower case, each with its values in order. */
  readonly headers: ReadonlyMap<string, readonly string[]>
  readonly body: Buffer
  /** `address:port`; empty over a Unix socket. */
  readonly from: string
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const JSON_TYPE = { 'Content-Type': 'application/json' }
const TEXT_TYPE = { 'Content-Type': 'text/plain; charset=utf-8' }

/** A JSON document and the line end that Go's encoder puts behind it. */
export const json = (body: string, status = 200): Answer => ({ status, headers: JSON_TYPE, body: `${body}\n` })
export const plain = (status: number, body: string, headers: Readonly<Record<string, string>> = {}): Answer => ({
  status,
  headers: { ...TEXT_TYPE, ...headers },
  body,
})
export const empty = (status: number): Answer => ({ status, headers: {}, body: '' })

export const header = ({ headers }: Asked, name: string): string => headers.get(name)?.[0] ?? ''
