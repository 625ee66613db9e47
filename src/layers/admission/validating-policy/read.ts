import { z } from 'zod'
import { ThymusError } from '../../../core/errors.ts'
import { firstProblem } from '../../../formats/conform.ts'
import { type KubernetesObject, nameOf } from '../../../formats/kubernetes/object.ts'
import { type CelRules, compileCelRules } from '../cel-rules.ts'
import { type Action, binding, type MatchResources, type ParamRef, policy } from './schema.ts'

export interface ValidatingPolicy {
  readonly name: string
  readonly matchConstraints: MatchResources
  readonly paramKind: { readonly apiVersion: string; readonly kind: string } | undefined
  readonly failurePolicy: 'Fail' | 'Ignore'
  readonly rules: CelRules
}

export interface PolicyBinding {
  readonly name: string
  readonly policyName: string
  readonly paramRef: ParamRef | undefined
  /** Undefined: whatever the policy matches. */
  readonly matchResources: MatchResources | undefined
  readonly validationActions: readonly Action[]
}

/** Throws ADMISSION_POLICY for a field or an expression that an API server would refuse; `at` begins with its path: `spec.validations[0].expression`. */
export function readPolicy(object: KubernetesObject): ValidatingPolicy {
  const { metadata, spec } = conform(policy, object)
  const { paramKind, failurePolicy, matchConstraints } = spec
  const validations = (spec.validations ?? []).map(({ expression, message, messageExpression, reason }) => ({
    expression,
    ...(message == null ? {} : { message }),
    ...(messageExpression == null ? {} : { messageExpression }),
    ...(reason == null ? {} : { reason }),
  }))
  try {
    const rules = compileCelRules({
      validations,
      matchConditions: spec.matchConditions ?? [],
      variables: spec.variables ?? [],
      auditAnnotations: spec.auditAnnotations ?? [],
      failurePolicy: failurePolicy ?? 'Fail',
      ...(paramKind == null ? {} : { params: 'all' as const }),
    })
    return { name: metadata.name, matchConstraints, paramKind: paramKind ?? undefined, failurePolicy: failurePolicy ?? 'Fail', rules }
  } catch (error) {
    if (!(error instanceof ThymusError)) throw error
    throw new ThymusError('ADMISSION_POLICY', `ValidatingAdmissionPolicy ${metadata.name}: ${error.message}`, {
      at: `spec.${error.at}`,
      cause: error,
    })
  }
}

/** Throws ADMISSION_POLICY. */
export function readBinding(object: KubernetesObject): PolicyBinding {
  const { metadata, spec } = conform(binding, object)
  return {
    name: metadata.name,
    policyName: spec.policyName,
    paramRef: spec.paramRef ?? undefined,
    matchResources: spec.matchResources ?? undefined,
    validationActions: spec.validationActions,
  }
}

function conform<Schema extends z.ZodType>(schema: Schema, object: KubernetesObject): z.output<Schema> {
  const result = schema.safeParse(object)
  if (result.success) return result.data
  const { path, message } = firstProblem(result.error)
  const field = z.core.toDotPath(path)
  throw new ThymusError('ADMISSION_POLICY', `${String(object.kind)} ${nameOf(object)}: ${field}: ${message}`, { at: field })
}
