import { z } from 'zod'
import { ThymusError } from '../../core/errors.ts'

/** RFC 3339. */
export const time = z.iso.datetime({ offset: true })

/** Whether milliseconds since 1970 are a time of the years 0 to 9999. */
export function isTime(milliseconds: number): boolean {
  const year = new Date(milliseconds).getUTCFullYear()
  return year >= 0 && year <= 9999
}

/** Of milliseconds since 1970. @throws ThymusError FORMAT for what is no time of the years 0 to 9999 */
export function timeText(milliseconds: number): string {
  if (!isTime(milliseconds)) throw new ThymusError('FORMAT', `${milliseconds} ms since 1970 is no time`)
  return new Date(milliseconds).toISOString()
}
