// Mutators from objects: apis/mutations/v1, v1beta1, v1alpha1, and what Gatekeeper's constructors check beside their schemas.
import { z } from 'zod'
import { ThymusError } from '../../../../core/errors.ts'
import { quote } from '../../../../core/quote.ts'
import { type KubernetesObject, kindOf } from '../../../../formats/kubernetes/object.ts'
import { imagePartsProblem } from './image.ts'
import { type Effect, type MutationApplyTo, type Mutator, type MutatorId, OPERATIONS } from './mutator.ts'
import { type Path, parsePath } from './path.ts'
import { type PathTests, pathTestsOf } from './path-tests.ts'
import { applyTo, conform, envelope, match, matchOf, problemAt, refuseTooMany, text } from './schema.ts'
import { Budget, draftOf, isDraft, NO_LIST, type Value } from './values.ts'

const GROUP = 'mutations.gatekeeper.sh'
const VERSIONS: Readonly<Record<MutatorId['kind'], readonly string[]>> = {
  Assign: ['v1', 'v1beta1', 'v1alpha1'],
  AssignImage: ['v1alpha1'],
  AssignMetadata: ['v1', 'v1beta1', 'v1alpha1'],
  ModifySet: ['v1', 'v1beta1', 'v1alpha1'],
}

const pathTests = z.array(z.strictObject({ subPath: text, condition: z.enum(['MustExist', 'MustNotExist']).nullish() })).nullish()
const kinds = z.array(applyTo.extend({ operations: z.array(z.enum([...OPERATIONS, '*'])).nullish() })).nullish()
const assign = z.strictObject({
  value: z.unknown().optional(),
  fromMetadata: z.strictObject({ field: text }).nullish(),
  externalData: z.unknown().optional(),
})
const mutator = <Spec extends z.ZodRawShape>(parameters: Spec) =>
  z.strictObject({
    ...envelope,
    spec: z
      .strictObject({ applyTo: kinds, match: match.nullish(), location: text, parameters: z.strictObject(parameters).nullish() })
      .nullish(),
  })

const SCHEMAS = {
  Assign: mutator({ pathTests, assign: assign.nullish() }),
  AssignImage: mutator({ pathTests, assignDomain: text, assignPath: text, assignTag: text }),
  ModifySet: mutator({
    pathTests,
    operation: z.enum(['merge', 'prune']).nullish(),
    values: z.strictObject({ fromList: z.array(z.unknown()).nullish() }).nullish(),
  }),
  AssignMetadata: z.strictObject({
    ...envelope,
    spec: z
      .strictObject({ match: match.nullish(), location: text, parameters: z.strictObject({ assign: assign.nullish() }).nullish() })
      .nullish(),
  }),
}
type Spec<Kind extends keyof typeof SCHEMAS> = NonNullable<z.output<(typeof SCHEMAS)[Kind]>['spec']>

/** Is it of a kind that readMutator reads, in whatever version? */
export function isMutator(object: KubernetesObject): boolean {
  const { group, kind } = kindOf(object)
  return group === GROUP && Object.hasOwn(VERSIONS, kind)
}

/** @throws ThymusError MUTATOR: the first problem, its field in `at`. */
export function readMutator(object: KubernetesObject): Mutator {
  const { version, kind } = kindOf(object)
  if (!isMutator(object)) throw new ThymusError('MUTATOR', `${quote(kind)} is no mutator of ${GROUP}`, { at: 'kind' })
  const known = kind as MutatorId['kind']
  if (!VERSIONS[known].includes(version))
    throw new ThymusError('MUTATOR', `${known} has the versions ${VERSIONS[known].join(', ')}`, { at: 'apiVersion' })
  switch (known) {
    case 'Assign':
      return assembled(known, conform(SCHEMAS.Assign, object), readAssign)
    case 'AssignImage':
      return assembled(known, conform(SCHEMAS.AssignImage, object), readAssignImage)
    case 'AssignMetadata':
      return assembled(known, conform(SCHEMAS.AssignMetadata, object), readAssignMetadata)
    case 'ModifySet':
      return assembled(known, conform(SCHEMAS.ModifySet, object), readModifySet)
  }
}

type Body = Pick<Mutator, 'applyTo' | 'path' | 'tests' | 'effect'>
interface Envelope<S> {
  readonly metadata: { readonly name: string; readonly namespace?: string | null | undefined; readonly generation?: unknown }
  readonly spec?: S | null | undefined
}

function assembled<S extends { match?: z.output<typeof match> | null | undefined }>(
  kind: MutatorId['kind'],
  { metadata, spec }: Envelope<S>,
  read: (spec: S) => Body,
): Mutator {
  const id = { kind, namespace: metadata.namespace ?? '', name: metadata.name }
  const generation = typeof metadata.generation === 'number' ? String(metadata.generation) : '0'
  return { id, generation, match: matchOf(spec?.match), ...read(spec ?? ({} as S)) }
}

function readAssign({ applyTo, location, parameters }: Spec<'Assign'>): Body {
  const path = readLocation(location)
  refuseMetadata(path)
  refuseKeyOfList(path)
  const effect = readEffect(parameters?.assign)
  const last = path.at(-1)!
  if (last.type === 'List') {
    if (effect.type !== 'value') throw problemAt(['spec', 'parameters', 'assign', 'fromMetadata'], 'cannot be an element of a list')
    if (last.value === undefined) throw problemAt(['spec', 'location'], 'ends in all elements of a list, to which nothing can be assigned')
    const { value } = effect
    if (!isDraft(value)) throw problemAt(VALUE, 'must be an object, to be an element of a list')
    // A whole number in a value is another thing than one in a location: see values.ts.
    const number = typeof last.value === 'bigint' ? '; a number never is' : ''
    if (value[last.key] !== last.value) throw problemAt([...VALUE, last.key], `must be the key that the location has${number}`)
  }
  return { applyTo: readApplyTo(applyTo), path, tests: readPathTests(path, parameters?.pathTests), effect }
}

function readAssignMetadata({ location, parameters }: Spec<'AssignMetadata'>): Body {
  const path = readLocation(location)
  const [first, second, ...more] = path.map((step) => (step.type === 'Object' ? step.name : undefined))
  const takes = first === 'metadata' && (second === 'labels' || second === 'annotations') && more.length === 1 && more[0] !== undefined
  if (!takes) throw problemAt(['spec', 'location'], 'must be metadata.labels or metadata.annotations, and one field more')
  const effect = readEffect(parameters?.assign)
  if (effect.type === 'value' && typeof effect.value !== 'string') throw problemAt(VALUE, 'must be text')
  // What is there already is never changed.
  return { applyTo: undefined, path, tests: new Map([[path.length - 1, 'MustNotExist']]), effect }
}

function readModifySet({ applyTo, location, parameters }: Spec<'ModifySet'>): Body {
  const path = readLocation(location)
  refuseMetadata(path)
  refuseListAtEnd(path)
  const { operation, values } = parameters ?? {}
  const given = values?.fromList
  const at = ['spec', 'parameters', 'values', 'fromList']
  const list = given == null ? NO_LIST : placed(at, () => draftOf(given, new Budget(), true) as Value[])
  const effect = { type: operation ?? 'merge', values: list }
  return { applyTo: readApplyTo(applyTo), path, tests: readPathTests(path, parameters?.pathTests), effect }
}

function readAssignImage({ applyTo, location, parameters }: Spec<'AssignImage'>): Body {
  const path = readLocation(location)
  refuseMetadata(path)
  refuseListAtEnd(path)
  refuseKeyOfList(path)
  const { assignDomain, assignPath, assignTag, pathTests } = parameters ?? {}
  const parts = { domain: assignDomain ?? '', path: assignPath ?? '', tag: assignTag ?? '' }
  const wrong = imagePartsProblem(parts)
  if (wrong !== undefined) {
    const field = { domain: 'assignDomain', path: 'assignPath', tag: 'assignTag' }[wrong.part]
    throw problemAt(['spec', 'parameters', field], wrong.problem)
  }
  return { applyTo: readApplyTo(applyTo), path, tests: readPathTests(path, pathTests), effect: { type: 'image', parts } }
}

const ASSIGN = ['spec', 'parameters', 'assign']
const VALUE = [...ASSIGN, 'value']

function readEffect(assigned: z.output<typeof assign> | null | undefined): Effect {
  const { value, fromMetadata, externalData } = assigned ?? {}
  if (externalData != null) throw problemAt([...ASSIGN, 'externalData'], 'not supported: nothing outside is asked')
  if ((value == null) === (fromMetadata == null)) throw problemAt(ASSIGN, 'one of value and fromMetadata must be set, and only one')
  if (fromMetadata == null) return { type: 'value', value: placed(VALUE, () => draftOf(value, new Budget(), false)) }
  const { field } = fromMetadata
  if (field !== 'name' && field !== 'namespace') throw problemAt([...ASSIGN, 'fromMetadata', 'field'], 'must be name or namespace')
  return { type: 'metadata', field }
}

function readLocation(location: string | null | undefined, at: readonly PropertyKey[] = ['spec', 'location']): Path {
  return placed(at, () => parsePath(location ?? ''))
}

/** What fails in it is told of the field. */
function placed<T>(at: readonly PropertyKey[], read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw error instanceof ThymusError ? problemAt(at, error.message) : error
  }
}

function refuseMetadata(path: Path): void {
  // Gatekeeper finds out with each object that nothing can be done at no place.
  const [first] = path
  if (first === undefined) throw problemAt(['spec', 'location'], 'must not be empty')
  if (first.type === 'Object' && first.name === 'metadata') throw problemAt(['spec', 'location'], 'must not begin with metadata')
}

function refuseListAtEnd(path: Path): void {
  if (path.at(-1)!.type === 'List') throw problemAt(['spec', 'location'], 'must not end in elements of a list')
}

function refuseKeyOfList(path: Path): void {
  const [list, field] = [path.at(-2), path.at(-1)!]
  if (list?.type === 'List' && field.type === 'Object' && field.name === list.key)
    throw problemAt(['spec', 'location'], 'must not change the key of a list')
}

function readPathTests(location: Path, tests: z.output<typeof pathTests>): PathTests {
  const at = ['spec', 'parameters', 'pathTests']
  const read = (tests ?? []).map(({ subPath, condition }, index) => ({
    path: readLocation(subPath, [...at, index, 'subPath']),
    condition: condition ?? undefined,
  }))
  const result = pathTestsOf(location, read)
  if ('problem' in result) throw problemAt([...at, result.index], result.problem)
  return result
}

function readApplyTo(entries: z.output<typeof kinds>): readonly MutationApplyTo[] {
  if (entries == null || entries.length === 0) throw problemAt(['spec', 'applyTo'], 'must name the kinds that are mutated')
  const read = entries.map(({ groups, versions, kinds, operations }, index) => {
    const at = ['spec', 'applyTo', index]
    if (!groups?.length || !versions?.length || !kinds?.length) throw problemAt(at, 'must have groups, versions and kinds')
    const chosen = operations ?? []
    if (new Set(chosen).size < chosen.length) throw problemAt([...at, 'operations'], 'names an operation twice')
    if (chosen.includes('*') && chosen.length > 1) throw problemAt([...at, 'operations'], 'has "*" beside others')
    const all = chosen.length === 0 || chosen.includes('*')
    return { groups, versions, kinds, operations: all ? OPERATIONS : OPERATIONS.filter((each) => chosen.includes(each)) }
  })
  refuseTooMany(read)
  return read
}
