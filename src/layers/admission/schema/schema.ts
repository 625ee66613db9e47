// Schemas as the API server has them in CustomResourceDefinitions: what they must be, and what they make of a value.
import { ThymusError } from '../../../core/errors.ts'
import { crdProblems } from './crd-rules.ts'
import { defaultProblems } from './default-rules.ts'
import { withDefaults } from './defaulting.ts'
import { embeddedProblems } from './embedded.ts'
import { duplicates } from './list-keys.ts'
import { type CelRule, type Problem, readNode, type SchemaNode } from './node.ts'
import { findUnknown } from './pruning.ts'
import { ruleProblems, rulesOf } from './rules.ts'
import { structuralProblems } from './structural.ts'
import { problemsOf } from './validate.ts'
import { isTooDeep } from './value.ts'

export type { CelRule, Problem } from './node.ts'

/** Evaluates one rule with `self`; a text says why the value breaks it. */
export type RuleEvaluator = (rule: CelRule, self: unknown) => string | undefined

export interface SchemaOptions {
  /**
   * Who asks. The API server also asks that members of sets and keys of lists be unique, and looks into embedded objects. Gatekeeper
   * does neither, and has every number for a float. By default the API server.
   */
  readonly by?: 'api-server' | 'gatekeeper'
  /** Without one, no rule of `x-kubernetes-validations` is evaluated: `notEvaluated` names them. */
  readonly evaluate?: RuleEvaluator
}

export interface Schema {
  /** Places in the schema of the rules that nobody evaluates. */
  readonly notEvaluated: readonly string[]
  /** What is wrong with an object, at most 100 problems and those of its lists; none if it is valid. */
  validate(value: unknown): readonly Problem[]
  /** Paths of the fields that the schema does not know, sorted. The API server would drop them; Gatekeeper refuses them. */
  unknownFields(value: unknown): readonly string[]
  /** A new object, with the defaults, and without the nulls that the schema does not allow. */
  withDefaults(value: unknown): unknown
}

/** Names the root in messages. */
const ROOT = 'openAPIV3Schema'
/** Problems that are told at once. */
const TOLD = 10

/**
 * Takes the schema of a whole object (its root has `type: object`, and says nothing of `metadata` but its names).
 *
 * @param document `openAPIV3Schema` as JSON has it
 * @throws ThymusError TEMPLATE that names the place in the schema, for one that the API server would refuse, and for one that is larger
 * than 100,000 schemas or deeper than 200
 */
export function compileSchema(document: unknown, { by = 'api-server', evaluate }: SchemaOptions = {}): Schema {
  const { node: root, problems } = readNode(document, ROOT)
  check(problems)
  check([...structuralProblems(root, ROOT), ...crdProblems(root, ROOT)])
  check(defaultProblems(root, ROOT))
  const whole: SchemaNode = { ...root, embeddedResource: true }
  const reading = { floats: by === 'gatekeeper', structural: false }
  return {
    notEvaluated: evaluate === undefined ? rulesOf(root, ROOT) : [],
    validate(value) {
      if (isTooDeep(value)) return [{ path: '', text: 'nested too deeply' }]
      const broken = problemsOf(root, value, '', reading)
      const beside = by === 'gatekeeper' ? [] : [...duplicates(root, value), ...embeddedProblems(root, value)]
      // A rule counts on a value that is of its schema.
      const found = [...broken, ...beside]
      return found.length > 0 || evaluate === undefined ? found : ruleProblems(root, value, evaluate)
    },
    unknownFields(value) {
      refuseDeep(value)
      const paths: string[] = []
      findUnknown(whole, value, (path) => void paths.push(path))
      return paths.sort()
    },
    withDefaults(value) {
      refuseDeep(value)
      return withDefaults(root, value)
    },
  }
}

function check(problems: readonly Problem[]): void {
  const [first] = problems
  if (first === undefined) return
  const told = problems.slice(0, TOLD).map(({ path, text }) => `${path}: ${text}`)
  const more = problems.length > TOLD ? [`and ${problems.length - TOLD} more`] : []
  throw new ThymusError('TEMPLATE', [...told, ...more].join('; '), { at: first.path })
}

function refuseDeep(value: unknown): void {
  if (isTooDeep(value)) throw new ThymusError('CONSTRAINT', 'the object is nested too deeply')
}
