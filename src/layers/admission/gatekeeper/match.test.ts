import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Match, Matchable, MatchError, matches, matchesPattern } from './match.ts'

const POD = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web-1', namespace: 'shop', labels: { app: 'web' } } }
const ROLE = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: 'admin' } }
const NAMESPACE = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', labels: { team: 'a' } } }
const GENERATED = { apiVersion: 'v1', kind: 'Pod', metadata: { generateName: 'web-', namespace: 'shop' } }

const of = (object: object, more: Partial<Pick<Matchable, 'namespace' | 'source'>> = {}) => {
  const { namespace, source } = { namespace: undefined, source: 'Original' as const, ...more }
  return new Matchable(object as Matchable['object'], namespace, source)
}
const team = [{ key: 'team', operator: 'In', values: ['a'] }] as const

const cases: readonly (readonly [what: string, match: Match, target: Matchable, matched: boolean])[] = [
  ['nothing said is everything', {}, of(POD), true],
  ['a kind of a group', { kinds: [{ apiGroups: [''], kinds: ['Pod'] }] }, of(POD), true],
  ['a kind of another group', { kinds: [{ apiGroups: ['apps'], kinds: ['Pod'] }] }, of(POD), false],
  ['any kind of a group', { kinds: [{ apiGroups: ['rbac.authorization.k8s.io'], kinds: ['*'] }] }, of(ROLE), true],
  ['one of two', { kinds: [{ kinds: ['Job'] }, { kinds: ['Pod'] }] }, of(POD), true],
  ['cluster scope', { scope: 'Cluster' }, of(ROLE), true],
  ['a Namespace is of the cluster', { scope: 'Cluster' }, of(NAMESPACE, { namespace: NAMESPACE }), true],
  ['cluster scope of a Pod', { scope: 'Cluster' }, of(POD), false],
  ['namespaced', { scope: 'Namespaced' }, of(POD), true],
  ['a Namespace is not in one', { scope: 'Namespaced' }, of(NAMESPACE), false],
  ['a scope that is none', { scope: 'namespaced' }, of(ROLE), true],
  ['a namespace by its beginning', { namespaces: ['sh*'] }, of(POD), true],
  ['another namespace', { namespaces: ['shop-2'] }, of(POD), false],
  ['a namespace says nothing of the cluster', { namespaces: ['x'] }, of(ROLE), true],
  ['a Namespace is meant by its name', { namespaces: ['shop'] }, of(NAMESPACE), true],
  ['excluded by its end', { excludedNamespaces: ['*op'] }, of(POD), false],
  ['excluded says nothing of the cluster', { excludedNamespaces: ['*'] }, of(ROLE), true],
  ['labels', { labelSelector: [{ key: 'app', operator: 'Exists', values: [] }] }, of(POD), true],
  ['a label that is not there is NotIn', { labelSelector: [{ key: 'x', operator: 'NotIn', values: ['y'] }] }, of(POD), true],
  ['labels of the namespace', { namespaceSelector: team }, of(POD, { namespace: NAMESPACE }), true],
  ['its own labels, of a Namespace', { namespaceSelector: team }, of(NAMESPACE), true],
  ['a namespace selector says nothing of the cluster', { namespaceSelector: team }, of(ROLE), true],
  ['a name', { name: 'web-*' }, of(POD), true],
  ['a name that is yet to be made', { name: 'web-*' }, of(GENERATED), true],
  ['an exact name says nothing of it', { name: 'web-' }, of(GENERATED), false],
  ['generated only', { source: 'Generated' }, of(POD), false],
  ['of any source', { source: 'All' }, of(POD, { source: undefined }), true],
]
for (const [what, match, target, matched] of cases) test(what, () => assert.equal(matches(match, target), matched))

test('what cannot be told is an error, so that it does not pass', () => {
  assert.throws(() => matches({ namespaceSelector: team }, of(POD)), MatchError)
  assert.throws(() => matches({ source: 'Original' }, of(POD, { source: undefined })), MatchError)
  assert.throws(() => matches({ source: 'Else' }, of(POD)), MatchError)
})

test('patterns', () => {
  const table: readonly (readonly [pattern: string, text: string, matched: boolean])[] = [
    ['a', 'a', true],
    ['a', 'ab', false],
    ['a*', 'ab', true],
    ['*b', 'ab', true],
    ['*b*', 'abc', true],
    ['*', '', true],
    ['**', 'x', true],
    ['a*c', 'abc', false],
    ['a.c*', 'abc', false],
  ]
  for (const [pattern, text, matched] of table) assert.equal(matchesPattern(pattern, text), matched, `${pattern} ${text}`)
})
