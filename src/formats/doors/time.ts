import { z } from 'zod'
import { ThymusError } from '../../core/errors.ts'

/** RFC 3339. */
export const time = z.iso.datetime({ offset: true })

/** Of milliseconds since 1970. @throws ThymusError FORMAT for what is no time of the years 0 to 9999 */
export function timeText(milliseconds: number): string {
  const date = new Date(milliseconds)
  const year = date.getUTCFullYear()
  if (!(year >= 0 && year <= 9999)) throw new ThymusError('FORMAT', `${milliseconds} ms since 1970 is no time`)
  return date.toISOString()
}
