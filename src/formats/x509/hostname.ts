import { readIp } from '../ip.ts'
import type { SubjectNames } from './general-names.ts'

/** Whether a certificate is for `host` (RFC 6125): an IP address, in brackets or not, by its addresses, and else by its DNS names alone. */
export function matchesHost(names: SubjectNames, host: string): boolean {
  const ip = readIp(/^\[.+\]$/s.test(host) ? host.slice(1, -1) : host)
  if (ip !== undefined) return names.ips.some((each) => canonical(each).equals(canonical(ip)))
  const wanted = lower(host)
  const labels = wanted.replace(/\.$/, '').split('.')
  return names.dns.some((name) => {
    if (isHost(wanted.replace(/\.$/, ''), false) && isHost(name, true)) return matches(lower(name).split('.'), labels)
    return name !== '' && name !== '.' && wanted !== '.' && lower(name) === wanted
  })
}

function matches(pattern: readonly string[], labels: readonly string[]): boolean {
  return pattern.length === labels.length && pattern.every((label, at) => (at === 0 && label === '*') || label === labels[at])
}

/** A pattern may have an asterisk as its first label, but not alone. */
function isHost(name: string, isPattern: boolean): boolean {
  return (
    name !== '*' && name.split('.').every((label, at) => (isPattern && at === 0 && label === '*') || /^[a-zA-Z0-9_][\w-]*$/.test(label))
  )
}

const lower = (name: string) => name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())

/** IPv4 within IPv6 is IPv4. */
function canonical(ip: Buffer): Buffer {
  return ip.length === 16 && ip.subarray(0, 12).toString('hex') === '00000000000000000000ffff' ? ip.subarray(12) : ip
}
