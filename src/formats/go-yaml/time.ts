const TIME = /^(\d{4})-(\d{1,2})-(\d{1,2})(?:([Tt]| +)(\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,](\d+))?(Z|[-+]\d{2}:\d{2})?)?$/

/** The time that a text is for Go's yaml libraries, as Go's JSON writes it (RFC 3339); undefined for a text that is none. */
export function readTime(text: string): string | undefined {
  const found = TIME.exec(text)
  if (found === null) return undefined
  const [, year, month, day, gap = ' ', hour = '0', minute = '0', second = '0', fraction = '', zone] = found
  // A zone is said behind a T, and nowhere else.
  if (gap.startsWith(' ') !== (zone === undefined)) return undefined
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined
  const date = `${year}-${two(month!)}-${two(day!)}`
  const midnight = new Date(`${date}T00:00:00Z`)
  if (Number.isNaN(midnight.getTime()) || midnight.getUTCDate() !== Number(day)) return undefined
  const offset = zone === undefined || zone === 'Z' ? 'Z' : offsetOf(zone)
  if (offset === undefined) return undefined
  const nanoseconds = fraction.slice(0, 9).replace(/0+$/, '')
  return `${date}T${two(hour)}:${two(minute)}:${two(second)}${nanoseconds === '' ? '' : `.${nanoseconds}`}${offset}`
}

/** Go takes 24 hours and 60 minutes too. */
function offsetOf(zone: string): string | undefined {
  const [hours, minutes] = [Number(zone.slice(1, 3)), Number(zone.slice(4))]
  if (hours > 24 || minutes > 60) return undefined
  const all = hours * 60 + minutes
  return all === 0 ? 'Z' : `${zone[0]}${two(String(Math.floor(all / 60)))}:${two(String(all % 60))}`
}

const two = (part: string) => part.padStart(2, '0')
