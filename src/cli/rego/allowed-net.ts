// `--allow-net`: whom http.send may ask, and at which ports.
import { BlockingHttp } from '../../adapters/http/blocking.ts'
import { quote } from '../../core/quote.ts'
import type { HttpPort, HttpRequest, HttpResponse } from '../../lang/rego/builtins/http/port.ts'

export interface Allowed {
  readonly host: string
  /** Any where it is undefined. */
  readonly port: number | undefined
}

/** `host[:port],…`, an address of IPv6 in brackets. Throws SyntaxError. */
export function allowedNet(input: string): readonly Allowed[] {
  return input.split(',').map((each) => {
    const [, host, port] = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?$/i.exec(each) ?? []
    if (host === undefined || Number(port ?? 0) > 65_535) throw new SyntaxError(`${quote(each)} is not HOST or HOST:PORT`)
    return { host: host.toLowerCase(), port: port === undefined ? undefined : Number(port) }
  })
}

/** The way out for http.send; undefined where nobody may be asked. */
export function netOf(lists: readonly (readonly Allowed[])[] | undefined): HttpPort | undefined {
  const allowed = lists?.flat() ?? []
  return allowed.length === 0 ? undefined : new AllowedHttp(allowed)
}

class AllowedHttp implements HttpPort {
  readonly hosts: readonly string[]
  readonly #allowed: readonly Allowed[]
  readonly #http: BlockingHttp

  constructor(allowed: readonly Allowed[]) {
    this.#allowed = allowed
    this.hosts = allowed.map(({ host }) => host)
    this.#http = new BlockingHttp(this.hosts)
  }

  send(request: HttpRequest): HttpResponse {
    const { hostname, port, protocol } = new URL(request.url)
    const asked = port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port)
    if (!this.#allowed.some((each) => each.host === hostname && (each.port ?? asked) === asked)) {
      throw new Error(`disallowed port: ${asked}`)
    }
    return this.#http.send(request)
  }
}
