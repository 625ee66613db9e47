// What is put into the `spec` of a policy or a binding that is good otherwise; most of it is wrong.
import type { Fields } from '../../src/formats/kubernetes/object.ts'

export const RULE = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }
const CONFIG = { apiVersion: 'v1', kind: 'ConfigMap' }
const REF = { name: 'x', parameterNotFoundAction: 'Deny' }

const each = <T>(values: readonly T[], make: (value: T) => Fields): readonly Fields[] => values.map(make)
const count = (size: number, make: (at: number) => Fields) => Array.from({ length: size }, (_, at) => make(at))
const rule = (field: string, ...values: readonly unknown[]) =>
  each(values, (value) => ({ matchConstraints: { resourceRules: [{ ...RULE, [field]: value }] } }))
const match = (field: string, ...values: readonly unknown[]) =>
  each(values, (value) => ({ matchConstraints: { resourceRules: [RULE], [field]: value } }))
const validation = (field: string, ...values: readonly unknown[]) =>
  each(values, (value) => ({ validations: [{ expression: 'true', [field]: value }] }))
const variables = (...all: readonly (readonly [name: string, expression: string])[]) => ({
  variables: all.map(([name, expression]) => ({ name, expression })),
})
const expressions = (...all: readonly string[]) => ({ validations: all.map((expression) => ({ expression })) })
const annotations = (...all: readonly (readonly [key: string, valueExpression: string])[]) => ({
  auditAnnotations: all.map(([key, valueExpression]) => ({ key, valueExpression })),
})

const LONG = 'x'.repeat(64)
const require = (requirement: Fields) => ({ matchExpressions: [requirement] })
const SELECTORS: readonly unknown[] = [
  ...[{}, null, { what: 1 }, { matchLabels: { a: 'b' } }, { matchLabels: { 'a b': 'b' } }, { matchLabels: { a: 'b c' } }],
  ...[{ matchLabels: { a: null } }, { matchLabels: { a: 1 } }, { matchLabels: { '': 'x' } }, { matchLabels: { a: '' } }],
  ...[['x'], [], undefined, ['b c'], ['x', 'x']].map((values) => require({ key: 'a', operator: 'In', values })),
  ...[['x'], [], undefined].map((values) => require({ key: 'a', operator: 'Exists', values })),
  ...['', 'a/b/c', undefined].map((key) => require({ key, operator: 'Exists' })),
  require({ key: 'a', operator: 'exists' }),
]

const RESOURCES = [
  ...['*/*,pods', '*,pods', 'pods,*', '*,pods/exec', '*/*', 'pods/*,pods/exec', 'pods/exec,pods/*', '*/exec,pods/exec', 'pods/exec,*/exec'],
  ...['*,*/*', '', 'pods,', 'pods,pods', '*,*/exec', '/', 'a/b/c', 'pods/*,*/exec', '*/exec,pods/*', 'Pods', 'pods exec', ' ', '*/*,*/*'],
]

export const POLICIES: readonly Fields[] = [
  {},
  { nope: 1 },
  ...each([undefined, [], null, [null]], (validations) => ({ validations })),
  { validations: [], ...annotations(['a', '"x"']) },
  ...each(
    [undefined, null, {}, { resourceRules: [] }, { resourceRules: [null] }, { excludeResourceRules: [RULE] }],
    (matchConstraints) => ({
      matchConstraints,
    }),
  ),
  ...rule('resources', [], undefined, ...RESOURCES.map((one) => one.split(','))),
  ...rule('apiGroups', ['*'], ['*', ''], ['', 'apps'], [], [' '], ['UPPER'], ['a', 'a']),
  ...rule('apiVersions', ['*'], ['*', 'v1'], [''], [], [' '], ['v1', 'v1'], ['x y']),
  ...rule('operations', ['*'], ['*', 'CREATE'], [''], [], ['CREATE', 'CREATE'], ['create'], ['CONNECT'], ['GET']),
  ...rule('scope', '*', 'Cluster', 'Namespaced', '', 'x', null),
  ...rule('resourceNames', ['a'], ['a', 'a'], [''], ['a/b'], ['..'], ['a%b'], ['A b'], ['.'], [' ']),
  ...rule('what', 1),
  ...match('matchPolicy', 'Exact', 'Equivalent', '', 'x', null),
  ...match('namespaceSelector', ...SELECTORS),
  ...match('objectSelector', ...SELECTORS),
  ...each(['Fail', 'Ignore', '', 'x', null], (failurePolicy) => ({ failurePolicy })),
  ...each(['v1', 'apps/v1', '', 'a/b/c', '/', '/v1', 'apps/', 'Apps/v1', 'apps/V1', 'v1.2', '1v', ' v1', 'a_b/v1'], (apiVersion) => ({
    paramKind: { ...CONFIG, apiVersion },
  })),
  ...each(['', 'a b', 'x-y', '1a', 'A.B', 'Ä', LONG, 'a_b'], (kind) => ({ paramKind: { ...CONFIG, kind } })),
  ...each([null, {}], (paramKind) => ({ paramKind })),
  expressions('params == null'),
  {
    paramKind: CONFIG,
    validations: [{ expression: 'params == null', messageExpression: 'string(params.a)' }],
    matchConditions: [{ name: 'a', expression: 'params == null' }],
    ...variables(['x', 'params']),
    ...annotations(['k', 'string(params.a)']),
  },
  ...each(['a', '', ' ', 'a b', 'a/b', 'a/b/c', 'A.b-c_d', '-a', 'a-', LONG.slice(1), LONG, '/a', 'a/', undefined], (name) => ({
    matchConditions: [{ name, expression: 'true' }],
  })),
  { matchConditions: [1, 2].map(() => ({ name: 'a', expression: 'true' })) },
  ...each([64, 65], (size) => ({ matchConditions: count(size, (at) => ({ name: `a${at}`, expression: 'true' })) })),
  ...each(
    ['', ' ', ' true', '1', 'object', 'variables.x == 1', 'dyn(true)', 'namespaceObject == null', '\n\ttrue // x', 'null', 'true ||'],
    (expression) => ({ ...variables(['x', '1']), matchConditions: [{ name: 'a', expression }] }),
  ),
  ...each(
    [
      ...[
        'x',
        '',
        ' ',
        'x y',
        '1x',
        '_x',
        'true',
        'null',
        'in',
        'as',
        'namespace',
        'package',
        'x-y',
        'object',
        'request',
        'variables',
        'ä',
      ],
      ...['size', 'string', 'all', 'x'.repeat(300), 'hasOwnProperty', '__proto__', 'constructor'],
    ],
    (name) => variables([name, '1']),
  ),
  ...each(['"x"', '1'], (value) => ({ ...variables(['a', '1'], ['a', '"x"']), ...expressions(`variables.a == ${value}`) })),
  variables(['a', 'variables.a']),
  variables(['a', 'variables.b'], ['b', '1']),
  ...each(['1', '"x"'], (value) => variables(['b', '1'], ['a', `variables.b + ${value}`])),
  variables(['b', ' ']),
  { ...variables(['__proto__', '1']), ...expressions('variables.__proto__ == 1') },
  variables(...Array.from({ length: 200 }, (_, at) => [`v${at}`, at === 0 ? '1' : `variables.v${at - 1} + 1`] as const)),
  ...each(
    [
      ...['variables == null', 'has(variables.x)', '', ' ', '1', 'true', 'object', 'null', '[true][0]', 'dyn(true)', 'optional.of(true)'],
      ...[
        'true // x',
        'object.a',
        'true\n&& true',
        'request.nothing',
        'request.uid',
        'namespaceObject.kind',
        'has(namespaceObject.metadata.uid)',
      ],
    ],
    (expression) => expressions(expression),
  ),
  ...validation('message', '', ' ', 'a\nb', 'a\rb', '\na\n', 'x'.repeat(10_000), null, 1),
  ...validation(
    'messageExpression',
    '',
    ' ',
    '"x"',
    '1',
    'null',
    'object.a',
    'string(object.a)',
    '"a\\nb"',
    'params.a',
    '""',
    'request.name',
    'dyn("x")',
    null,
  ),
  ...validation('reason', 'Unauthorized', 'Forbidden', 'Invalid', 'RequestEntityTooLarge', '', 'NotFound', 'invalid', null),
  ...each(['a', '', ' ', 'a b', 'a/b', '-a', LONG.slice(1), LONG, 'A.b_c', 'a.'], (key) => annotations([key, '"x"'])),
  annotations(['a', '"x"'], ['a', '"x"']),
  ...each([20, 21], (size) => ({ auditAnnotations: count(size, (at) => ({ key: `a${at}`, valueExpression: '"x"' })) })),
  ...each(
    [
      ...['', ' ', '1', 'null', 'object.a', '"x"', 'true ? "x" : null', 'dyn("x")', 'optional.of("x")', 'true ? "x" : dyn(null)'],
      ...[`"${'x'.repeat(5_118)}"`, `"${'x'.repeat(5_119)}"`, ` "${'x'.repeat(5_118)}" `, `"${'é'.repeat(2_600)}"`],
    ],
    (value) => annotations(['a', value]),
  ),
]

export const BINDINGS: readonly Fields[] = [
  {},
  { what: 1 },
  ...each(['', 'A', 'a.b', null, 'a/b'], (policyName) => ({ policyName })),
  ...each(
    [[], null, ['Deny'], ['Deny', 'Warn'], ['Deny', 'Audit'], ['Warn', 'Audit'], ['Deny', 'Deny'], ['x'], [''], ['Audit']],
    (validationActions) => ({ validationActions }),
  ),
  ...each(
    [
      ...[REF, null, {}, { name: 'x' }, { ...REF, selector: {} }, { ...REF, name: '', selector: {} }, { ...REF, what: 1 }],
      ...['', 'a/b', '..', 'A b', ' ', 'a%'].map((name) => ({ ...REF, name })),
      ...['A b', '', null].map((namespace) => ({ ...REF, namespace })),
      ...['x', '', null].map((parameterNotFoundAction) => ({ ...REF, parameterNotFoundAction })),
      ...SELECTORS.map((selector) => ({ selector, parameterNotFoundAction: 'Allow' })),
    ],
    (paramRef) => ({ paramRef }),
  ),
  ...each(
    [{}, null, { matchPolicy: 'x' }, { x: 1 }, { resourceRules: [{ ...RULE, resources: ['*', 'pods'] }] }, { resourceRules: [] }],
    (matchResources) => ({
      matchResources,
    }),
  ),
]

export const NAMES: readonly string[] = ['a.b', 'A', 'a_b', '-a', 'x'.repeat(253), 'x'.repeat(254), 'a..b', 'ä', 'a/b', '']
