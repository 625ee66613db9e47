import { ZONE_NAMES } from './zone-names.table.ts'

interface Era {
  /** Seconds since 1970. */
  readonly since: number
  readonly names: ReadonlyMap<number, string>
}

const known = new Map<string, readonly Era[]>()

/** What a zone is called at a second since 1970 in which it is `offset` seconds east of Greenwich: `CET`, or `+03` where it has no name. */
export function abbreviation(zone: string, second: number, offset: number): string {
  if (zone === 'UTC') return 'UTC'
  const eras = known.get(zone) ?? read(zone)
  known.set(zone, eras)
  return eras.findLast(({ since }) => since <= second)?.names.get(offset) ?? asNumber(offset)
}

function read(zone: string): readonly Era[] {
  const [eras] = ZONE_NAMES.find(([, zones]) => zones.split(' ').includes(zone)) ?? ['']
  return eras
    .split(';')
    .slice(0, -1)
    .map((era) => {
      const [since, ...names] = era.split(' ')
      const pairs = names.map((pair) => pair.split('=') as [string, string])
      return {
        since: since === '' ? -Infinity : Number(since!.slice(1)),
        names: new Map(pairs.map(([offset, name]) => [Number(offset), name])),
      }
    })
}

function asNumber(offset: number): string {
  const two = (value: number) => String(value).padStart(2, '0')
  const size = Math.abs(offset)
  return `${offset < 0 ? '-' : '+'}${two(Math.floor(size / 3600))}${size % 3600 === 0 ? '' : two(Math.floor(size / 60) % 60)}`
}
