// The REST API as its users start it: no agent, no privilege.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { begin, ended, thymus } from '../kit/cli.ts'
import { ask } from '../kit/rest.ts'
import { makeTar } from '../kit/tar.ts'

const folder = mkdtempSync(join(tmpdir(), 'thymus-serve-'))
after(() => rmSync(folder, { recursive: true }))
const file = (name: string, content: string | Buffer) => {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}

const policy = file('policy.rego', 'package authz\n\nallow if input.user in data.users\n\nspoken if print("asked by", input.user)\n')
const users = file('users.json', '{"users": ["ann"]}')
const archive = (name: string, ...files: { name: string; content: string }[]) => file(name, makeTar(files))
const bundle = archive(
  'bundle.tar',
  { name: '/.manifest', content: '{"revision":"r1","roots":["b"]}' },
  { name: '/b/data.json', content: '{"x":1}' },
)

/** Starts a server; resolves with what it says once it listens. */
async function start(...words: string[]) {
  const child = begin(['rego', 'serve', ...words], { env: process.env })
  const end = ended(child)
  const said = await new Promise<string>((resolve, reject) => {
    let text = ''
    child.stderr?.on('data', (chunk: string) => {
      text += chunk
      if (text.includes('listening on')) resolve(text)
    })
    child.once('exit', () => reject(new Error(text)))
  })
  return { child, end, address: /listening on (\S+)/.exec(said)![1]! }
}

test('answers on a port, and ends with status 0 when it is told to', async () => {
  const { child, end, address } = await start('--addr', '127.0.0.1:0', '-d', policy, '-d', users)
  assert.match(address, /^http:\/\/127\.0\.0\.1:\d+$/)
  const reply = await fetch(`${address}/v1/data/authz/allow`, { method: 'POST', body: '{"input":{"user":"ann"}}' })
  assert.deepEqual(await reply.json(), { result: true })
  assert.deepEqual(await (await fetch(`${address}/health`)).json(), {})
  await (await fetch(`${address}/v1/data/authz/spoken?input={"user":"bob"}`)).text()
  child.kill('SIGTERM')
  const { status, stderr } = await end
  assert.equal(status, 0)
  assert.match(stderr, /asked by bob/)
})

test('answers on a Unix socket, from a bundle, and logs decisions into a file', async () => {
  const socket = join(folder, 'socket')
  const log = join(folder, 'decisions.jsonl')
  const words = ['--addr', `unix://${socket}`, '-b', bundle, '-d', policy, '--decision-log', log]
  for (const round of [1, 2]) {
    const { child, end } = await start(...words)
    const reply = JSON.parse((await ask(socket, { method: 'GET', path: '/v1/data/b/x?provenance' })).body)
    assert.equal(reply.result, 1)
    assert.deepEqual(reply.provenance.bundles, { [bundle]: { revision: 'r1' } })
    assert.equal((await ask(socket, { method: 'PUT', path: '/v1/data/b/y', body: '1' })).status, 400)
    child.kill('SIGTERM')
    assert.equal((await end).status, 0)
    const lines = readFileSync(log, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    assert.equal(lines.length, round)
    assert.deepEqual([lines.at(-1).decision_id, lines.at(-1).bundles], [reply.decision_id, { [bundle]: { revision: 'r1' } }])
  }
})

test('does not start on what is wrong, and says what', async () => {
  const serve = (...words: string[]) => thymus(['rego', 'serve', ...words], { env: process.env, timeout: 60_000 })
  mkdirSync(join(folder, 'broken'))
  const broken = file('broken/p.rego', 'package p\nx := y\n')
  for (const [words, status, wanted] of [
    [['-d', broken], 1, /rego_unsafe_var_error: var y is unsafe/],
    [['-b', archive('out.tar', { name: '../x', content: '' })], 1, /BUNDLE: the archive holds a path that leads out/],
    [['-b', file('none.tar', 'no archive')], 1, /BUNDLE/],
    [['-b', bundle, '-b', bundle], 1, /BUNDLE: its roots overlap/],
    [['-b', bundle, '--verification-key', users], 1, /BUNDLE: the bundle is not signed/],
    [['-b', join(folder, 'nowhere')], 64, /USAGE: there is no such file/],
    [['--addr', 'nowhere'], 64, /USAGE: an address is/],
    [['--addr', `unix://${folder}/no/such/folder`], 64, /USAGE: cannot listen/],
    [['-d', users, '-d', file('list.json', '[1]')], 64, /USAGE/],
  ] as readonly (readonly [readonly string[], number, RegExp])[]) {
    const ending = await serve(...(words.includes('--addr') ? [] : ['--addr', `unix://${join(folder, 'none')}`]), ...words)
    assert.deepEqual([ending.status, ending.stdout], [status, ''], ending.stderr)
    assert.match(ending.stderr, wanted)
  }
})
