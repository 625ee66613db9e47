// Attestation from the command line: no agent, no privilege, no device.
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { writeBundle } from '../../src/formats/evidence/bundle.ts'
import { thymus } from '../kit/cli.ts'
import { bundleOf, type MachineRequest, machine, NONCE } from '../kit/machine.ts'
import { goTpmAttestation, newEccKey, quoteBy } from '../kit/tpm-evidence.ts'

const folder = mkdtempSync(join(tmpdir(), 'thymus-attest-'))
after(() => rmSync(folder, { recursive: true }))
const path = (name: string) => join(folder, name)
const file = (name: string, content: string | object) => {
  writeFileSync(path(name), typeof content === 'string' ? content : JSON.stringify(content))
  return path(name)
}
const good = file('good.json', writeBundle(machine()))
const changed = file('changed.json', writeBundle(machine({ boot: { commandLine: '/vmlinuz root=/dev/vda ro init=/bin/sh' } })))
const reference = path('reference.json')
const nonce = ['--nonce', NONCE.toString('hex')]
const held = ['--reference', reference, ...nonce]
const attest = (...words: string[]) => thymus(['attest', ...words])

describe('thymus attest', () => {
  before(async () => assert.equal((await attest('record', good, '-o', `json=${reference}`)).status, 0))

  test('records a machine, affirms it, and catches what was changed, in words', async () => {
    const affirmed = await attest('verify', good, ...held)
    assert.equal(affirmed.status, 0, affirmed.stderr)
    assert.match(affirmed.stdout, /^node-1: affirming, as of .*, until .*, by thymus\/default@sha256:/m)
    const caught = await attest('explain', changed, ...held)
    assert.equal(caught.status, 2)
    assert.match(caught.stdout, /The kernel command line gained `init=\/bin\/sh`/)
    assert.match(caught.stdout, /TCG_REFERENCE: .*\n +expected register 8/)
    const replayed = await attest('verify', good, '--reference', reference, '--nonce', '00'.repeat(16), '-o', 'json')
    assert.equal(replayed.status, 2)
    assert.equal(JSON.parse(replayed.stdout).kind, 'Appraisal')
    assert.equal(JSON.parse(replayed.stdout).status, 'contraindicated')
    assert.equal((await attest('verify', good)).status, 3)
  })

  test('allows an update before any machine has booted it, and settles it', async () => {
    const now = file('now.json', writeBundle(machine({ boot: { initrd: 'new', commandLine: '/vmlinuz root=/dev/vdb ro' } })))
    const [next, only] = [path('next.json'), path('only.json')]
    const outcome = async (bundle: string, by: string) => (await attest('verify', bundle, '--reference', by, ...nonce)).status
    assert.equal(await outcome(now, reference), 2)
    const brought = ['--initrd', file('initrd', 'new'), '--word', '/dev/vda=/dev/vdb']
    const allowed = await attest('allow', reference, '--name', 'update', ...brought, '-o', `json=${next}`)
    assert.equal(allowed.status, 0, allowed.stderr)
    assert.deepEqual([await outcome(now, next), await outcome(good, next), await outcome(changed, next)], [0, 0, 2])
    assert.equal((await attest('settle', next, '--name', 'update', '-o', `json=${only}`)).status, 0)
    assert.deepEqual([await outcome(now, only), await outcome(good, only)], [0, 2])
    const none = await attest('allow', reference, '--name', 'x', '--uki', file('uki', 'MZ'))
    assert.match(none.stderr, /^thymus: FORMAT/)
    assert.match((await attest('settle', reference, '--name', 'x')).stderr, /^thymus: REFERENCE: nothing in it was brought by x/)
  })

  test('takes what others hand over, and says that nothing vouches for its key', async () => {
    const key = newEccKey()
    const bytes = goTpmAttestation(key, [quoteBy(key, { nonce: NONCE, pcrs: new Map([[0, Buffer.alloc(32)]]) })], Buffer.alloc(0))
    writeFileSync(path('attestation.pb'), bytes)
    const { status, stdout } = await attest('verify', path('attestation.pb'), ...nonce, '--about', 'guest-1', '-o', 'json')
    const { about, submodules } = JSON.parse(stdout)
    const verdicts = submodules[0].checks.map(({ code, verdict }: { code: string; verdict: { is: string } }) => [code, verdict.is])
    assert.deepEqual([status, about, submodules[0].type], [3, 'guest-1', 'tpm-quote'])
    assert.deepEqual(
      verdicts.filter(([, is]: [string, string]) => is !== 'pass'),
      [['TPM_KEY_NAME', 'unknown']],
    )
    assert.match((await attest('show', path('attestation.pb'))).stdout, /tpm-quote/)
  })

  test('does not record what is not good', async () => {
    const off = file('off.json', writeBundle(machine({ boot: { secureBoot: false } })))
    const { status, stderr, stdout } = await attest('record', off)
    assert.deepEqual([status, stdout], [1, ''])
    assert.match(stderr, /^thymus: EVIDENCE: this is not good.*\nboot: TCG_SECURE_BOOT/)
  })

  test('keeps what it heard of a key, and names what went back', async () => {
    const keys = ['--known', path('keys')]
    const aged = (name: string, age: MachineRequest['age']) => file(`${name}.json`, writeBundle(machine({ age: age! })))
    const [older, newer, booted] = [
      aged('older', { clock: 6_000n }),
      aged('newer', { clock: 7_000n }),
      aged('booted', { clock: 8_000n, resetCount: 4 }),
    ]
    const outcome = async (bundle: string, ...more: string[]) => (await attest('verify', bundle, ...held, ...more)).status
    const forged = await attest('verify', newer, '--reference', reference, '--nonce', '00'.repeat(16), ...keys)
    assert.deepEqual([forged.status, existsSync(path('keys'))], [2, false])
    assert.equal(await outcome(newer, ...keys), 0)
    const [kept] = readdirSync(path('keys'))
    const known = () => readFileSync(join(path('keys'), kept!), 'utf8')
    const before = known()
    assert.deepEqual([await outcome(older), await outcome(older, ...keys)], [0, 2])
    const told = await attest('explain', older, ...held, ...keys)
    assert.equal(told.status, 2)
    assert.match(told.stdout, /TPM_CLOCK: the clock has not gone back\? no\n +expected at least 7000\n +got +6000/)
    assert.equal(await outcome(changed, ...keys), 2)
    assert.equal(known(), before)
    assert.equal(await outcome(booted, ...keys), 0)
    assert.notEqual(known(), before)
    writeFileSync(join(path('keys'), kept!), known().slice(1))
    const damaged = await attest('verify', booted, ...held, ...keys)
    assert.deepEqual([damaged.status, damaged.stdout], [1, ''])
    assert.ok(damaged.stderr.startsWith('thymus: KNOWN: not JSON') && damaged.stderr.includes(kept!), damaged.stderr)
  })

  test('signs a result that others verify by its key alone', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const key = file('key.pem', privateKey.export({ format: 'pem', type: 'pkcs8' }) as string)
    const pub = file('pub.pem', publicKey.export({ format: 'pem', type: 'spki' }) as string)
    const token = path('result.jwt')
    for (const profile of ['ietf', 'veraison']) {
      const { status, stdout } = await attest('verify', good, ...held, '--key', key, '--ear-profile', profile, '-o', `ear=${token}`)
      assert.deepEqual([status, stdout], [0, ''])
      const shown = await attest('show', token, '--key', pub)
      assert.equal(shown.status, 0, shown.stderr)
      assert.match(shown.stdout, /the key that was named has signed it/)
      assert.match(shown.stdout, /executables +affirming/)
    }
    const [header, payload, signature] = readFileSync(token, 'utf8').trim().split('.')
    const forged = JSON.parse(Buffer.from(payload!, 'base64url').toString())
    forged.iat -= 1
    const other = file('forged.jwt', `${header}.${Buffer.from(JSON.stringify(forged)).toString('base64url')}.${signature}`)
    const refused = await attest('show', other, '--key', pub)
    assert.deepEqual([refused.status, refused.stdout], [1, ''])
    assert.match(refused.stderr, /^thymus: UNTRUSTED: /)
    assert.match((await attest('show', other)).stdout, /whoever signed it/)
    assert.equal((await attest('verify', good, '-o', 'ear')).status, 64)
  })

  test('shows what evidence says, and cannot be moved by it', async () => {
    const evil = file('evil.json', writeBundle(machine({ boot: { commandLine: 'quiet \u001b[2J\u202e' } })))
    const { stdout, status } = await attest('show', evil)
    assert.equal(status, 0)
    assert.match(stdout, /secure-boot: true/)
    assert.match(stdout, /nothing of this is verified/)
    assert.doesNotMatch(stdout, /[\u001b\u202e]/)
  })

  test('asks a policy of one’s own, and says what is wrong with it', async () => {
    const policy = file(
      'own.rego',
      'package attestation\nimport data.thymus.ar4si\nvector := ar4si.vector\nstatus := "warning"\nbecause contains "on trial"\n',
    )
    const { status, stdout } = await attest('explain', good, ...held, '--policy', policy)
    assert.equal(status, 2)
    assert.match(stdout, /on trial/)
    const broken = await attest('verify', good, '--policy', file('broken.rego', 'package attestation\nstatus := \n'))
    assert.equal(broken.status, 1)
    assert.match(broken.stderr, /^thymus: REGO_REJECTED: /)
    assert.match(broken.stderr, /broken\.rego:\d/)
  })

  test('collects what there is, and names what is not', async () => {
    const { status, stdout } = await attest('collect', '--tpm', 'unix:/nonexistent', '--about', 'here', '-o', 'json')
    const { kind, about, absent, evidence } = JSON.parse(stdout)
    assert.deepEqual([kind, about], ['EvidenceBundle', 'here'])
    assert.ok(absent.some(({ type, why }: { type: string; why: { code: string } }) => type === 'tpm-quote' && why.code === 'TPM_ABSENT'))
    assert.equal(status, evidence.length === 0 ? 3 : 0)
  })

  test('refuses what is no evidence in one line, naming the field', async () => {
    const cases = [
      [file('text.json', 'no json'), /^thymus: EVIDENCE: not JSON/],
      [file('other.json', { kind: 'Pod' }), /^thymus: EVIDENCE: .*apiVersion/],
      [file('name.json', { ...writeBundle(bundleOf({})), evidence: [{ name: '../x', type: 't', parts: {} }] }), /evidence\[0\]\.name/],
      [path('missing.json'), /^thymus: USAGE: there is no such file/],
    ] as const
    for (const [name, expected] of cases) {
      const { status, stdout, stderr } = await attest('verify', name)
      assert.equal(stdout, '')
      assert.ok(status === 1 || status === 64)
      assert.match(stderr, expected)
      assert.equal(stderr.trim().split('\n').length, 1)
    }
    const wrong = await attest('verify', good, '--reference', file('ref.json', { kind: 'x' }))
    assert.match(wrong.stderr, /^thymus: REFERENCE: /)
    for (const words of [
      ['--nonce', 'abc'],
      ['--nonce', '00'],
      ['--time', 'yesterday'],
      ['--ear-profile', 'other'],
    ]) {
      assert.equal((await attest('verify', good, ...words)).status, 64, words.join(' '))
    }
  })
})
