// The control entry of the kernel: which generation and which epoch are in force, for which ABI, and the ports that are never cut.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ThymusError } from '../../../core/errors.ts'
import { type Control, encodeControl, SIZE } from './layout.gen.ts'
import { KernelMap, u32Key } from './map.ts'

export interface Failsafe {
  readonly port: number
  readonly protocol: number
  readonly inbound: boolean
}

/** kernel/rule.h MAX_FAILSAFE. */
const MAX_FAILSAFE = 16

export const controlPin = (pins: string) => join(pins, 'control')

/** The control entry that is in force, if there is one. A map of another size is of another ABI. */
export function presentControl(pins: string): Control | undefined {
  if (!existsSync(controlPin(pins))) return undefined
  const map = KernelMap.pinned(controlPin(pins))
  try {
    if (map.shape.valueSize !== SIZE.control) return { generation: 0, epoch: 0, abi: 0, failsafe: [] }
    const value = map.lookup(u32Key(0))!
    const failsafe = Array.from({ length: MAX_FAILSAFE }, (_, index) => 16 + index * SIZE.failsafe_port).map((at) => ({
      port: value.readUInt16BE(at),
      protocol: value.readUInt8(at + 2),
      inbound: value.readUInt8(at + 3),
    }))
    return { generation: Number(value.readBigUInt64LE(0)), epoch: value.readUInt32LE(8), abi: value.readUInt32LE(12), failsafe }
  } finally {
    map.close()
  }
}

/** Takes effect at once and whole. */
export function writeControl(map: KernelMap, control: Control): void {
  const value = Buffer.alloc(SIZE.control)
  encodeControl(value, 0, control)
  map.update(u32Key(0), value)
}

/** @throws ThymusError POLICY_LIMIT */
export function failsafeEntries(ports: readonly Failsafe[]): Control['failsafe'] {
  if (ports.length > MAX_FAILSAFE) throw new ThymusError('POLICY_LIMIT', `${ports.length} failsafe ports, at most ${MAX_FAILSAFE}`)
  return ports.map(({ port, protocol, inbound }) => ({ port, protocol, inbound: inbound ? 1 : 0 }))
}
