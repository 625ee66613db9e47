// Policies, and requests that they are asked about. Each case has a namespace of its own.
import type { Fields, KubernetesObject } from '../../src/formats/kubernetes/object.ts'
import type { Question } from '../kit/policy-cluster.ts'

export interface Case {
  readonly what: string
  /** `spec` of the policy; it matches ConfigMaps in the namespace of the case, unless it says otherwise. */
  readonly policy: Fields
  /** `spec`s of its bindings. */
  readonly bindings?: readonly Fields[]
  /** What is there beforehand, beside the namespace; its labels. */
  readonly before?: (namespace: string) => readonly KubernetesObject[]
  readonly labels?: Readonly<Record<string, string>>
  readonly requests: (namespace: string) => readonly Question[]
}

type Data = Readonly<Record<string, string>>

export const map = (namespace: string, name: string, data: Data = {}, labels: Data = {}): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace, labels },
  data,
})
const namespaceWith = (name: string, labels: Data): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels },
})
const pod = (namespace: string, name: string): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace },
  spec: { containers: [{ name: 'c', image: 'nginx' }] },
})

const maps = (namespace: string) => `/api/v1/namespaces/${namespace}/configmaps`
export const creates = (body: KubernetesObject): Question => ({
  method: 'POST',
  path: maps((body.metadata as Fields).namespace as string),
  body,
})
const updates = (body: KubernetesObject): Question => ({
  method: 'PUT',
  path: `${maps((body.metadata as Fields).namespace as string)}/${(body.metadata as Fields).name}`,
  body,
})
const deletes = (namespace: string, name: string): Question => ({ method: 'DELETE', path: `${maps(namespace)}/${name}` })
/** To make, change and remove one. */
const all = (namespace: string) => [
  creates(map(namespace, 'new', { a: '1' })),
  updates(map(namespace, 'old', { a: '2' }, { changed: 'yes' })),
  deletes(namespace, 'old'),
]
const old = (namespace: string) => [map(namespace, 'old', { a: '1' }, { was: 'there' })]

const rule = (more: Fields = {}) => ({ apiGroups: [''], apiVersions: ['v1'], operations: ['*'], resources: ['configmaps'], ...more })
const denies = [{ expression: 'false', message: 'no' }]
const warns = { validationActions: ['Warn', 'Audit'] }
const CONFIG = { apiVersion: 'v1', kind: 'ConfigMap' }

/** A policy that denies what these rules match. */
const matching = (what: string, matchConstraints: Fields, more: Partial<Case> = {}): Case => ({
  what,
  policy: { matchConstraints, validations: denies },
  before: old,
  requests: all,
  ...more,
})

const params = (what: string, paramRef: Fields | undefined, more: Fields = {}, isThere = true): Case => ({
  what: `parameters: ${what}`,
  policy: {
    paramKind: CONFIG,
    validations: [{ expression: 'params.data.most == object.data.a', messageExpression: '"most " + params.data.most' }],
    ...more,
  },
  bindings: [paramRef === undefined ? {} : { paramRef }],
  before: (namespace) =>
    isThere
      ? [
          map(namespace, 'limits', { most: '2' }, { role: 'limits' }),
          map(namespace, 'more', { most: '3' }, { role: 'more' }),
          map('default', `limits-${namespace}`, { most: '4' }, { role: `limits-${namespace}` }),
        ]
      : [],
  requests: (namespace) => [
    creates(map(namespace, 'new', { a: '1' })),
    creates(map(namespace, 'right', { a: '2' })),
    creates(map(namespace, 'none')),
  ],
})

const shows = (what: string, ...expressions: readonly string[]): Case => ({
  what: `sees ${what}`,
  policy: { validations: expressions.map((each) => ({ expression: `dyn(${each}) == "never"`, messageExpression: each })) },
  bindings: [warns],
  before: old,
  requests: all,
})

export const CASES: readonly Case[] = [
  matching('all operations', { resourceRules: [rule()] }),
  matching('an operation', { resourceRules: [rule({ operations: ['UPDATE'] })] }),
  matching('two operations', { resourceRules: [rule({ operations: ['CREATE', 'DELETE'] })] }),
  matching('a name', { resourceRules: [rule({ resourceNames: ['old'] })] }),
  matching('another group', { resourceRules: [rule({ apiGroups: ['apps'] })] }),
  matching('any group and version', { resourceRules: [rule({ apiGroups: ['*'], apiVersions: ['*'] })] }),
  matching('any resource', { resourceRules: [rule({ resources: ['*'] })] }),
  matching('any resource and subresource', { resourceRules: [rule({ resources: ['*/*'] })] }),
  matching('subresources alone', { resourceRules: [rule({ resources: ['configmaps/status', 'pods'] })] }),
  matching('what is excluded', { resourceRules: [rule()], excludeResourceRules: [rule({ operations: ['DELETE'] })] }),
  matching('a name that is excluded', { resourceRules: [rule()], excludeResourceRules: [rule({ resourceNames: ['old'] })] }),
  matching('what is namespaced', { resourceRules: [rule({ scope: 'Namespaced' })] }),
  matching('what is of the cluster', { resourceRules: [rule({ scope: 'Cluster' })] }),
  matching('exactly', { resourceRules: [rule()], matchPolicy: 'Exact' }),
  matching('labels of the new or the old', { resourceRules: [rule()], objectSelector: { matchLabels: { was: 'there' } } }),
  matching('labels that change', {
    resourceRules: [rule()],
    objectSelector: { matchExpressions: [{ key: 'changed', operator: 'Exists' }] },
  }),
  matching('labels that are not there', {
    resourceRules: [rule()],
    objectSelector: { matchExpressions: [{ key: 'changed', operator: 'NotIn', values: ['yes'] }] },
  }),
  matching(
    'labels of the namespace',
    { resourceRules: [rule()], namespaceSelector: { matchExpressions: [{ key: 'tier', operator: 'In', values: ['front', 'back'] }] } },
    { labels: { tier: 'back' } },
  ),
  {
    what: 'a binding that matches less',
    policy: { validations: denies },
    bindings: [{ matchResources: { resourceRules: [rule({ operations: ['DELETE'] })] } }],
    before: old,
    requests: all,
  },
  {
    what: 'a binding that matches by labels alone',
    policy: { validations: denies },
    bindings: [{ matchResources: { objectSelector: { matchLabels: { changed: 'yes' } } } }],
    before: old,
    requests: all,
  },
  { what: 'no binding', policy: { validations: denies }, bindings: [], requests: all, before: old },
  {
    what: 'subresources and connections',
    policy: {
      matchConstraints: { resourceRules: [rule({ resources: ['pods/*'], operations: ['*'] })] },
      validations: [
        {
          expression: 'false',
          messageExpression: 'request.operation + " " + request.subResource + " " + object.kind + " " + string(oldObject == null)',
        },
      ],
    },
    before: (namespace) => [pod(namespace, 'web')],
    requests: (namespace) => [
      { method: 'POST', path: `/api/v1/namespaces/${namespace}/pods/web/exec?command=id&container=c`, dryRun: false },
      {
        method: 'POST',
        path: `/api/v1/namespaces/${namespace}/pods/web/eviction`,
        body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'web', namespace } },
      },
      {
        method: 'PATCH',
        path: `/api/v1/namespaces/${namespace}/pods/web/status`,
        body: { status: { phase: 'Running' } },
        type: 'application/merge-patch+json',
      },
    ],
  },
  {
    what: 'what is of the cluster',
    policy: {
      matchConstraints: {
        resourceRules: [rule({ apiGroups: ['rbac.authorization.k8s.io'], resources: ['clusterroles'], scope: 'Cluster' })],
      },
      validations: [{ expression: 'namespaceObject != null || has(request.namespace)', messageExpression: '"cluster " + request.name' }],
    },
    requests: () => [
      {
        method: 'POST',
        path: '/apis/rbac.authorization.k8s.io/v1/clusterroles',
        body: { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: 'made' }, rules: [] },
      },
    ],
  },
  {
    what: 'namespaces, which have themselves for one',
    policy: {
      matchConstraints: {
        resourceRules: [rule({ resources: ['namespaces'], operations: ['CREATE'] })],
        namespaceSelector: { matchLabels: { own: 'yes' } },
      },
      paramKind: CONFIG,
      validations: [
        { expression: 'false', messageExpression: 'request.namespace + " " + string(namespaceObject == null) + string(params == null)' },
      ],
    },
    bindings: [{ paramRef: { name: 'none', parameterNotFoundAction: 'Deny' }, validationActions: ['Warn'] }],
    requests: () =>
      ['yes', 'no'].map((own) => ({
        method: 'POST',
        path: '/api/v1/namespaces',
        body: namespaceWith(`own-${own}`, { own }),
      })),
  },
  {
    what: 'namespaces that go, by the labels that they have',
    policy: {
      matchConstraints: {
        resourceRules: [rule({ resources: ['namespaces', 'namespaces/*'], operations: ['*'] })],
        namespaceSelector: { matchLabels: { held: 'yes' } },
      },
      validations: [{ expression: 'false', messageExpression: 'request.namespace + " " + string(namespaceObject == null)' }],
    },
    before: () => ['yes', 'no'].map((held) => namespaceWith(`held-${held}`, { held })),
    requests: () =>
      ['yes', 'no'].flatMap((held) => {
        const [path, other] = [`/api/v1/namespaces/held-${held}`, held === 'yes' ? 'no' : 'yes']
        return [
          { method: 'DELETE', path },
          { method: 'PUT', path, body: namespaceWith(`held-${held}`, { held: other }) },
          { method: 'PUT', path: `${path}/status`, body: namespaceWith(`held-${held}`, { held: other }) },
        ]
      }),
  },
  params('none is referred to', undefined),
  params('by name', { name: 'limits', parameterNotFoundAction: 'Deny' }),
  params('by selector', { selector: { matchLabels: { role: 'limits' } }, parameterNotFoundAction: 'Deny' }),
  params('by name in another namespace', { name: 'limits-NAMESPACE', namespace: 'default', parameterNotFoundAction: 'Deny' }),
  params('not found is a refusal', { name: 'nothing', parameterNotFoundAction: 'Deny' }),
  params('not found is let pass', { name: 'nothing', parameterNotFoundAction: 'Allow' }),
  params('no match is a refusal', { selector: { matchLabels: { role: 'nothing' } }, parameterNotFoundAction: 'Deny' }),
  params(
    'no match, where failures are ignored',
    { selector: { matchLabels: { role: 'nothing' } }, parameterNotFoundAction: 'Deny' },
    { failurePolicy: 'Ignore' },
  ),
  params(
    'in conditions, variables and annotations',
    { name: 'limits', parameterNotFoundAction: 'Deny' },
    {
      matchConditions: [
        { name: 'has-most', expression: 'params.data.most == "2" && params.kind == "ConfigMap" && params.apiVersion == "v1"' },
      ],
      variables: [{ name: 'most', expression: 'int(params.data.most)' }],
      validations: [{ expression: 'variables.most < int(object.data.a)', messageExpression: '"most " + string(variables.most)' }],
      auditAnnotations: [{ key: 'most', valueExpression: 'string(params.data.most)' }],
    },
  ),
  params(
    'unknown kind',
    { name: 'x', parameterNotFoundAction: 'Deny' },
    { paramKind: { apiVersion: 'nothing.dev/v1', kind: 'Nothing' } },
    false,
  ),
  ...['Fail', 'Ignore'].flatMap((failurePolicy): Case[] => [
    {
      what: `errors: ${failurePolicy}`,
      policy: {
        failurePolicy,
        validations: [
          { expression: 'object.data.a == "1"' },
          { expression: 'object.data.nothing == "1"', message: 'unused' },
          { expression: 'object == null' },
        ],
        auditAnnotations: [
          { key: 'good', valueExpression: 'request.name' },
          { key: 'empty', valueExpression: '"  "' },
          { key: 'none', valueExpression: 'null' },
          { key: 'bad', valueExpression: 'string(object.data.nothing)' },
        ],
      },
      bindings: [warns],
      before: old,
      requests: all,
    },
    {
      what: `errors of conditions: ${failurePolicy}`,
      policy: {
        failurePolicy,
        matchConditions: [
          { name: 'one', expression: 'object.data.nothing == "1"' },
          { name: 'two', expression: 'object.data.a == "1"' },
          { name: 'three', expression: 'object.data.other == "1"' },
        ],
        validations: denies,
      },
      before: old,
      requests: all,
    },
    {
      what: `the cost of one: ${failurePolicy}`,
      policy: {
        failurePolicy,
        validations: [
          {
            expression:
              '"x".matches("^x*$") && [1,2,3,4,5,6,7,8,9,0].all(a, [1,2,3,4,5,6,7,8,9,0].all(b, [1,2,3,4,5,6,7,8,9,0].all(c, [1,2,3,4,5,6,7,8,9,0].all(d, [1,2,3,4,5,6,7,8,9,0].all(e, [1,2,3,4,5,6,7,8,9,0].all(f, a+b+c+d+e+f >= 0))))))',
          },
        ],
      },
      requests: (namespace) => [creates(map(namespace, 'new'))],
    },
  ]),
  {
    what: 'conditions that exclude',
    policy: { matchConditions: [{ name: 'not-delete', expression: ' request.operation != "DELETE" ' }], validations: denies },
    before: old,
    requests: all,
  },
  {
    what: 'variables: in order, of each other, failing, unused, anew',
    policy: {
      variables: [
        { name: 'data', expression: 'object.?data.orValue({})' },
        { name: 'count', expression: 'variables.data.size()' },
        { name: 'broken', expression: 'object.nothing.at' },
        { name: 'through', expression: 'variables.broken' },
        { name: 'again', expression: '1' },
        { name: 'again', expression: '"later"' },
        { name: 'unused', expression: '1 / 0' },
        { name: 'optional', expression: 'object.?nothing' },
        { name: 'quantity', expression: 'quantity("1k")' },
      ],
      validations: [
        { expression: 'variables.count > 5', messageExpression: '"count " + string(variables.count)' },
        { expression: 'variables.broken == 1' },
        { expression: 'variables.through == 1' },
        { expression: 'variables.again != "later"', messageExpression: 'variables.again' },
        { expression: 'variables.optional.hasValue()', messageExpression: 'string(variables.optional.hasValue())' },
        { expression: 'variables.quantity.isGreaterThan(quantity("2k"))', messageExpression: 'string(variables.quantity.asInteger())' },
        { expression: 'has(variables.broken) || true' },
      ],
    },
    bindings: [warns],
    before: old,
    requests: all,
  },
  {
    what: 'messages',
    policy: {
      validations: [
        ...[
          '""',
          '"  a  "',
          '"a\\nb"',
          '"\\n a \\n"',
          'string(object.data.nothing)',
          '"x".replace("x", string(object.data.a)) + "…é😀"',
          `"${'x'.repeat(5_200)}"`,
        ].map((messageExpression) => ({ expression: ' false ', message: ' said ', messageExpression })),
        { expression: ' false && true ' },
        { expression: 'false', message: '\n m \n' },
        { expression: 'true', messageExpression: 'string(object.nothing)' },
      ],
    },
    bindings: [{ validationActions: ['Warn'] }],
    requests: (namespace) => [creates(map(namespace, 'new', { a: 'z' }))],
  },
  ...['Forbidden', 'Invalid', 'RequestEntityTooLarge'].map(
    (reason): Case => ({
      what: `the reason ${reason}`,
      policy: { validations: [{ expression: 'true' }, { expression: 'object != null', reason, message: 'why' }] },
      before: old,
      requests: all,
    }),
  ),
  ...[['Deny'], ['Warn'], ['Audit'], ['Deny', 'Audit'], ['Warn', 'Audit']].map(
    (validationActions): Case => ({
      what: `the actions ${validationActions}`,
      policy: {
        validations: [...denies, { expression: 'false', message: 'nor this: <&>\u2028"é' }],
        auditAnnotations: [{ key: 'k', valueExpression: '"v"' }],
      },
      bindings: [{ validationActions }],
      before: old,
      requests: all,
    }),
  ),
  {
    what: 'annotations of several bindings',
    policy: { paramKind: CONFIG, auditAnnotations: [{ key: 'k', valueExpression: 'params == null ? "none" : string(params.data.most)' }] },
    bindings: ['limits', 'more', 'same'].map((name) => ({ paramRef: { name, parameterNotFoundAction: 'Allow' } })),
    before: (namespace) => [
      map(namespace, 'limits', { most: '2' }),
      map(namespace, 'more', { most: '3' }),
      map(namespace, 'same', { most: '3' }),
    ],
    requests: (namespace) => [creates(map(namespace, 'new'))],
  },
  {
    what: 'an annotation that is too long',
    policy: { auditAnnotations: [{ key: 'k', valueExpression: 'string(object.data.a) + string(object.data.a)' }] },
    requests: (namespace) => [creates(map(namespace, 'new', { a: 'é'.repeat(5_000) }))],
  },
  shows(
    'the request',
    ...[
      'dyn(request.kind)',
      'dyn(request.resource)',
      'dyn(request.requestKind)',
      'request.userInfo.groups',
      'dyn(request.options)',
      'dyn(request)',
    ].map((each) => `"%s".format([${each}])`),
  ),
  shows(
    'names',
    'request.name',
    'request.namespace',
    'request.operation',
    'string(request.dryRun)',
    'request.userInfo.username',
    'string(has(request.userInfo.uid))',
    'string(has(request.subResource))',
  ),
  shows(
    'objects',
    'string(object == null)',
    'string(oldObject == null)',
    'string(object.metadata.name)',
    'string(oldObject.metadata.labels.was)',
    '"%s".format([object.data])',
  ),
  shows(
    'the namespace',
    'namespaceObject.metadata.name',
    '"%s".format([namespaceObject.metadata.labels])',
    '"%s".format([dyn(namespaceObject)])',
    'string(namespaceObject.metadata.creationTimestamp)',
    'namespaceObject.status.phase',
    'string(has(namespaceObject.metadata.deletionTimestamp))',
  ),
]
