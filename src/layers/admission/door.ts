// Admission in the documents that all doors share.
import type { Reason } from '../../core/verdict.ts'
import type { Mode } from '../../core/workload.ts'
import { MODES } from '../../core/workload.ts'
import type { Because, Decision } from '../../formats/doors/decision.ts'
import { API_VERSION, type Context, type Request } from '../../formats/doors/request.ts'
import { timeText } from '../../formats/doors/time.ts'
import type { Judgement, Violation } from './judgement.ts'
import { requestFields } from './request-fields.ts'
import type { AdmissionRequest } from './review.ts'

/** What a policy is asked; `at` in ms since 1970. @throws ThymusError FORMAT for what is no time */
export function requestDocument(request: AdmissionRequest, at: number, context: Context): Request<'admit'> {
  // The types of the two are the same; `requestFields` promises no more than that they are fields.
  const fields = requestFields(request) as Request<'admit'>['request']
  return { apiVersion: API_VERSION, gate: 'admit', time: timeText(at), subject: { user: fields.userInfo }, request: fields, context }
}

/** A violation that only warns is in shadow, one of a dry run is observed. */
const MODE_OF: Readonly<Record<Violation['action'], Mode>> = { deny: 'enforce', warn: 'shadow', dryrun: 'observe' }

/**
 * What came of it. Where nothing is refused, but something would be if all policies were in force, it is a denial that is not enforced, as at other
 * doors. `failure` is why there is no judgement: then the fail mode decided what was done.
 */
export function decisionDocument({ allowed, message, warnings, violations }: Judgement, failure?: Reason): Decision {
  const apiVersion = API_VERSION
  if (failure !== undefined) {
    const mode = allowed ? 'shadow' : 'enforce'
    return { apiVersion, effect: 'unknown', reason: failure, enforced: !allowed, mode, because: [], warnings }
  }
  const found = violations.map(reasonOf)
  if (!allowed) {
    // What is refused by no policy, as a namespace whose labels are none, has its message alone.
    const isNamed = found.some(({ mode }) => mode === 'enforce')
    const because = isNamed ? found : [{ message: message ?? '', mode: 'enforce' } as const, ...found]
    return { apiVersion, effect: 'deny', enforced: true, mode: 'enforce', because, warnings }
  }
  const mode = MODES.findLast((mode) => found.some((reason) => reason.mode === mode))
  return mode === undefined
    ? { apiVersion, effect: 'allow', enforced: true, mode: 'enforce', because: [], warnings }
    : { apiVersion, effect: 'deny', enforced: false, mode, because: found, warnings }
}

function reasonOf({ policy, rule, message, action, field }: Violation): Because {
  return { policy, rule, message, mode: MODE_OF[action], ...(field === undefined ? {} : { field }) }
}
