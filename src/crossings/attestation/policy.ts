// The appraisal policy: Rego that is asked about one piece of evidence with all its checks, in the document of the door `attest`, and answers with a
// value for each claim and a status. It may be as strict as it likes. What it affirms although a check did not pass, it must say that it accepts.
import { createHash } from 'node:crypto'
import { ThymusError } from '../../core/errors.ts'
import type { Check } from '../../core/verdict.ts'
import type { Request } from '../../formats/doors/request.ts'
import { isClaim, TIERS, type Tier, TRUST_CLAIMS, type TrustClaim, type TrustVector, tierOf, vectorTier } from '../../formats/ear/trust.ts'
import type { Surroundings } from '../../lang/rego/codegen/runtime.ts'
import { type Policy, QUERY } from '../../lang/rego/policy.ts'
import { fromHost, toHost } from '../../lang/rego/values/host.ts'
import { NO_PLACE, PLACES, placeOf } from './places.ts'

export interface Decided {
  readonly status: Tier
  readonly vector: TrustVector
  /** Why, for people. */
  readonly because: readonly string[]
}

export interface AppraisalPolicy {
  /** Names it in a result, its text included: `NAME@sha256:HEX`. */
  readonly id: string
  /** @param input the evidence with its checks */
  readonly decide: (input: Request<'attest'>) => Decided
}

/** What a policy must define, and what it may. */
const ENTRY = 'data.attestation'

/**
 * A policy by its modules.
 * @param sources by file name; they make the identifier
 * @throws RegoRejected; ThymusError REGO_BUILTIN
 */
export function appraisalPolicy(
  name: string,
  sources: Readonly<Record<string, string>>,
  compile: (sources: Readonly<Record<string, string>>) => Policy,
  surroundings: Surroundings,
): AppraisalPolicy {
  const prepared = compile(sources).prepare(`answer = ${ENTRY}`)
  const data = fromHost({ thymus: { places: PLACES, noPlace: NO_PLACE } })
  const hash = createHash('sha256')
  for (const file of Object.keys(sources).toSorted()) hash.update(`${sources[file]!.length} ${sources[file]}`)
  return {
    id: `${name}@sha256:${hash.digest('hex')}`,
    decide: (input) => {
      const [solution] = prepared.evaluate(QUERY, { input: fromHost(input), data, surroundings })
      const { answer } = (solution === undefined ? {} : toHost(solution)) as { readonly answer?: unknown }
      return bounded(readAnswer(answer), input.object.checks)
    },
  }
}

interface Answer extends Decided {
  /** Codes of checks that did not pass, and why that is accepted. */
  readonly accepted: Readonly<Record<string, string>>
}

/** @throws ThymusError REGO_EVAL where it is no answer */
function readAnswer(answer: unknown): Answer {
  const { status, vector, because = [], accepted = {} } = fieldsOf(answer, ENTRY)
  const tier = TIERS.find((each) => each === status) ?? wrong(`${ENTRY}.status`, `one of ${TIERS.join(', ')}`)
  const values = Object.entries(fieldsOf(vector, `${ENTRY}.vector`)).map(([claim, value]): [TrustClaim, number] => {
    if (!isClaim(claim)) return wrong(`${ENTRY}.vector`, 'the claims of AR4SI')
    return Number.isInteger(value) && Math.abs(Number(value)) <= 127 ? [claim, Number(value)] : wrong(`${ENTRY}.vector`, 'numbers to 127')
  })
  const texts = (list: unknown, at: string) =>
    Array.isArray(list) && list.every((each) => typeof each === 'string') ? (list as string[]) : wrong(at, 'texts')
  const reasons = fieldsOf(accepted, `${ENTRY}.accepted`)
  texts(Object.values(reasons), `${ENTRY}.accepted`)
  return {
    status: tier,
    vector: Object.fromEntries(values),
    because: texts(because, `${ENTRY}.because`),
    accepted: reasons as Readonly<Record<string, string>>,
  }
}

/**
 * The answer, made no better than what was seen: a claim is affirmed only where checks speak of it, which all passed or are accepted by name, and
 * evidence only where no claim that was looked at is left open.
 */
function bounded({ status, vector, because, accepted }: Answer, checks: readonly Check[]): Decided {
  const isAccepted = ({ code, verdict }: Check) => verdict.is !== 'pass' && Object.hasOwn(accepted, code)
  const isOpen = (check: Check) => check.verdict.is !== 'pass' && !isAccepted(check)
  const values = { ...vector }
  const said = [...because]
  for (const { code, verdict } of checks.filter(isOpen)) {
    const { claim, base } = placeOf(code)
    const affirmed = (base ? TRUST_CLAIMS : [claim]).filter((each) => tierOf(values[each] ?? 0) === 'affirming')
    for (const each of affirmed) values[each] = 0
    if (affirmed.length > 0) said.push(`${affirmed.join(', ')}: not affirmed, ${code} is ${verdict.is}`)
  }
  for (const { code } of checks.filter(isAccepted)) said.push(`${code} is accepted: ${accepted[code]}`)
  const speaks = (check: Check) => (check.verdict.is === 'pass' ? placeOf(check.code).pass !== undefined : isOpen(check))
  const claimsOf = (wanted: (check: Check) => boolean) => new Set(checks.filter(wanted).map(({ code }) => placeOf(code).claim))
  const looked = claimsOf(speaks)
  const spoken = looked.union(claimsOf(isAccepted))
  const unseen = TRUST_CLAIMS.filter((each) => !spoken.has(each) && tierOf(values[each] ?? 0) === 'affirming')
  for (const each of unseen) values[each] = 0
  if (unseen.length > 0) said.push(`${unseen.join(', ')}: not affirmed, nothing looked at ${unseen.length === 1 ? 'it' : 'them'}`)
  const worst = vectorTier(values)
  const isWhole = looked.size > 0 && [...looked].every((claim) => tierOf(values[claim] ?? 0) !== 'none')
  const best: Tier = worst === 'affirming' && !isWhole ? 'none' : worst
  return { status: isBetter(status, best) ? best : status, vector: values, because: said }
}

/** From what is trusted least. */
const TRUST: readonly Tier[] = ['contraindicated', 'warning', 'none', 'affirming']
const isBetter = (tier: Tier, than: Tier) => TRUST.indexOf(tier) > TRUST.indexOf(than)

function fieldsOf(value: unknown, at: string): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : wrong(at, 'an object')
}

function wrong(at: string, needed: string): never {
  throw new ThymusError('REGO_EVAL', `the policy must say ${needed}`, { at })
}
