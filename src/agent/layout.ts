import { createHash } from 'node:crypto'
import { SIZE } from '../adapters/linux/bpf/layout.gen.ts'

/** SHA-256 of the sizes of all that the kernel writes: who stores raw events says by it how to read them. */
export const LAYOUT: Buffer = createHash('sha256').update(JSON.stringify(SIZE)).digest()
