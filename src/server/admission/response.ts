// The answer to a review, as the API server takes it (k8s.io/api admission/v1).
import { patchBetween } from '../../formats/json-patch.ts'
import { runeCount, runeSlice } from '../../lang/rego/values/runes.ts'
import type { Judgement, Mutation } from '../../layers/admission/judgement.ts'
import type { AdmissionRequest, Review } from '../../layers/admission/review.ts'
import { type Answer, json } from '../exchange.ts'
import { exactJson } from './json.ts'

/** Where all of them together are longer than the latter, the API server cuts each itself, where they would do most good last (apiserver: endpoints/filters/warning.go). */
const MAX_WARNING = 256
const MAX_WARNINGS = 4_096
/** An answer is held whole by the API server and shown to a person. */
const MAX_MESSAGE = 16_384
const FORBIDDEN = 403

/** A document of the review's own version. */
export function respond({ apiVersion, request }: Review, judgement: Judgement | Mutation): Answer {
  const { allowed, auditAnnotations } = judgement
  const warnings = cutWarnings(judgement.warnings)
  const response = {
    uid: request.uid,
    allowed,
    ...(allowed ? patchOf(request, judgement) : { status: statusOf(judgement) }),
    ...(warnings.length === 0 ? {} : { warnings }),
    ...(Object.keys(auditAnnotations).length === 0 ? {} : { auditAnnotations }),
  }
  return json(JSON.stringify({ apiVersion, kind: 'AdmissionReview', response }))
}

function patchOf({ object }: AdmissionRequest, judgement: Judgement | Mutation): object {
  const wanted = 'object' in judgement ? judgement.object : undefined
  const patch = wanted === undefined || object === undefined ? [] : patchBetween(object, wanted)
  return patch.length === 0 ? {} : { patchType: 'JSONPatch', patch: Buffer.from(exactJson(patch)).toString('base64') }
}

function statusOf({ message, code = FORBIDDEN, violations }: Judgement): object {
  const denials = violations.filter(({ action }) => action === 'deny').map((violation) => `[${violation.policy}] ${violation.message}`)
  const text = message ?? (denials.join('\n') || 'denied')
  return { status: 'Failure', message: cut(text, MAX_MESSAGE), code, ...(code === FORBIDDEN ? { reason: 'Forbidden' } : {}) }
}

/** On one line each, as a header has them. Where they do not fit, each is cut, and what still does not is counted. */
export function cutWarnings(warnings: readonly string[]): readonly string[] {
  const lines = new Set<string>()
  let length = 0
  for (const warning of warnings) {
    const line = warning.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim()
    if (line === '' || lines.has(line)) continue
    lines.add(line)
    length += runeCount(line)
  }
  const whole = [...lines]
  if (length <= MAX_WARNINGS) return whole.map((line) => line.toWellFormed())
  const distinct = [...new Set(whole.map((line) => cut(line, MAX_WARNING)))]
  const kept: string[] = []
  // Room for the last one, which counts.
  let left = MAX_WARNINGS - MAX_WARNING
  for (const warning of distinct) {
    left -= runeCount(warning)
    if (left < 0) return [...kept, `and ${distinct.length - kept.length} more warnings`]
    kept.push(warning)
  }
  return kept
}

/** Whole characters of Unicode. */
function cut(text: string, most: number): string {
  const whole = text.toWellFormed()
  return runeCount(whole) <= most ? whole : `${runeSlice(whole, 0, most - 1)}…`
}
