// Whether what a TPM says of its own age has gone back since it was last heard.
import { checked } from '../../../../core/appraisal.ts'
import { type Check, FAIL, PASS, unknown, type Verdict } from '../../../../core/verdict.ts'
import type { Attest } from '../abi/attest.ts'
import { TPM_CHECKS } from '../checks.ts'

/** What was last heard of the TPM, from the same key. */
export type Heard = Pick<Attest, 'clockInfo' | 'firmwareVersion'>

const CODES = ['TPM_RESET_COUNT', 'TPM_RESTART_COUNT', 'TPM_CLOCK', 'TPM_FIRMWARE_VERSION'] as const
const FIRST_HEARD = CODES.map((code) => checked(TPM_CHECKS, code, unknown('FIRST_HEARD', 'nothing was heard of this key before')))

/** A clock that is not safe may lag behind what it once showed by as much as it is saved apart (part 1, 36.3.2): 2^22 ms. */
const UNSAFE_LAG = 1n << 22n

/**
 * A key outside of the endorsement and platform hierarchies sees counts and version with a constant of its own added (part 2, 10.12.8): they
 * are compared by their distance, which is forward if it is less than half of their range.
 */
export function clockChecks({ clockInfo, firmwareVersion }: Heard, before: Heard | undefined): readonly Check[] {
  if (before === undefined) return FIRST_HEARD
  const { clockInfo: old } = before
  const resets = forward(clockInfo.resetCount, old.resetCount)
  const restarts = forward(clockInfo.restartCount, old.restartCount)
  const lag = old.clock - clockInfo.clock
  const verdicts: Readonly<Record<(typeof CODES)[number], readonly [Verdict, unknown, unknown]>> = {
    TPM_RESET_COUNT: [is(resets >= 0n), old.resetCount, clockInfo.resetCount],
    TPM_RESTART_COUNT: [is(resets !== 0n || restarts >= 0n), old.restartCount, clockInfo.restartCount],
    TPM_CLOCK: [is(lag <= (resets > 0n && !clockInfo.safe ? UNSAFE_LAG : 0n)), old.clock, clockInfo.clock],
    TPM_FIRMWARE_VERSION: [is(forward(firmwareVersion, before.firmwareVersion, 64) >= 0n), before.firmwareVersion, firmwareVersion],
  }
  return CODES.map((code) => {
    const [verdict, expected, got] = verdicts[code]
    return checked(TPM_CHECKS, code, verdict, { expected: `at least ${expected}`, got: `${got}` })
  })
}

const is = (right: boolean): Verdict => (right ? PASS : FAIL)
const forward = (now: number | bigint, before: number | bigint, bits = 32) => BigInt.asIntN(bits, BigInt(now) - BigInt(before))
