const NANOSECONDS: Readonly<Record<string, number>> = { ns: 1, µs: 1e3, us: 1e3, ms: 1e6, s: 1e9, m: 6e10, h: 3.6e12 }

/** Nanoseconds of what Go writes for a duration: `1m2.5s`, `26.281347ms`. @throws RangeError for other text */
export function goDuration(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|µs|us|ms|s|m|h)/g)]
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text) throw new RangeError(`${text} is no duration`)
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * NANOSECONDS[unit!]!, 0)
}
