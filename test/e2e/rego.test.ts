// The engine by itself, as its users type it: no agent, no privilege.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { thymus } from '../kit/cli.ts'

const folder = mkdtempSync(join(tmpdir(), 'thymus-rego-'))
after(() => rmSync(folder, { recursive: true }))
const file = (name: string, text: string) => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

const policy = file(
  'policy.rego',
  `package authz

default allow := false

allow if {
	some role in data.roles[input.user]
	role == "admin"
}

allow if input.path == "/health"

limit := input.n + 1
`,
)
const roles = file('roles.json', '{"roles": {"ann": ["admin"], "bob": ["user"]}}')
const bob = file('bob.json', '{"user": "bob", "path": "/x", "n": 18446744073709551616}')
const rego = (...words: string[]) => thymus(['rego', ...words], { env: process.env })

describe('thymus rego eval', () => {
  test('gives the answer, numbers to their last digit', async () => {
    const { stdout, status } = await rego(
      'eval',
      '-f',
      'values',
      '-d',
      policy,
      '-d',
      roles,
      '-i',
      bob,
      'data.authz.allow; data.authz.limit',
    )
    assert.deepEqual([stdout, status], ['', 0]) // false fails where there are several lines
    const limit = await rego('eval', '-f', 'raw', '-d', policy, '-i', bob, 'data.authz.limit')
    assert.equal(limit.stdout, '18446744073709551617\n')
  })

  test('is the document that opa prints', async () => {
    const { stdout } = await rego('eval', '-d', policy, '-d', roles, '-i', bob, 'x := data.authz.allow')
    assert.deepEqual(JSON.parse(stdout), {
      result: [{ expressions: [{ value: true, text: 'x := data.authz.allow', location: { row: 1, col: 1 } }], bindings: { x: false } }],
    })
  })

  test('says what is wrong, with its place, and its status is 2', async () => {
    const unsafe = await rego('eval', '-f', 'pretty', 'x + 1')
    assert.deepEqual([unsafe.status, unsafe.stderr], [2, '1 error occurred: 1:1: rego_unsafe_var_error: var x is unsafe\n'])
    const conflict = await rego('eval', '-f', 'pretty', '-d', file('c.rego', 'package c\np := 1\np := 2 if true\n'), 'data.c.p')
    assert.equal(conflict.status, 2)
    assert.match(conflict.stderr, /eval_conflict_error/)
    const builtin = await rego(
      'eval',
      '--strict-builtin-errors',
      '-d',
      file('b.rego', 'package b\n\nq if {\n\tto_number("x") > 1\n}\n'),
      'data.b.q',
    )
    assert.deepEqual(JSON.parse(builtin.stdout).errors[0].location, { file: join(folder, 'b.rego'), row: 4, col: 2 })
    assert.equal(builtin.status, 2)
  })

  test('a document that is none, and a file that is not there, are named', async () => {
    const broken = file('broken.json', '{"a": ')
    const { status, stderr } = await rego('eval', '-i', broken, 'input')
    assert.equal(status, 1)
    assert.match(stderr, /^thymus: FORMAT: .*broken\.json/)
    assert.match((await rego('eval', '-d', '/no/such.rego', 'true')).stderr, /^thymus: USAGE: there is no such file/)
  })

  test('ends where the answer is endless', async () => {
    const doubled = Array.from({ length: 44 }, (_, at) => `x${at + 1} := [x${at}, x${at}]`)
    const endless = file('endless.rego', `package m\nx0 := 1\n${doubled.join('\n')}\n`)
    for (const format of ['json', 'pretty', 'values']) {
      const { status, stdout, stderr } = await rego('eval', '-f', format, '-d', endless, 'data.m.x44')
      assert.equal(status, 2)
      assert.match(stdout + stderr, /a value too large to be written/)
    }
  })
})

describe('http.send', () => {
  const server = createServer((_, response) => response.end('hello'))
  after(() => server.close())

  test('asks whom --allow-net names, at that port, and nobody else', async () => {
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    const query = `http.send({"method": "get", "url": "http://127.0.0.1:${port}/"}).raw_body`
    const ask = (...words: string[]) => rego('eval', '-f', 'raw', '--strict-builtin-errors', ...words, query)
    assert.deepEqual((await ask('--allow-net', `example.com,127.0.0.1:${port}`)).stdout, 'hello\n')
    assert.match((await ask('--allow-net', '127.0.0.1:1')).stderr, /disallowed port/)
    assert.match((await ask()).stderr, /http\.send asks the network, which is not allowed here/)
    assert.equal((await ask('--allow-net', 'http://x/')).status, 64)
  })
})

describe('thymus rego bench', () => {
  test('counts evaluations, and their times are in order', async () => {
    const { stdout } = await rego('bench', '-f', 'json', '-d', policy, '-i', bob, 'data.authz.allow')
    const { N, T, Extra } = JSON.parse(stdout) as { N: number; T: number; Extra: Record<string, number> }
    const figure = (name: string) => Extra[`histogram_timer_rego_query_eval_ns_${name}`] ?? Number.NaN
    assert.ok(N > 100 && T >= 1e9)
    assert.ok(figure('min') <= figure('median') && figure('median') <= figure('99%') && figure('99%') <= figure('max'))
    const none = await rego('bench', '-d', policy, 'data.authz.none')
    assert.deepEqual([none.status, none.stderr], [1, '1 error occurred: undefined result\n'])
  })
})

describe('thymus rego repl', () => {
  test('answers what a pipe says, and ends with it', async () => {
    const input = 'input := {"path": "/health"}\ndata.authz.allow\npackage authz\nallow with input.path as "/"\nlimit\n1 +'
    const { stdout, status } = await thymus(['rego', 'repl', policy], { env: process.env, input })
    assert.equal(stdout, 'true\nfalse\nundefined\n1 error occurred: 1:3: rego_parse_error: unexpected eof token\n\t1 +\n\t  ^\n')
    assert.equal(status, 0)
  })
})

describe('thymus rego check', () => {
  test('is silent where nothing is wrong, and names line and code where something is', async () => {
    assert.deepEqual(await rego('check', policy), { status: 0, signal: null, stdout: '', stderr: '' })
    const bad = file('bad.rego', 'package bad\n\np if count(1) == 2\n')
    const { status, stderr } = await rego('check', bad)
    assert.equal(status, 1)
    assert.match(stderr, /bad\.rego:3: rego_type_error: count: invalid argument\(s\)/)
  })
})

describe('thymus rego test', () => {
  test('passes, fails and skips, and its status is 2 where one failed', async () => {
    mkdirSync(join(folder, 'tests'))
    file('tests/policy.rego', readFileSync(policy, 'utf8'))
    file(
      'tests/policy_test.rego',
      'package authz\n\ntest_health if allow with input as {"path": "/health"}\n\ntest_none if allow with input as {}\n\ntodo_test_later if false\n',
    )
    const { status, stdout } = await rego('test', join(folder, 'tests'))
    assert.equal(status, 2)
    assert.match(stdout, /data\.authz\.test_none: FAIL/)
    assert.match(stdout, /PASS: 1\/3\nFAIL: 1\/3\nSKIPPED: 1\/3\n$/)
  })
})

describe('thymus rego fmt', () => {
  test('writes what opa fmt writes, in place if asked, and changes nothing if a file cannot be read', async () => {
    const ugly = file('ugly.rego', 'package u\np   if {input.x==1\n}\n')
    const shown = await rego('fmt', ugly)
    assert.equal(shown.stdout, 'package u\n\np if input.x == 1\n')
    const broken = file('torn.rego', 'package t\np if {')
    assert.equal((await rego('fmt', '-w', ugly, broken)).status, 2)
    assert.equal(readFileSync(ugly, 'utf8'), 'package u\np   if {input.x==1\n}\n')
    assert.equal((await rego('fmt', '--fail', '-l', ugly)).status, 2)
    assert.equal((await rego('fmt', '-w', ugly)).status, 0)
    assert.equal(readFileSync(ugly, 'utf8'), shown.stdout)
  })
})

test('what does not say what was written is told, as opa fmt writes it', async () => {
  const loose = file('loose.rego', 'package w\n\nx if {\n\t(1 + 2) * 3\n}\n')
  const { stdout, stderr, status } = await rego('fmt', loose)
  assert.match(stdout, /1 \+ 2 \* 3/)
  assert.match(stderr, /^warning: .*loose\.rego: what is formatted does not say what was written/)
  assert.equal(status, 0)
})

describe('thymus rego explain', () => {
  test('names the rule, the first line that does not hold, and what it saw', async () => {
    const { stdout } = await rego('explain', '-d', policy, '-d', roles, '-i', bob, 'data.authz.allow')
    assert.match(stdout, /^data\.authz\.allow is false\n/)
    assert.match(stdout, /policy\.rego:5 {2}allow\n {4}fails at line 7: role == "admin"\n {6}with role = "user"\n/)
    assert.match(stdout, /policy\.rego:10 {2}allow\n {4}fails at line 10: input\.path == "\/health"\n {6}input\.path is "\/x"\n/)
  })
})

describe('thymus rego deps', () => {
  test('names base and virtual documents', async () => {
    const { stdout } = await rego('deps', '-d', policy, '-f', 'json', 'data.authz.allow')
    const { base, virtual } = JSON.parse(stdout) as Record<'base' | 'virtual', { value: string }[][]>
    const paths = (refs: { value: string }[][]) => refs.map((ref) => ref.map(({ value }) => value).join('.'))
    assert.deepEqual(paths(base), ['data.roles', 'input.path', 'input.user'])
    assert.deepEqual(paths(virtual), ['data.authz.allow'])
  })
})
