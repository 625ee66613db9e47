// Gatekeeper's templates as people keep them: a folder each, with `template.yaml` and a constraint as a sample somewhere below it.
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { readGatorDocument } from '../../src/formats/kubernetes/manifest.ts'
import { isFields, type KubernetesObject } from '../../src/formats/kubernetes/object.ts'
import { type Constraint, readConstraint } from '../../src/layers/admission/gatekeeper/constraint.ts'
import { constraintSchema } from '../../src/layers/admission/gatekeeper/constraint-schema.ts'
import { Library } from '../../src/layers/admission/gatekeeper/library.ts'
import { Matchable, matches } from '../../src/layers/admission/gatekeeper/match.ts'
import { type EngineName, readTemplate, type Template } from '../../src/layers/admission/gatekeeper/template.ts'
import { CORPORA, NOW } from './rego-sets.ts'

/** A template, and a constraint of it. */
export interface Policy {
  readonly template: Template
  readonly constraint: Constraint
  /** As they were written. */
  readonly objects: readonly [template: KubernetesObject, constraint: KubernetesObject]
}

const FOLDERS = [join(CORPORA, 'gatekeeper-library/library'), join(import.meta.dirname, '../../policies/admission')]
export const NO_TEMPLATES = 'there are no templates: neither the corpora (THYMUS_CORPORA) nor policies/admission'

/** Whose templates they are, for people. Undefined where there are none. */
export function templateFolder(): { readonly path: string; readonly name: string } | undefined {
  const at = FOLDERS.findIndex((path) => existsSync(path))
  return at < 0 ? undefined : { path: FOLDERS[at]!, name: ['gatekeeper-library', 'policies/admission'][at]! }
}

/** All templates below a folder that have a sample, each with the first constraint that is about the object; without one, with the first. */
export function readPolicies(folder: string, about?: KubernetesObject): readonly Policy[] {
  return globSync('**/template.yaml', { cwd: folder })
    .toSorted()
    .flatMap((file) => {
      const template = readObject(join(folder, file))
      const read = readTemplate(template)
      const schema = constraintSchema(read.parameters, read.legacySchema)
      const samples = globSync('**/constraint*.yaml', { cwd: join(folder, dirname(file)) }).toSorted()
      for (const sample of samples) {
        const constraint = readObject(join(folder, dirname(file), sample))
        if (constraint.kind !== read.kind) continue
        const policy = { template: read, constraint: readConstraint(constraint, read, schema), objects: [template, constraint] } as const
        if (about === undefined || matches(policy.constraint.match, new Matchable(about, undefined, 'Original'))) return policy
      }
      return []
    })
}

function readObject(path: string): KubernetesObject {
  const { object } = readGatorDocument(readFileSync(path, 'utf8'), path)
  if (!isFields(object)) throw new Error(`${path} holds no object`)
  return object
}

/** The same time for every review, as kit/opa/main.go has it. */
const surroundings = () => ({ now: NOW, clock: () => performance.now(), random: Math.random })

/** A library of these, each asked through one of the engines that are named; through Gatekeeper's choice where none is. */
export function libraryOf(policies: readonly Policy[], engines?: readonly EngineName[]): Library {
  const library = new Library({ surroundings, ...(engines === undefined ? {} : { engines }) })
  for (const { objects } of policies) {
    library.addTemplate(objects[0])
    library.addConstraint(objects[1])
  }
  return library
}
