import { selects } from '../../../core/labels.ts'
import { type Fields, type KubernetesObject, labelsOf, nameOf, namespaceOf, textAt } from '../../../formats/kubernetes/object.ts'
import { MatchError } from './match.ts'
import type { PolicyBinding, ValidatingPolicy } from './read.ts'

/** The objects of a kind that policies may take their parameters from. */
export interface ParamSource {
  readonly scope: 'Cluster' | 'Namespaced'
  readonly objects: readonly KubernetesObject[]
}

/** The parameters with which a binding is evaluated, each by itself; one undefined where there are to be none. Throws MatchError. */
export function collectParams(
  { paramKind }: ValidatingPolicy,
  { paramRef }: PolicyBinding,
  source: ParamSource | undefined,
  request: Fields,
): readonly (KubernetesObject | undefined)[] {
  if (paramKind === undefined || paramRef === undefined || source === undefined) return [undefined]
  const within = paramRef.namespace ?? ''
  if (source.scope === 'Cluster' && within !== '') {
    throw new MatchError('paramRef.namespace must not be provided for a cluster-scoped `paramKind`')
  }
  const namespace = within || textAt(request, 'namespace')
  if (source.scope === 'Namespaced' && namespace === '') {
    throw new MatchError('cannot use namespaced paramRef in policy binding that matches cluster-scoped resources')
  }
  const found = source.objects.filter((object) => {
    if (source.scope === 'Namespaced' && namespaceOf(object) !== namespace) return false
    return paramRef.selector == null ? nameOf(object) === paramRef.name : selects(paramRef.selector, labelsOf(object))
  })
  if (found.length === 0 && paramRef.parameterNotFoundAction === 'Deny') {
    throw new MatchError('no params found for policy binding with `Deny` parameterNotFoundAction')
  }
  return found.map((object) => ({ apiVersion: paramKind.apiVersion, kind: paramKind.kind, ...object }))
}
