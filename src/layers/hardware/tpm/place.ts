// Where a TPM is: a device of the kernel, or the socket of an emulator.
import { quote } from '../../../core/quote.ts'

export type Place =
  | { readonly kind: 'device'; readonly path: string }
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }

/** `PATH`, `unix:PATH` or `swtpm:HOST:PORT`. @throws SyntaxError for other text */
export function readPlace(text: string): Place {
  if (text.startsWith('/')) return { kind: 'device', path: text }
  if (text.startsWith('unix:/')) return { kind: 'unix', path: text.slice('unix:'.length) }
  const [, host, port] = /^swtpm:\[?([\w.:-]+?)\]?:(\d{1,5})$/.exec(text) ?? []
  if (host !== undefined && Number(port) > 0 && Number(port) < 65_536) return { kind: 'tcp', host, port: Number(port) }
  throw new SyntaxError(`${quote(text)} is not a path as /dev/tpmrm0, unix:/PATH or swtpm:HOST:PORT`)
}

export function placeText(place: Place): string {
  if (place.kind === 'tcp') return `swtpm:${place.host}:${place.port}`
  return place.kind === 'unix' ? `unix:${place.path}` : place.path
}
