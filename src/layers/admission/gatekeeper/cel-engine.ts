// Templates in CEL, K8sNativeValidation (Gatekeeper: pkg/drivers/k8scel).

import { ThymusError } from '../../../core/errors.ts'
import type { FieldReader } from '../../../formats/kubernetes/field-reader.ts'
import { isFields } from '../../../formats/kubernetes/object.ts'
import { Work } from '../../../lang/cel/cel.ts'
import { type CelDefinition, compileCelRules } from '../cel-rules.ts'
import { type Engine, NO_DETAILS } from './engine.ts'
import { readFields } from './fields.ts'
import type { Template } from './template.ts'

const RESERVED = 'gatekeeper_internal_'
/** What every template has: the object, which on DELETE is the old one, and the parameters of the constraint. */
const OWN = [
  { name: 'anyObject', expression: 'has(request.operation) && request.operation == "DELETE" && object == null ? oldObject : object' },
  { name: 'params', expression: '!has(params.spec) ? null : !has(params.spec.parameters) ? null : params.spec.parameters' },
]

/** Throws ThymusError TEMPLATE. */
export function compileCel(template: Template, source: unknown): Engine {
  const about = `ConstraintTemplate ${template.name}`
  const definition = readSource(readFields(source, 'TEMPLATE', about, 'source'))
  let rules: ReturnType<typeof compileCelRules>
  try {
    rules = compileCelRules(definition)
  } catch (error) {
    if (!(error instanceof ThymusError)) throw error
    throw new ThymusError('TEMPLATE', `${error.at ?? ''}: ${error.message}`, { at: about, cause: error })
  }
  return {
    judge(constraint, { question, visible }, { milliseconds }) {
      const { operation, oldObject, namespace } = question
      const { decisions } = rules.evaluate({
        request: visible,
        // Kubernetes has no new object on DELETE; templates take `variables.anyObject`.
        object: operation === 'DELETE' ? null : (question.object ?? null),
        oldObject: oldObject ?? null,
        params: isFields(constraint.object) ? constraint.object : {},
        namespaceObject: namespace ?? null,
        ...(milliseconds === undefined ? {} : { work: new Work(milliseconds) }),
      })
      const denied = decisions.filter(({ action }) => action === 'deny')
      return denied.map(({ message, index, evaluation }) => ({
        message,
        details: NO_DETAILS,
        ...(evaluation === 'error' ? { undecided: true } : {}),
        rule: index === undefined ? undefined : { file: `${template.name}.validations`, line: index + 1, column: 1 },
      }))
    },
  }
}

function readSource(source: FieldReader): CelDefinition {
  const failurePolicy = source.text('failurePolicy') || 'Fail'
  if (failurePolicy !== 'Fail' && failurePolicy !== 'Ignore') return source.fail('failurePolicy', 'is neither Fail nor Ignore')
  const named = (field: string, taken: readonly string[]) =>
    source.objects(field).map((each) => {
      const name = each.text('name')
      if (name.startsWith(RESERVED) || taken.includes(name)) each.fail('name', 'is reserved')
      return { name, expression: each.text('expression') }
    })
  return {
    failurePolicy,
    // The field has this name, in the singular.
    matchConditions: named('matchCondition', []),
    variables: [
      ...OWN,
      ...named(
        'variables',
        OWN.map(({ name }) => name),
      ),
    ],
    validations: source.objects('validations').map((each) => ({
      expression: each.text('expression'),
      message: each.text('message'),
      messageExpression: each.text('messageExpression'),
    })),
    params: 'variables',
    variablesInConditions: true,
  }
}
