import { ThymusError } from '../../core/errors.ts'
import type { OutputFlags } from '../output.ts'

export async function replay(_flags: OutputFlags, _file: string): Promise<number> {
  throw new ThymusError('INTERNAL', 'replaying is not built yet')
}
