import { existsSync } from 'node:fs'
import type { Place } from '../../../layers/hardware/tpm/place.ts'

/** The resource manager's: each program has the TPM to itself, and what it leaves behind goes with it. */
const MANAGED = '/dev/tpmrm0'
const RAW = '/dev/tpm0'

/** That of this machine. */
export function defaultPlace(): Place {
  return { kind: 'device', path: !existsSync(MANAGED) && existsSync(RAW) ? RAW : MANAGED }
}
