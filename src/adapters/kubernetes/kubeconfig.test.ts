import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { inCluster, readKubeconfig } from './kubeconfig.ts'

const CLUSTER = { server: 'https://h:6443/', 'certificate-authority-data': Buffer.from('CA').toString('base64') }

function written(
  t: TestContext,
  { cluster = CLUSTER, user = {}, ...more }: { cluster?: object; user?: object; [name: string]: unknown },
): string {
  const folder = mkdtempSync(join(tmpdir(), 'thymus-kubeconfig-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'tls.crt'), 'CERT')
  writeFileSync(join(folder, 'tls.key'), 'KEY')
  writeFileSync(join(folder, 'token'), 'from-file\n')
  const config = {
    'current-context': 'a',
    contexts: [{ name: 'a', context: { cluster: 'c', user: 'u' } }],
    clusters: [{ name: 'c', cluster }],
    users: [{ name: 'u', user }],
    ...more,
  }
  writeFileSync(join(folder, 'config'), JSON.stringify(config))
  return join(folder, 'config')
}

test('certificates as data or as files beside it, tokens as text or as files', (t) => {
  const files = { 'client-certificate': 'tls.crt', 'client-key': 'tls.key' }
  assert.deepEqual(readKubeconfig(written(t, { user: files })), { url: 'https://h:6443', tls: { ca: 'CA', cert: 'CERT', key: 'KEY' } })
  assert.equal(readKubeconfig(written(t, { user: { token: 'x' } })).token?.(), 'x')
  assert.equal(readKubeconfig(written(t, { user: { tokenFile: 'token' } })).token?.(), 'from-file')
  const named = readKubeconfig(written(t, { cluster: { ...CLUSTER, 'tls-server-name': 'n', 'insecure-skip-tls-verify': true } }))
  assert.deepEqual([named.tls.servername, named.tls.rejectUnauthorized], ['n', false])
})

test('what is not taken is refused, and never run', (t) => {
  for (const [given, message] of [
    [{ user: { exec: { command: 'touch' } } }, /^the user has exec: .* no program is run/],
    [{ user: { 'auth-provider': { name: 'gcp' } } }, /^the user has auth-provider/],
    [{ user: { username: 'a', password: 'b' } }, /^the user has username/],
    [{ user: { 'client-certificate': 'tls.crt' } }, /^a client certificate is not without its key/],
    [{ user: { token: 1 } }, /^token is no text/],
    [{ cluster: { server: 'http://h' } }, /^the server "http:\/\/h" is no https address/],
    [{ cluster: {} }, /^the cluster has no server/],
    [{ 'current-context': 'b' }, /^there is no context "b"/],
    [{ 'current-context': undefined }, /^current-context is missing/],
    [{ clusters: 1 }, /^there is no cluster "c"/],
  ] as const)
    assert.throws(() => readKubeconfig(written(t, given)), { code: 'CONFIG', message })
  assert.throws(
    () => readKubeconfig(written(t, { cluster: { ...CLUSTER, 'certificate-authority-data': undefined, 'certificate-authority': 'none' } })),
    {
      code: 'CONFIG',
      message: 'cannot be read: ENOENT',
    },
  )
  assert.throws(() => inCluster({}), { code: 'CONFIG', message: /KUBERNETES_SERVICE_HOST/ })
})
