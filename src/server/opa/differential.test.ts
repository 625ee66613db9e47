// The same requests to opa's server and to ours. Long, since it is lists of requests: each stands beside what came before it.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { gzipSync } from 'node:zlib'
import { findOpa, OpaServer } from '../../../test/kit/opa.ts'
import { startService } from '../../../test/kit/rego-service.ts'
import { ask, type Received, type Sent } from '../../../test/kit/rest.ts'
import type { ServiceOptions } from './service.ts'

const found = findOpa()
const skip = 'why' in found ? found.why : false
const opa = 'path' in found ? found.path : ''

const MODULES = {
  'p.rego': `package a.b

default allow := false
allow if input.user == "alice"
s contains x if some x in [3, 1]
u if input.nope
err := 1 / 0
conflict := 1 if true
conflict := 2 if input.c
f(x) := x + 1
big := 12345678901234567890123
o := {1: "x", [2]: "y"}
html := "<&>"
seen := input
`,
  'sys.rego': 'package system\n\nmain := {"hi": input.user} if input.user != "nobody"\n',
  'health.rego': 'package system.health\n\nlive if input.plugins_ready\nready := 1\n',
}

/** Sends the same to both, in order, and holds the answers against each other. */
async function compare(
  requests: readonly Sent[],
  modules: Readonly<Record<string, string>>,
  flags: readonly string[],
  options: Partial<ServiceOptions> = {},
) {
  const folder = mkdtempSync(join(tmpdir(), 'thymus-rest-'))
  for (const [name, text] of Object.entries(modules)) writeFileSync(join(folder, name), text)
  const theirs = await OpaServer.start(opa, 'v1', [...flags, ...Object.keys(modules)], folder)
  const ours = await startService(modules, options)
  try {
    const differences: string[] = []
    for (const sent of requests) {
      const expected = shown(await ask(theirs.socket, sent))
      const actual = shown(await ask(ours.socket, sent))
      if (!isDeepStrictEqual(actual, expected))
        differences.push(
          `${sent.method} ${sent.path} ${sent.body ?? ''}\n  opa  ${JSON.stringify(expected)}\n  ours ${JSON.stringify(actual)}`,
        )
    }
    assert.ok(differences.length === 0, `${differences.length} of ${requests.length} differ\n${differences.join('\n')}`)
    assert.deepEqual(ours.said, [])
  } finally {
    theirs.stop()
    await ours.stop()
    rmSync(folder, { recursive: true })
  }
}

/** What is the same in both: not ids, times and metrics, nor the texts of evaluations that failed, nor what OPA adds to its errors. */
function shown({ status, headers, body }: Received): object {
  const type = headers['content-type']
  const rest = { status, type, location: headers.location, allow: headers.allow }
  if (type !== 'application/json') return { ...rest, body: body.includes('Build Hostname') || body.includes('Thymus') ? 'index' : body }
  const document: unknown = JSON.parse(body, (key, value) => {
    if (key === 'errors') return errors(value)
    if (key === 'metrics' || key === 'decision_id' || key === 'provenance') return typeof value
    return key === 'result' && Array.isArray(value) && value[0]?.raw ? value.toSorted((a, b) => (a.id < b.id ? -1 : 1)) : value
  })
  const isEvaluation = body.includes('"eval_')
  // byte for byte, but for what was taken out
  return { ...rest, document, body: /"(?:errors|metrics|decision_id|provenance|ast|raw)"/.test(body) || isEvaluation ? '' : body }
}

/** OPA finds `_` unsafe beside a variable that is, since it puts the value of a query into one. */
function errors(list: readonly Record<string, unknown>[]): readonly object[] {
  return list
    .filter(({ message }) => message !== 'var _ is unsafe')
    .map(({ code, message, location, details }) => {
      // our errors of builtins have no place
      if (code === 'eval_builtin_error') return { code }
      return code === 'eval_conflict_error'
        ? { code, location }
        : { code, message, location, ...(code === 'rego_type_error' && { details }) }
    })
}

const get = (path: string): Sent => ({ method: 'GET', path })
const post = (path: string, body: string, headers = {}): Sent => ({ method: 'POST', path, body, headers })
const put = (path: string, body: string, headers = {}): Sent => ({ method: 'PUT', path, body, headers })
const patch = (path: string, ...steps: object[]): Sent => ({ method: 'PATCH', path, body: JSON.stringify(steps) })
const remove = (path: string): Sent => ({ method: 'DELETE', path })
const YAML = { 'Content-Type': 'application/x-yaml' }

test('documents are answered as OPA answers them', { skip }, () =>
  compare(
    [
      ...['', '/a', '/a/b', '/a/b?pretty', '/a/b/allow', '/a/b/u', '/a/b/nope', '/a/b/big', '/a/b/o', '/a/b/html', '/a/b/f'].map((path) =>
        get(`/v1/data${path}`),
      ),
      ...['?pretty=TRUE', '?pretty=no', '?pretty=&x', '?metrics', '?instrument=true', '?provenance', '?pretty=true&pretty=false'].map(
        (query) => get(`/v1/data/a/b/allow${query}`),
      ),
      ...['%7B', '1%202', '', 'null', '%7B%22user%22%3A%22alice%22%7D', '%zz', '[1', '01', '{"a":1}x', '"\\q"'].map((input) =>
        get(`/v1/data/a/b/seen?input=${input.replaceAll('"', '%22').replaceAll(' ', '%20').replaceAll('\\', '%5C')}`),
      ),
      get('/v1/data/a/b/allow?input={};input=1'),
      get('/v1/data/a/b/seen?input=1&input=2'),
      ...[
        '',
        '{}',
        'null',
        '{"input":null}',
        '{"input":1} xx',
        '{"INPUT":{"user":"alice"},"x":1}',
        '{"input":',
        '[1]',
        '"x"',
        '12',
        'true',
        '{"input": x}',
        '{"input":"\\ud800"}',
      ].map((body) => post('/v1/data/a/b/seen', body)),
      ...[
        'tru',
        'nul',
        'falsy',
        '-',
        '-a',
        '1.',
        '1.x',
        '1e',
        '1e+',
        '1ex',
        '"a',
        '"a\n"',
        '"\\u12g4"',
        '"\\x"',
        '{',
        '{"a"',
        '{"a":',
        '{"a":1',
        '{"a":1,',
        '{"a":1,}',
        '{1:2}',
        '[1,]',
        '[,',
        '[1 2]',
        '{"a" 1}',
        "{'a':1}",
        '\\',
        '\u007f',
        ']',
        '  ',
      ].flatMap((body) => [post('/v1/data/a/b/seen', body), put('/v1/data/z', body)]),
      post('/v1/data/a/b/seen', 'input:\n  user: alice\n', YAML),
      post('/v1/data/a/b/seen', '', YAML),
      { ...post('/v1/data/a/b/allow', ''), body: gzipSync('{"input":{"user":"alice"}}'), headers: { 'Content-Encoding': 'gzip' } },
      post('/v1/data/a/b/conflict', '{"input":{"c":1}}'),
      post('/v1/data/a/b/conflict?pretty', '{"input":{"c":1}}'),
      post('/v1/data/a/b/err', '{}'),
      post('/v1/data/a/b/err?strict-builtin-errors', '{}'),
      post('/v1/data?strict-builtin-errors=true', '{"input":1}'),
      ...[
        'a%2Fb/x',
        'a/%22',
        'a/0',
        'a/b/s/0',
        'a/b/s/3',
        'a/b/o/1',
        'a/b/-1',
        'a/b/+1',
        'a/b/1.0',
        'a/b/allow/x',
        '%zz',
        'a%00b',
        '%C3%A9',
      ].map((path) => get(`/v1/data/${path}`)),
    ],
    MODULES,
    [],
  ),
)

test('paths, methods and redirects are those of OPA', { skip }, () =>
  compare(
    [
      ...[
        '/',
        '/x',
        '/v1',
        '/v1/',
        '/v2/data',
        '/v1/data/',
        '/v1/data/a/',
        '/v1/data//a',
        '/v1/data/../x',
        '/v1/data/./a',
        '//v1/data',
        '/v1/dataa',
        'http://opa:8181/v1/data/a',
        'HTTP://opa/v1//data?pretty',
        'https://opa?pretty',
        'http:///health',
        '/health',
        '/health?bundles&plugins',
        '/health/live',
        '/health/ready',
        '/health/nope',
        '/health/a%22',
        '/v1/status',
        '/v1/query/x',
        '/v1/config/',
        '/v1/policies/',
      ].map(get),
      ...['/', '/health', '/v1/data', '/v1/policies', '/v1/query', '/v1/config', '/v1/data/a', '/v0/data', '/v1/status', '/nope'].flatMap(
        (path) => ['HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND'].map((method) => ({ method, path })),
      ),
      ...['{"user":1}', '', '{', '{"user":"nobody"}'].map((body) => post('/', body)),
      ...['a/b/allow', 'a/b/u', 'a/b/nope', 'a', '', 'a/b/u/x', 'a/b/f'].map((path) => post(`/v0/data/${path}`, '{"user":"alice"}')),
      post('/v0/data/a/b/seen', 'a: [1]', YAML),
      post('/v0/data/a/b/seen?pretty', '{"a":[1,{}]}'),
      get('/v0/data/a'),
    ].filter(({ method, path }) => !(method === 'DELETE' && path === '/v1/data/a')),
    MODULES,
    [],
  ),
)

test('base data is written as OPA writes it', { skip }, () =>
  compare(
    [
      put('/v1/data/k', '{"a":[1,2]}'),
      put('/v1/data/k/a/0', '7'),
      ...['5', 'x', '-', '2', '0/z', '0/z/y', '9/z'].map((path) => put(`/v1/data/k/a/${path}`, '7')),
      put('/v1/data/m/n/o', '{"p":1}'),
      put('/v1/data/m/n/o/p/q', '1'),
      put('/v1/data/a/b/allow', '7'),
      put('/v1/data/a/b/s', '7'),
      put('/v1/data/a', '{"c":1}'),
      put('/v1/data', '7'),
      put('/v1/data', '{"a":{"b":{"allow":1}}}'),
      put('/v1/data/k', '1', { 'If-None-Match': '*' }),
      put('/v1/data/%zz', '7'),
      put('/v1/data/x%2Fy/z?metrics', '7'),
      put('/v1/data/x/%22/z', '"quoted"'),
      get('/v1/data'),
      patch(
        '/v1/data/k',
        { op: 'add', path: '/a/-', value: 9 },
        { op: 'remove', path: 'a/0' },
        { op: 'replace', path: 'a/0', value: null },
      ),
      patch('/v1/data/k', { op: 'add', path: '/q/w', value: 9 }),
      patch('/v1/data/k', { op: 'move', path: '/q' }),
      patch('/v1/data/k', { op: 'add', path: '/a~1b', value: 1 }, { op: 'add', path: '/c~01', value: 1 }),
      patch('/v1/data/k', { op: 'add', path: '/t', value: 1 }, { op: 'remove', path: '/nope' }),
      patch('/v1/data/k', { op: 'replace', path: '/a/17', value: 1 }),
      patch('/v1/data/k', { op: 'remove', path: '/a/-' }),
      patch('/v1/data/k', { op: 'add', path: '/%zz', value: 1 }),
      patch('/v1/data/k', { op: 1, path: '/a' }),
      patch('/v1/data/k', { op: 'add', path: 5 }),
      patch('/v1/data', { op: 'remove', path: '' }),
      patch('/v1/data', { op: 'add', path: '/', value: 3 }),
      patch('/v1/data', { op: 'replace', path: '/zz', value: 1 }),
      patch('/v1/data', { op: 'add', path: '/a/b/s', value: 1 }),
      ...['{}', '[1]', '[null]', 'null', '', '[', '3'].map((body) => ({ method: 'PATCH', path: '/v1/data/k', body })),
      put('/v1/data/system/y', '1'),
      get('/v1/data/system/y'),
      get('/v1/data'),
      ...['nope', 'k/a/x', 'k/a/99', 'k/a/0', 'k/a/0/x', 'k', 'k', '%zz'].map((path) => remove(`/v1/data/${path}`)),
      get('/v1/data'),
    ],
    MODULES,
    [],
  ),
)

const ANNOTATED = `# METADATA
# title: all
# authors:
# - a <b@c.d>
# custom:
#  a: 1
package ann

import data.a.b as c

# METADATA
# description: one
# entrypoint: true
# related_resources:
# - https://x.y
p contains x if {
	some x in c.s
	every y in [1, 2] { y < x }
	not c.f(x) == 3
	z := [v | v := x]
	count(z) == 1 with input.a as {"b": {1}}
} # said
`

test('policies are put, shown and removed as by OPA', { skip }, () =>
  compare(
    [
      get('/v1/policies'),
      put('/v1/policies/q', 'package q\nx := 1'),
      put('/v1/policies/q?pretty', 'package q\nx := 1'),
      put('/v1/policies/q?metrics', 'package q\nx := 2'),
      get('/v1/data/q'),
      get('/v1/policies/q'),
      get('/v1/policies/q?pretty'),
      put('/v1/policies/a%2Fb/c', 'package abc\ny := data.q.x'),
      get('/v1/policies/a/b/c'),
      get('/v1/data/abc/y'),
      ...[
        'package q\nx = ',
        '',
        '# only a comment',
        'x := 1',
        'package q\ny := z',
        'package q\nf(x) := x\ny := f(1, 2)',
        'package q\np if p',
        'package a.b\ndefault allow := true',
        'package q.x.y\nz := 1',
        '\u0000',
      ].map((text) => put('/v1/policies/bad', text)),
      put('/v1/data/base', '{"x":1}'),
      put('/v1/policies/bad', 'package base\nx := 1'),
      put('/v1/policies/good', 'package base\ny := 1'),
      get('/v1/data/base'),
      put('/v1/policies/ann', ANNOTATED),
      get('/v1/policies/ann'),
      get('/v1/policies/nope'),
      remove('/v1/policies/nope'),
      remove('/v1/policies/q'),
      get('/v1/data/abc'),
      get('/v1/data/q'),
      put('/v1/policies/', 'package q'),
      put('/v1/policies/fn', 'package fn\nf(x) := x'),
      put('/v1/policies/uses', 'package uses\ny := data.fn.f(1)'),
      remove('/v1/policies/fn'),
      get('/v1/policies'),
    ],
    MODULES,
    [],
  ),
)

test('queries are answered as OPA answers them', { skip }, () =>
  compare(
    [
      ...[
        '',
        '?q=',
        '?q=x%3D1',
        '?q=x%3D1;input.y',
        '?q=x%3D%3D1',
        '?q=%7B',
        '?q=true&q=false',
        '?q=1',
        '?q=x',
        '?q=data.a.b.s[i]&pretty',
        '?q=input',
        '?q=%23c',
        '?q=x:=1%3Bx%3D2',
      ].map((query) => get(`/v1/query${query}`)),
      ...[
        { query: 'x := input.a; y = data.a.b[z]', input: { a: 1 } },
        { query: '1/0' },
        { query: 'true' },
        { query: 'data.a.b.nope' },
        { query: 1 },
        { QUERY: 'x = 1' },
        {},
        { query: 'http.send({}, x)' },
        { query: 'data.a.b.conflict', input: { c: 1 } },
        { query: 'data.a.b.f("x", y)' },
        { query: 'nope(1)' },
        { query: '{x | x := 1}' },
        { query: '_ = 1; [a, _] = [1, 2]' },
        { query: 'some i; data.a.b.s[i] = v' },
        { query: 'import data.a' },
        { query: 'package a' },
        { query: 'p if true' },
        [],
      ].map((body) => post('/v1/query', JSON.stringify(body))),
      ...['', 'null', '{', '7'].map((body) => post('/v1/query', body)),
    ],
    MODULES,
    [],
  ),
)

const AUTHZ = `package system.authz

default allow := {"allowed": false, "reason": "go away"}
allow := true if input.identity == "secret"
allow := {"allowed": true} if input.path == ["v1", "data", "open"]
allow := false if input.path[1] == "policies"
allow := {"x": 1} if input.path[2] == "odd"
allow := input.body.input.ok if input.body.input.ok
allow := true if {input.method == "GET"; input.params.all == [""]; input.path[0] == "v1"}
allow := 1 / input.headers["X-Number"][0] if input.path[0] == "err"
`

test('requests are authorized as by OPA', { skip }, () =>
  compare(
    [
      ...[
        '/v1/data',
        '/v1/data/open',
        '/v1/policies',
        '/v1/policies/a%2Fb',
        '/v1/data/odd',
        '/health',
        '/',
        '/v1/data/x?all',
        '/nope',
        '/v1/data//a',
      ].map(get),
      ...['Bearer secret', 'Bearer other', 'bearer secret', 'Bearer  secret', 'Basic secret', 'Bearer secret x'].map((Authorization) => ({
        ...get('/v1/data'),
        headers: { Authorization },
      })),
      ...['{"input":{"ok":true}}', '{"input":{"ok":false}}', '{"input":{"ok":1}}', '', '{', '[1]', '{"input":{"ok":true}} x'].map((body) =>
        post('/v1/data/a/b/seen', body),
      ),
      post('/v1/data/a/b/seen', 'input: {ok: true}', YAML),
      ...['{"input":null}', '{}', '[]', '3', '{"Input":1}'].map((body) =>
        post('/v1/data/a/b/seen', body, { Authorization: 'Bearer secret' }),
      ),
      ...['{"query":"x = 1"}', '{"query":1}', '[]', ''].map((body) => post('/v1/query', body, { Authorization: 'Bearer secret' })),
      ...['{"user":1}', ''].map((body) => post('/', body, { Authorization: 'Bearer secret' })),
    ],
    { ...MODULES, 'authz.rego': AUTHZ },
    ['--authentication=token', '--authorization=basic'],
    { authentication: 'token', authorization: 'basic' },
  ),
)

test('without a policy nobody is authorized', { skip }, () =>
  compare([get('/v1/data'), get('/health'), post('/v1/data', '{"input":1}')], MODULES, ['--authorization=basic'], {
    authorization: 'basic',
  }),
)

const MASKS = `package system.log

mask contains "/input/password"

mask contains "/result/secret"

mask contains "/input/list/1"

mask contains "/input/a b"

mask contains {"op": "upsert", "path": "/input/q/deep", "value": [1]} if input.input.q

mask contains {"op": "upsert", "path": "/result/list/0", "value": "x"}

mask contains {"op": "remove", "path": "/input/%2E"}

mask contains "/input" if input.input.all

mask contains "/wrong" if input.input.wrong

mask contains {"op": "move", "path": "/input"} if input.input.move

drop if input.input.drop

drop if {
	input.error.code == "eval_conflict_error"
	input.input.hide
}
`

test('decisions are logged as by OPA, masked and dropped by the same rules', { skip }, async () => {
  const inputs = [
    '{"password":1,"list":[1,2,3],"q":{},"a b":1}',
    '{"all":1}',
    '{"wrong":1}',
    '{"move":1}',
    '{"drop":true}',
    '3',
    'null',
    '{"c":1}',
    '{"c":1,"hide":1}',
    '{"c":{}}',
    '{"q":1}',
    '{"list":[]}',
    '{".":1}',
  ]
  const requests = [
    ...inputs.map((input) => post('/v1/data/a/b', `{"input":${input},"meta":{"x":1}}`)),
    ...inputs.map((input) => post('/v0/data/a/b/seen', input)),
    ...inputs.map((input) => post('/v1/query', `{"query":"x := input; data.a.b.s[_] = y","input":${input}}`)),
    ...['/v1/data/a/b/u', '/v1/data/a/%22', '/v1/data/a/0', '/v1/data/r', '/v1/query?q=1==', '/v1/data?input={'].map(get),
    post('/', ''),
    post('/v1/data/r', '{"input":{"secret":1}}'),
    post('/v1/data/a/b/err?strict-builtin-errors', '{"input":1}'),
  ]
  const folder = mkdtempSync(join(tmpdir(), 'thymus-rest-'))
  const modules = { ...MODULES, 'mask.rego': MASKS, 'r.rego': 'package r\n\nsecret := 1\n\nlist := [1, 2]\n' }
  for (const [name, text] of Object.entries(modules)) writeFileSync(join(folder, name), text)
  const theirs = await OpaServer.start(opa, 'v1', ['--set=decision_logs.console=true', ...Object.keys(modules)], folder)
  const ours = await startService(modules, { logged: true })
  try {
    for (const sent of requests) {
      await ask(theirs.socket, sent)
      await ask(ours.socket, sent)
    }
    for (let tries = 0; theirs.lines('Decision Log').length < ours.lines.length && tries < 100; tries++) await sleep(20)
    assert.deepEqual(ours.lines.map(decision), theirs.lines('Decision Log').map(decision))
  } finally {
    theirs.stop()
    await ours.stop()
    rmSync(folder, { recursive: true })
  }
})

/** What is the same in both. */
function decision(line: string): object {
  const { labels, metrics, decision_id, timestamp, time, error, ...rest } = JSON.parse(line) as Record<string, unknown>
  assert.match(String(timestamp), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/)
  assert.match(String(time), /^[\d-]{10}T[\d:]{8}Z$/)
  // the texts of evaluations that failed are our own
  const isEvaluation = String(error).includes(' eval_') || String(error).startsWith('eval_')
  return { ...rest, kinds: [labels, metrics, decision_id].map((each) => typeof each), error: isEvaluation ? true : error }
}
