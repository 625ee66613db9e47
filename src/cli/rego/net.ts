// The way out of a policy that is asked on the command line.
import { BlockingHttp } from '../../adapters/http/blocking.ts'
import type { HttpPort, HttpRequest, HttpResponse } from '../../lang/rego/builtins/http/port.ts'
import type { Allowed } from './allowed-net.ts'

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
