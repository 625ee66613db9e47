// `--allow-net`: whom http.send may ask, and at which ports.
import { quote } from '../../core/quote.ts'

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
