import assert from 'node:assert/strict'
import { randomBytes, X509Certificate } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { readAllPem } from '../../formats/pem.ts'
import { readCertificate } from '../../formats/x509/certificate.ts'
import { issueAuthority, newKeyPair } from '../../formats/x509/issue.ts'
import { verifyChain } from '../../formats/x509/verify.ts'
import { type Credentials, givenCertificates, keptCertificates, type Lives } from './certificates.ts'

const DAY = 86_400_000
const LIVES: Lives = { authority: 100 * DAY, server: 30 * DAY, settle: 2 * DAY }
const NAMES = ['hook.thymus.svc', '127.0.0.1']
const T = Date.UTC(2026, 0, 1)

function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'thymus-certificates-'))
  t.after(() => rmSync(made, { recursive: true }))
  return made
}

const all = (pem: string) => readAllPem(pem).map(({ bytes }) => readCertificate(bytes))
const serialOf = (pem: string) => all(pem)[0]!.serial

/** What a client does that was told of `bundle`. */
function trusted({ cert }: Credentials, bundle: string, now: number): boolean {
  const usages = ['1.3.6.1.5.5.7.3.1']
  try {
    for (const host of NAMES) verifyChain(all(cert)[0]!, { roots: all(bundle), intermediates: [], now, host, usages })
    return true
  } catch {
    return false
  }
}

test('a certificate is kept, is for the names, and for its owner only', (t) => {
  const at = join(folder(t), 'new')
  const first = keptCertificates(at, NAMES, LIVES).refresh(T).credentials
  assert.ok(trusted(first, first.bundle, T))
  assert.deepEqual(keptCertificates(at, NAMES, LIVES).refresh(T + DAY).credentials, first)
  assert.deepEqual(readdirSync(at).sort(), ['authorities.pem', 'server.pem'])
  for (const name of readdirSync(at)) assert.equal(statSync(join(at, name)).mode & 0o777, 0o600)
  assert.equal(statSync(at).mode & 0o777, 0o700)
  assert.ok(!first.bundle.includes('PRIVATE') && !first.cert.includes('PRIVATE'))
})

test('through many renewals a client that heard of the bundle a while ago trusts what is served', (t) => {
  const kept = keptCertificates(folder(t), NAMES, LIVES)
  const bundles: string[] = []
  const [servers, authorities] = [new Set<bigint>(), new Set<bigint>()]
  let most = 0
  for (let day = 0; day <= 210; day++) {
    const now = T + day * DAY
    const { credentials } = kept.refresh(now)
    bundles.push(credentials.bundle)
    servers.add(serialOf(credentials.cert))
    for (const { serial } of all(credentials.bundle)) authorities.add(serial)
    most = Math.max(most, all(credentials.bundle).length)
    assert.ok(
      credentials.notAfter - now >= (LIVES.server / 3) * 0.99 || credentials.notAfter === all(credentials.bundle)[0]!.notAfter.milliseconds,
    )
    assert.ok(trusted(credentials, bundles[Math.max(0, day - 2)]!, now), `day ${day}`)
  }
  assert.ok(servers.size >= 10 && servers.size < 30, `${servers.size} certificates`)
  assert.ok(authorities.size >= 4 && authorities.size <= 6, `${authorities.size} authorities`)
  assert.ok(most >= 2 && most <= 3, 'the old and the new one side by side')
})

test('an authority of which the cluster was not told signs only when there is no other', (t) => {
  const at = folder(t)
  const kept = keptCertificates(at, NAMES, LIVES)
  const told = { bundle: kept.refresh(T, { bundle: '', since: T }).credentials.bundle, since: T }
  for (let day = 1; day <= 99; day += 7) {
    const { credentials } = kept.refresh(T + day * DAY, told)
    assert.equal(all(credentials.bundle).length, day >= 50 ? 2 : 1)
    assert.ok(trusted(credentials, told.bundle, T + day * DAY), `day ${day}`)
  }
  const late = { bundle: kept.refresh(T + 60 * DAY, told).credentials.bundle, since: T + 60 * DAY }
  const first = kept.refresh(T + 61 * DAY, late).credentials
  assert.ok(trusted(first, told.bundle, T + 61 * DAY), 'it is told, and not yet settled')
  const second = kept.refresh(T + 62 * DAY, late).credentials
  assert.ok(!trusted(second, told.bundle, T + 62 * DAY) && trusted(second, late.bundle, T + 62 * DAY))
  // Begun anew, it goes on with what it served, and not with the older one.
  const anew = { bundle: late.bundle, since: T + 63 * DAY }
  assert.equal(keptCertificates(at, NAMES, LIVES).refresh(T + 63 * DAY, anew).credentials.cert, second.cert)
  const alone = kept.refresh(T + 101 * DAY, told).credentials
  assert.ok(trusted(alone, alone.bundle, T + 101 * DAY), 'the first has ended')
})

test('after long sleep, with other names, or with damaged files, there is a good certificate at once', (t) => {
  const at = folder(t)
  const first = keptCertificates(at, NAMES, LIVES).refresh(T).credentials
  const late = keptCertificates(at, NAMES, LIVES).refresh(T + 1_000 * DAY).credentials
  assert.ok(trusted(late, late.bundle, T + 1_000 * DAY))
  const renamed = keptCertificates(at, [...NAMES, 'other.example'], LIVES).refresh(T + 1_000 * DAY).credentials
  assert.notEqual(renamed.cert, late.cert)
  assert.equal(renamed.bundle, late.bundle)
  for (const text of ['', 'no PEM', first.cert, readFileSync(join(at, 'authorities.pem'), 'utf8').slice(0, -200)]) {
    for (const name of ['authorities.pem', 'server.pem']) writeFileSync(join(at, name), text)
    const anew = keptCertificates(at, NAMES, LIVES).refresh(T).credentials
    assert.ok(trusted(anew, anew.bundle, T))
  }
})

test('a folder that cannot be written is told with its path', (t) => {
  const at = join(folder(t), 'file')
  writeFileSync(at, '')
  assert.throws(() => keptCertificates(at, NAMES).refresh(T), { code: 'CONFIG', at: join(at, 'authorities.pem') })
})

function given(t: TestContext, notAfter: number) {
  const at = folder(t)
  const files = { cert: join(at, 'tls.crt'), key: join(at, 'tls.key'), bundle: join(at, 'ca.crt') }
  const renew = (until: number) => {
    const keys = newKeyPair()
    const der = issueAuthority({ subject: { commonName: 'own' }, serial: randomBytes(16), notBefore: T - DAY, notAfter: until }, keys)
    writeFileSync(files.cert, new X509Certificate(der).toString())
    writeFileSync(files.bundle, new X509Certificate(der).toString())
    writeFileSync(files.key, keys.privateKey.export({ format: 'pem', type: 'pkcs8' }))
  }
  renew(notAfter)
  return { files, renew, source: givenCertificates(files) }
}

test('given files are read again when they change; one that has ended is told, and is no crash', (t) => {
  const { files, renew, source } = given(t, T + DAY)
  const first = source.refresh(T)
  assert.equal(first.fault, undefined)
  assert.equal(first.credentials.notAfter, T + DAY)
  const { credentials, fault } = source.refresh(T + 2 * DAY)
  assert.deepEqual(credentials, first.credentials)
  assert.deepEqual(
    [fault?.code, fault?.message, fault?.at],
    ['UNTRUSTED', 'the certificate ended at 2026-01-02T00:00:00.000Z; no client will take it', files.cert],
  )
  renew(T + 5 * DAY)
  const renewed = source.refresh(T + 2 * DAY)
  assert.deepEqual([renewed.fault, renewed.credentials.notAfter], [undefined, T + 5 * DAY])
})

test('given files of a new authority are served when the cluster was told, or what was served has ended', (t) => {
  const { renew, source } = given(t, T + DAY)
  const { credentials } = source.refresh(T, { bundle: '', since: T })
  const told = { bundle: credentials.bundle, since: T }
  renew(T + 5 * DAY)
  const held = source.refresh(T, told).credentials
  assert.equal(held.cert, credentials.cert)
  assert.notEqual(held.bundle, credentials.bundle)
  assert.equal(source.refresh(T, { bundle: held.bundle, since: T }).credentials.notAfter, T + 5 * DAY)
  renew(T + 6 * DAY)
  assert.equal(source.refresh(T + 4 * DAY, { bundle: held.bundle, since: T }).credentials.notAfter, T + 5 * DAY)
  assert.equal(source.refresh(T + 5.1 * DAY, { bundle: held.bundle, since: T }).credentials.notAfter, T + 6 * DAY)
})

test('files that are changed half-way leave the former in force, with the place that is wrong', (t) => {
  const { files, renew, source } = given(t, T + DAY)
  const { credentials } = source.refresh(T)
  const now = (words: readonly (string | undefined)[]) => {
    const found = source.refresh(T)
    assert.equal(found.credentials, credentials)
    assert.deepEqual([found.fault?.code, found.fault?.message, found.fault?.at], words)
  }
  const key = readFileSync(files.key)
  renew(T + 2 * DAY)
  writeFileSync(files.key, key)
  now(['CONFIG', 'the key is of another certificate', files.key])
  writeFileSync(files.key, 'none')
  now(['CONFIG', 'no private key that is read without a password', files.key])
  writeFileSync(files.cert, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')
  now(['CONFIG', 'no certificate in PEM', files.cert])
  rmSync(files.cert)
  now(['CONFIG', 'cannot be read: ENOENT', files.cert])
  assert.throws(() => givenCertificates(files).refresh(T), { code: 'CONFIG', at: files.cert })
})
