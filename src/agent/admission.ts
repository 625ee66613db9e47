import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { FAIL, PASS, unknown, type Verdict } from '../core/verdict.ts'
import { NODE } from './confined-command.ts'

/** It takes a third of a second; on an emulated processor ten times that. */
const PROBE_MS = 15_000
/** What the probe ends with where the engine decided wrongly; Node itself never does. */
const WRONG = 42

/** Whether the admission engine decides here as it should. The probe is confined as whoever starts it. */
export function tryAdmission(program = join(import.meta.dirname, 'admission-probe.ts')): Promise<Verdict> {
  return new Promise((resolve) => {
    execFile(NODE[0]!, [...NODE.slice(1), program], { timeout: PROBE_MS, killSignal: 'SIGKILL' }, (error, _, stderr) => {
      if (error === null) resolve(PASS)
      else if (error.code === WRONG) resolve(FAIL)
      else if (error.killed) resolve(unknown('PROBE_LATE', 'the engine did not answer in time'))
      else
        resolve(
          unknown('PROBE_BROKEN', `the engine cannot be tried: ${stderr.split('\n').find((line) => /Error/.test(line)) ?? error.message}`),
        )
    })
  })
}
