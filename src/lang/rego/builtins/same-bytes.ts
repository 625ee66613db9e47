import { timingSafeEqual } from 'node:crypto'

/** In a time that does not tell where they differ. */
export const sameBytes = (a: Buffer, b: Buffer) => a.length === b.length && timingSafeEqual(a, b)
