// Kinds that come and go, as custom resources do.
import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import test, { type TestContext } from 'node:test'
import { served } from '../../../test/kit/api-server.ts'
import { eventually } from '../../../test/kit/serving.ts'
import { loadAdmission } from '../../layers/admission/loading.ts'
import { readObjects } from '../../layers/admission/manifests/document.ts'
import { ToldCluster } from '../../server/admission/known-cluster.ts'
import { surroundings } from '../../server/surroundings.ts'
import { clusterOf } from './cluster.ts'

const LIMIT = { apiVersion: 'ex.io/v1', kind: 'Limit' }
const POLICY = `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: p}
spec:
  paramKind: {apiVersion: ex.io/v1, kind: Limit}
  matchConstraints: {resourceRules: [{apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [services]}]}
  validations: [{expression: 'false'}]
`

/** A cluster with the kind Limit, where it is `there`, and what a judge is told of it. */
async function start(t: TestContext) {
  const limits = { there: true, plural: 'limits', namespaced: false }
  const watches = new Set<ServerResponse>()
  const client = await served(t, (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'https://a')
    const send = (value: object, status = 200) =>
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value))
    const items = (...names: string[]) => send({ metadata: { resourceVersion: '1' }, items: names.map((name) => ({ metadata: { name } })) })
    const { there, plural, namespaced } = limits
    if (pathname.startsWith('/apis/ex.io/') && !there) return send({ message: 'no such resource' }, 404)
    if (searchParams.has('watch')) {
      response.writeHead(200, { 'Content-Type': 'application/json' }).flushHeaders()
      watches.add(response)
    } else if (pathname === '/api/v1') send({ resources: [{ kind: 'Namespace', name: 'namespaces', namespaced: false, verbs: [] }] })
    else if (pathname === '/api/v1/namespaces') items('default')
    else if (pathname === '/apis/ex.io/v1') send({ resources: [{ kind: 'Limit', name: plural, namespaced, verbs: [] }] })
    else if (pathname === `/apis/ex.io/v1/${plural}`) items('l')
    else send({ message: 'no such path' }, 404)
  })
  const notes: string[] = []
  const cluster = clusterOf(client, false, (text) => void notes.push(text))
  t.after(() => cluster.stop())
  const judge = new ToldCluster(
    loadAdmission(readObjects({ file: 'p.yaml', text: POLICY }).objects, { surroundings }),
    () => performance.now(),
    false,
  )
  /** What a policy with parameters sees. */
  const seen = () => {
    const found = judge.params(LIMIT)
    return found && [found.scope, found.objects.length]
  }
  const tell = () =>
    cluster.watch(
      (changes) => {
        // All objects come with their kind: a part of them would be taken for all.
        for (const change of changes) judge.tell(change)
        assert.notEqual(judge.params(LIMIT)?.objects.length, 0)
      },
      () => {},
    )
  const remove = () => {
    limits.there = false
    for (const watch of watches) watch.destroy()
  }
  return { limits, notes, cluster, judge, seen, tell, remove }
}

test('a kind that is gone is gone for its judges, is told, and is followed again when it comes back', async (t) => {
  const { limits, notes, cluster, judge, seen, tell, remove } = await start(t)
  await cluster.follow([LIMIT])
  for (const change of cluster.snapshot()) judge.tell(change)
  tell()
  assert.deepEqual(seen(), ['Cluster', 1])
  await eventually('it is current', async () => cluster.age() === 0)
  remove()
  await eventually('it is gone', async () => seen() === undefined)
  assert.deepEqual(notes, ['the cluster has no Limit of ex.io/v1: policies see none until it has'])
  assert.ok(cluster.age() > 0)
  assert.ok(!cluster.snapshot().some((change) => 'kind' in change && change.kind === LIMIT.kind))
  // Under another name and scope, as whoever makes it anew may choose.
  Object.assign(limits, { there: true, plural: 'bounds', namespaced: true })
  await eventually('it is back', async () => seen() !== undefined)
  assert.deepEqual(seen(), ['Namespaced', 1])
  assert.deepEqual(notes.slice(1), ['the cluster has Limit of ex.io/v1 now'])
  await eventually('it is current', async () => cluster.age() === 0)
})

test('a kind that is not there at first is looked for until it is, or nobody wants it', async (t) => {
  const { limits, notes, cluster, seen, tell } = await start(t)
  const other = { apiVersion: 'ex.io/v1', kind: 'Other' }
  limits.there = false
  await cluster.follow([LIMIT, other])
  tell()
  assert.equal(notes.length, 2)
  limits.there = true
  await eventually('it is there', async () => seen() !== undefined)
  assert.ok(cluster.age() > 0, 'the other is not')
  await cluster.follow([LIMIT])
  await eventually('nobody wants the other', async () => cluster.age() === 0)
  assert.deepEqual(notes.slice(2), ['the cluster has Limit of ex.io/v1 now'])
})
