// Bundles that opa builds and signs, served by opa and by us.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { begin, ended, thymus } from '../kit/cli.ts'
import { findOpa, OpaServer } from '../kit/opa.ts'
import { ask, type Sent } from '../kit/rest.ts'

const found = findOpa()
const skip = 'why' in found ? found.why : false
const opa = 'path' in found ? found.path : ''
const folder = mkdtempSync(join(tmpdir(), 'thymus-bundle-'))
after(() => rmSync(folder, { recursive: true }))

mkdirSync(join(folder, 'b/x/deep'), { recursive: true })
mkdirSync(join(folder, 'c/w'), { recursive: true })
const write = (name: string, text: string) => writeFileSync(join(folder, name), text)
write('b/.manifest', '{"revision": "r1", "roots": ["x"]}')
write('b/x/p.rego', 'package x.y\n\nok if input.a == data.x.n\n')
write('b/x/data.json', '{"n": 1.0, "é": "<b>\\u2028", "m": [1e3, {"z": null, "a": true}], "big": 12345678901234567890}')
write('b/x/deep/data.yaml', 'list: [1, two]\nword: yes\n')
write('c/.manifest', '{"roots": ["w"]}')
write('c/w/p.rego', 'package w\n\nv := data.x.n\n')
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
write('key.pem', privateKey.export({ type: 'pkcs1', format: 'pem' }).toString())
write('key.pub', publicKey.export({ type: 'spki', format: 'pem' }).toString())
const build = (...words: string[]) => execFileSync(opa, ['build', ...words], { cwd: folder, stdio: 'pipe' })

const get = (path: string): Sent => ({ method: 'GET', path })
const REQUESTS: readonly Sent[] = [
  ...['/v1/data', '/v1/data/x', '/v1/data/x/y/ok?input={"a":1}', '/v1/policies', '/health?bundles', '/v1/data/w'].map((path) =>
    get(path.replaceAll('"', '%22')),
  ),
  ...['x/q', 'x', 'z', 'x/y/z', ''].map((path): Sent => ({ method: 'PUT', path: `/v1/data${path === '' ? '' : `/${path}`}`, body: '{}' })),
  ...['package x.z', 'package x', 'package t.z', 'package xx'].map((body): Sent => ({ method: 'PUT', path: '/v1/policies/t', body })),
  { method: 'PATCH', path: '/v1/data', body: '[{"op":"remove","path":"/x/n"}]' },
  { method: 'DELETE', path: '/v1/data/x/n' },
  get('/v1/data'),
]

async function compare(...words: string[]): Promise<void> {
  const theirs = await OpaServer.start(opa, 'v1', [...words.filter((word) => word !== '-b'), '-b'], folder)
  const socket = join(folder, 'ours')
  const child = begin(['rego', 'serve', '--addr', `unix://${socket}`, ...words], { env: process.env, cwd: folder })
  const end = ended(child)
  try {
    while (child.exitCode === null && !(await ask(socket, get('/health')).catch(() => undefined))) await sleep(50)
    for (const sent of REQUESTS) {
      const [expected, actual] = await Promise.all([ask(theirs.socket, sent), ask(socket, sent)])
      assert.deepEqual(
        [actual.status, comparable(actual.body)],
        [expected.status, comparable(expected.body)],
        `${sent.method} ${sent.path}`,
      )
    }
  } finally {
    theirs.stop()
    child.kill('SIGTERM')
    await end
  }
}

/** Policies in order, and without the tree that OPA adds. */
function comparable(body: string): unknown {
  if (!body.includes('"raw"')) return body
  const { result } = JSON.parse(body) as { result: { id: string; raw: string }[] }
  return result.map(({ id, raw }) => [id, raw]).toSorted()
}

test('an archive, a folder and two of them', { skip }, async () => {
  build('-b', 'b', '-o', 'plain.tar.gz')
  await compare('-b', 'plain.tar.gz')
  await compare('-b', 'b', '-b', 'c')
})

test('a bundle that opa signed, by a key or a secret', { skip }, async () => {
  build('-b', 'b', '-o', 'signed.tar.gz', '--signing-key', 'key.pem')
  build('-b', 'b', '-o', 'secret.tar.gz', '--signing-key', 's3cret', '--signing-alg', 'HS256')
  await compare('-b', 'signed.tar.gz', '--verification-key', 'key.pub')
  await compare('-b', 'secret.tar.gz', '--verification-key', 's3cret', '--signing-alg', 'HS256')
  const wrong = await thymus(['rego', 'serve', '--addr', `unix://${folder}/no`, '-b', 'secret.tar.gz', '--verification-key', 'key.pub'], {
    env: process.env,
    cwd: folder,
    timeout: 60_000,
  })
  assert.equal(wrong.status, 1)
  assert.match(wrong.stderr, /BUNDLE: the signature is not by this key/)
})
