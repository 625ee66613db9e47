// All policies that a scan asks: the built-in ones and those of the user, read whole or not at all.
import { ThymusError, within } from '../../../core/errors.ts'
import { type KubernetesObject, kindOf, nameOf } from '../../../formats/kubernetes/object.ts'
import { isConstraint } from '../gatekeeper/constraint.ts'
import { type ExpansionTemplate, isExpansion, readExpansion } from '../gatekeeper/expansion.ts'
import type { LibraryOptions } from '../gatekeeper/library.ts'
import { withoutSamples } from '../gatekeeper/suite.ts'
import { isTemplate } from '../gatekeeper/template.ts'
import type { ManifestObject } from './document.ts'
import { Expansions } from './expansions.ts'
import { Policy } from './policy.ts'

export interface PolicySet {
  readonly policies: readonly Policy[]
  readonly expansions: Expansions
  /** Of the user's documents, what a scan does not ask: kinds, and by name the policies that are samples of a suite. Each once. */
  readonly unasked: readonly string[]
}

/** Of them, templates, constraints and expansion templates are taken, in whatever order they come. */
export interface PolicyDocuments {
  readonly builtIn: readonly ManifestObject[]
  readonly own: readonly ManifestObject[]
}

/**
 * A template of the user takes the place of a built-in one of its kind, with its constraints; a constraint that of one with its name.
 * Throws ThymusError TEMPLATE, CONSTRAINT or MUTATOR with the file.
 */
export function readPolicySet({ builtIn, own }: PolicyDocuments, options: LibraryOptions): PolicySet {
  const policies = new Map<string, Policy>()
  addAll(policies, builtIn, options)
  const taken = withoutSamples(own, isPolicy).filter(({ object }) => isPolicy(object))
  addAll(policies, taken, options)
  const expanding = taken.filter(({ object }) => isExpansion(object))
  refuseTwice(expanding, 'MUTATOR')
  const templates: ExpansionTemplate[] = expanding.map((each) => placed(each, () => readExpansion(each.object)))
  const expansions = new Expansions(templates)
  const [cycle] = expansions.cycles
  if (cycle !== undefined) {
    const { file } = expanding.find(({ object }) => nameOf(object) === cycle)!
    throw new ThymusError('MUTATOR', `the ExpansionTemplate ${cycle} leads back to what it applies to`, { at: file })
  }
  if (own.length > 0 && taken.length === 0)
    throw new ThymusError('TEMPLATE', 'there is no template, constraint or expansion template here', { at: own[0]!.file })
  const asked = new Set(taken.map(nameIn))
  const unasked = own.map(nameIn).filter((name) => !asked.has(name))
  return { policies: [...policies.values()], expansions, unasked: [...new Set(unasked)].sort() }
}

const isPolicy = (object: KubernetesObject) => isTemplate(object) || isConstraint(object) || isExpansion(object)
const nameIn = ({ object }: ManifestObject) => `${kindOf(object).kind}${isPolicy(object) ? `/${nameOf(object)}` : ''}`

function addAll(policies: Map<string, Policy>, documents: readonly ManifestObject[], options: LibraryOptions): void {
  const templates = documents.filter(({ object }) => isTemplate(object))
  const constraints = documents.filter(({ object }) => isConstraint(object))
  refuseTwice(templates, 'TEMPLATE')
  refuseTwice(constraints, 'CONSTRAINT')
  for (const each of templates) {
    const policy = placed(each, () => new Policy(each.object, options))
    policies.set(policy.kind, policy)
  }
  for (const each of constraints) placed(each, () => policyFor(each.object, policies).add(each.object))
}

function policyFor(constraint: KubernetesObject, policies: ReadonlyMap<string, Policy>): Policy {
  const { kind } = kindOf(constraint)
  const policy = policies.get(kind)
  if (policy === undefined) throw new ThymusError('CONSTRAINT', `there is no template of the kind ${kind}`)
  return policy
}

function refuseTwice(documents: readonly ManifestObject[], code: 'TEMPLATE' | 'CONSTRAINT' | 'MUTATOR'): void {
  const seen = new Map<string, ManifestObject>()
  for (const each of documents) {
    const name = `${kindOf(each.object).kind} ${nameOf(each.object)}`
    const before = seen.get(name)
    if (before !== undefined) placed(each, () => refuse(code, `${name} is also in ${before.file}`))
    seen.set(name, each)
  }
}

function refuse(code: 'TEMPLATE' | 'CONSTRAINT' | 'MUTATOR', text: string): never {
  throw new ThymusError(code, text)
}

/** An error of a policy, with the file that it is in. */
function placed<T>({ place }: ManifestObject, read: () => T): T {
  const where = () => {
    const { file, line, column } = place([])
    return `${file}:${line}:${column}`
  }
  return within(where, read)
}
