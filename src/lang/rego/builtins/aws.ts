import { createHash, createHmac } from 'node:crypto'
import { ThymusError } from '../../../core/errors.ts'
import { escapedPath, readUrl, type Url } from '../../../formats/url.ts'
import type { Builtin } from '../codegen/runtime.ts'
import { BuiltinError } from '../errors.ts'
import { compareStrings } from '../values/order.ts'
import { printJson } from '../values/text.ts'
import { RegoObject, type Value } from '../values/value.ts'
import { toBytes } from './bytes.ts'
import { requestOperand } from './http/operand.ts'
import { int64 } from './int64.ts'
import { number, object } from './operands.ts'

/** Requests to AWS, signed (Signature Version 4). */
export const AWS: Readonly<Record<string, Builtin>> = {
  'providers.aws.sign_req': (runtime, request, config, time) => {
    const credentials = readConfig(object(config, 2))
    const nanoseconds = int64(number(time, 3))
    if (nanoseconds === undefined) throw fault(3, 'could not convert time_ns value into a unix timestamp')
    const wanted = requestOperand(request, 1)
    const [url, method] = [wanted.get('url'), wanted.get('method')]
    if (typeof url !== 'string' || typeof method !== 'string') throw fault(1, 'invalid values for required request parameters(s)')
    const headers = readHeaders(wanted.get('headers'))
    const body = bodyOf(wanted)
    runtime.charge(body.length >> 4)
    const signed = sign({ url: parse(url), method, headers, body }, credentials, nanoseconds)
    const all = wanted.copy()
    all.set('headers', signed)
    return all
  },
}

interface Request {
  readonly url: Url
  readonly method: string
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

interface Config {
  readonly service: string
  readonly accessKey: string
  readonly secretKey: string
  readonly region: string
  readonly sessionToken: string
  readonly signBody: boolean
}

/** What a proxy on the way may change. */
const UNSIGNED: ReadonlySet<string> = new Set(['authorization', 'user-agent', 'x-amzn-trace-id'])

/** The headers of the request, with those that AWS wants and the signature. */
function sign({ url, method, headers, body }: Request, config: Config, nanoseconds: bigint): RegoObject {
  const { service, region, secretKey, accessKey, sessionToken, signBody } = config
  // Nanoseconds before 1970 belong to the second before, too.
  const seconds = (nanoseconds - (((nanoseconds % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n)) / 1_000_000_000n
  const time = new Date(Number(seconds) * 1_000).toISOString().replace(/[-:]|\.\d+/g, '')
  const date = time.slice(0, 8)
  const content = signBody ? sha256(body) : 'UNSIGNED-PAYLOAD'
  const own = new Map([
    ['host', Buffer.from(url.host, 'latin1').toString('utf8')],
    ['x-amz-date', time],
    ...(service === 's3' || service === 'glacier' ? [['x-amz-content-sha256', content] as const] : []),
    ...(sessionToken === '' ? [] : [['x-amz-security-token', sessionToken] as const]),
  ])
  const signed = new Map(own)
  for (const [name, value] of headers) if (!UNSIGNED.has(name.toLowerCase())) signed.set(name.toLowerCase(), value)
  const names = [...signed.keys()].sort(compareStrings)
  const lines = names.map((name) => `${name}:${signed.get(name)}\n`).join('')
  const path = Buffer.from(escapedPath(url), 'latin1')
  const query = Buffer.from(url.rawQuery, 'latin1').toString('utf8')
  const canonical = `${method}\n${path}\n${query}\n${lines}\n${names.join(';')}\n${content}`
  const scope = `${date}/${region}/${service}/aws4_request`
  const key = [region, service, 'aws4_request'].reduce((last, part) => hmac(last, part), hmac(`AWS4${secretKey}`, date))
  const signature = hmac(key, `AWS4-HMAC-SHA256\n${time}\n${scope}\n${sha256(canonical)}`).toString('hex')
  const authorization = `AWS4-HMAC-SHA256 Credential=${accessKey}/${scope},SignedHeaders=${names.join(';')},Signature=${signature}`
  return RegoObject.of([...headers, ['Authorization', authorization], ...own])
}

const sha256 = (text: string) => createHash('sha256').update(toBytes(text)).digest('hex')
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(toBytes(text)).digest()

function readConfig(config: RegoObject): Config {
  const required = ['aws_service', 'aws_access_key', 'aws_secret_access_key', 'aws_region'].map((name) => {
    const value = config.get(name)
    if (value === undefined) throw fault(2, `missing required AWS config parameters(s): {"${name}"}`)
    if (typeof value !== 'string') throw fault(2, `invalid values for required AWS config parameters(s): {"${name}"}`)
    return value
  })
  const [service, accessKey, secretKey, region] = required as [string, string, string, string]
  const unsigned = config.get('disable_payload_signing') ?? false
  if (typeof unsigned !== 'boolean') throw fault(2, "invalid value for 'disable_payload_signing' in AWS config")
  const token = config.get('aws_session_token')
  return { service, accessKey, secretKey, region, sessionToken: typeof token === 'string' ? token : '', signBody: !unsigned }
}

/** What is no text is empty. */
function readHeaders(headers: Value | undefined): ReadonlyMap<string, string> {
  if (headers === undefined) return new Map()
  const text = (value: Value) => (typeof value === 'string' ? value : '')
  return new Map(
    object(headers, 1)
      .entries()
      .map(([name, value]) => [text(name), text(value)]),
  )
}

function bodyOf(request: RegoObject): string {
  const raw = request.get('raw_body')
  if (raw !== undefined) return typeof raw === 'string' ? raw : ''
  const body = request.get('body')
  return body === undefined ? '' : printJson(body)
}

function parse(url: string): Url {
  try {
    return readUrl(toBytes(url).toString('latin1'))
  } catch (error) {
    if (error instanceof ThymusError) throw new BuiltinError(error.message)
    throw error
  }
}

const fault = (at: number, message: string) => new BuiltinError(`operand ${at} ${message}`, 'eval_type_error')
