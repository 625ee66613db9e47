import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomBytes, X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { readCertificate } from './certificate.ts'
import { type Authority, issueAuthority, issueLeaf, type LeafRequest, newKeyPair } from './issue.ts'
import { verifyChain } from './verify.ts'

const HOUR = 3_600_000
const NOW = Date.now()
const SERVER = '1.3.6.1.5.5.7.3.1'
const NAMES = ['hook.ns.svc', '*.example.org', '127.0.0.1', '::1']

const ca: Authority = { ...newKeyPair(), subject: { commonName: 'an authority' } }
const root = issueAuthority({ subject: ca.subject, serial: randomBytes(16), notBefore: NOW - HOUR, notAfter: NOW + HOUR }, ca)
const keys = newKeyPair()

function leaf(change: Partial<LeafRequest> = {}, authority = ca): Buffer {
  const basis = { subject: { commonName: 'a server' }, serial: randomBytes(16), notBefore: NOW - HOUR, notAfter: NOW + HOUR }
  return issueLeaf({ ...basis, publicKey: keys.publicKey, purpose: 'server', names: NAMES, ...change }, authority)
}

function verify(bytes: Buffer, host: string, now = NOW, usage = SERVER): string {
  try {
    verifyChain(readCertificate(bytes), { roots: [readCertificate(root)], intermediates: [], now, host, usages: [usage] })
    return 'ok'
  } catch (error) {
    return (error as Error).message
  }
}

test('our own verifier takes a certificate for its names, its time and its purpose', () => {
  const bytes = leaf()
  for (const host of ['hook.ns.svc', 'a.example.org', '127.0.0.1', '::1']) assert.equal(verify(bytes, host), 'ok', host)
  assert.equal(verify(bytes, 'other.ns.svc'), 'the certificate is for another host')
  assert.notEqual(verify(bytes, 'hook.ns.svc', NOW + 2 * HOUR), 'ok')
  assert.notEqual(verify(bytes, 'hook.ns.svc', NOW - 2 * HOUR), 'ok')
  assert.notEqual(verify(leaf({ purpose: 'client' }), 'hook.ns.svc'), 'ok')
  assert.notEqual(verify(leaf({}, { ...ca, ...newKeyPair() }), 'hook.ns.svc'), 'ok')
  const { extended, serial } = readCertificate(root)
  assert.deepEqual(extended.basicConstraints, { isCa: true, maxPathLength: 0n })
  assert.equal(extended.keyUsage, (1 << 5) | (1 << 6))
  assert.ok(serial > 0n && serial < 1n << 159n)
})

test('no name is issued that is none', () => {
  for (const name of ['', 'a b', '-a', 'a..b', 'a.*.b', '1.2.3.4/8', 'x'.repeat(254), 'é.example'])
    assert.throws(() => leaf({ names: [name] }), { code: 'FORMAT' }, name)
})

test('openssl takes it too, for the same names and times', (t) => {
  if (spawnSync('openssl', ['version']).status !== 0) return t.skip('there is no openssl')
  const folder = mkdtempSync(join(tmpdir(), 'thymus-x509-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = (name: string, bytes: Buffer) => {
    writeFileSync(join(folder, name), new X509Certificate(bytes).toString())
    return join(folder, name)
  }
  const authority = file('ca.pem', root)
  const verified = (bytes: Buffer, ...more: readonly string[]) => {
    const flags = [
      'verify',
      '-x509_strict',
      '-check_ss_sig',
      '-CAfile',
      authority,
      '-purpose',
      'sslserver',
      ...more,
      file('leaf.pem', bytes),
    ]
    const { status, stderr } = spawnSync('openssl', flags, { encoding: 'utf8' })
    return status === 0 ? 'ok' : stderr
  }
  assert.equal(verified(leaf(), '-verify_hostname', 'hook.ns.svc'), 'ok')
  assert.equal(verified(leaf(), '-verify_ip', '127.0.0.1'), 'ok')
  assert.equal(verified(leaf({ notAfter: Date.UTC(2060, 0) })), 'ok')
  assert.match(verified(leaf(), '-verify_hostname', 'other.ns.svc'), /hostname mismatch/i)
  assert.match(verified(leaf({ notAfter: NOW - 1000 })), /expired/)
  assert.match(verified(leaf({ purpose: 'client' })), /purpose/)
  assert.match(verified(leaf({}, { ...ca, ...newKeyPair() })), /unable to get local issuer certificate|signature failure/)
})
