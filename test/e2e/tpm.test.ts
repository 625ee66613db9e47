// `thymus tpm` as a user meets it, on an emulated TPM.
import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { begin, type Ended, ended, succeeded, thymus } from '../kit/cli.ts'
import { endUnused, type Swtpm, startSwtpm, whyNoSwtpm } from '../kit/swtpm.ts'

/** Whether somebody talks to whoever listens at a Unix socket: the end that was accepted has its path, and is connected (3). */
const isConnected = (path: string) =>
  readFileSync('/proc/net/unix', 'latin1')
    .split('\n')
    .map((line) => line.split(/\s+/))
    .some((fields) => fields[5] === '03' && fields[7] === path)

describe('thymus tpm', { skip: whyNoSwtpm() }, () => {
  let swtpm: Swtpm
  let folder: string
  let env: NodeJS.ProcessEnv
  const at = (name: string) => join(folder, name)
  const tpm = (...words: readonly string[]): Promise<Ended> =>
    thymus(['tpm', ...words, '--tpm', `unix:${swtpm.path}`], { env, cwd: folder, timeout: 60_000 })
  const ok = async (...words: readonly string[]) => succeeded(await tpm(...words))
  const refused = async (code: string, says: RegExp, ...words: readonly string[]) => {
    const { status, stdout, stderr } = await tpm(...words)
    assert.match(stderr, new RegExp(`^thymus: ${code}: `))
    assert.match(stderr, says)
    assert.deepEqual([status, stdout], [code === 'USAGE' ? 64 : 1, ''])
  }

  before(async () => {
    swtpm = await startSwtpm(true)
    folder = mkdtempSync(join(tmpdir(), 'thymus-tpm-'))
    env = { ...process.env, THYMUS_HOME: folder }
  })
  after(async () => {
    await endUnused(swtpm)
    rmSync(folder, { recursive: true })
  })

  test('says what the TPM is, and what its PCRs are', async () => {
    const info = JSON.parse(await ok('info', '-o', 'json'))
    assert.equal(info.kind, 'TpmInfo')
    assert.equal(info.manufacturer, 'IBM')
    assert.ok(info.algorithms.includes('ecdsa') && info.limits['digest bytes'] >= 32)
    const digest = 'ab'.repeat(32)
    await ok('pcr', 'extend', '16', `sha256:${digest}`)
    const { items } = JSON.parse(await ok('pcr', 'read', 'sha256:0-1,16', '-o', 'json'))
    assert.deepEqual(
      items.map(({ bank, pcr }: { bank: string; pcr: number }) => [bank, pcr]),
      [
        ['sha256', 0],
        ['sha256', 1],
        ['sha256', 16],
      ],
    )
    assert.notEqual(items[2].value, '0'.repeat(64))
    await refused('USAGE', /keeps no bank sm3/, 'pcr', 'read', 'sm3:0')
    await refused('USAGE', /"24" is not a PCR/, 'pcr', 'read', 'sha256:24')
    await refused('USAGE', /is not BANK:HEX/, 'pcr', 'extend', '16', 'sha256:00')
  })

  test('sends no secret to a TPM that nobody vouches for', async () => {
    await refused('TPM_UNVERIFIED', /nobody vouches for it; thymus tpm ek --help/, 'random', '8')
    writeFileSync(at('secret'), 'the secret')
    await refused('TPM_UNVERIFIED', /nobody vouches/, 'seal', 'secret', 'sealed.pem')
    assert.ok(!existsSync(at('sealed.pem')))
    const stranger = `p256:000b${'12'.repeat(32)}`
    await refused('TPM_UNVERIFIED', /not the one that is pinned/, 'random', '8', '--pin', stranger)
  })

  test('takes a certificate under an authority that is named, and an emulator’s by its own flag alone', async (t) => {
    if (swtpm.authorities === undefined) return t.skip('the emulator has no certificates here (lab/lab setup makes one that has)')
    writeFileSync(at('root.pem'), swtpm.authorities.root)
    writeFileSync(at('issuer.pem'), swtpm.authorities.issuer)
    const lab = ['--lab-ca', 'root.pem', '--lab-ca', 'issuer.pem']
    const { items } = JSON.parse(await ok('ek', ...lab, '-o', 'json'))
    assert.ok(items.length >= 2 && items.every(({ checks }: { checks: { is: string }[] }) => checks.every(({ is }) => is === 'pass')))
    assert.match(await ok('random', '40', ...lab), /^[0-9a-f]{80}\n$/)
    const asMaker = await tpm('ek', '--roots', 'root.pem', '--roots', 'issuer.pem')
    assert.equal(asMaker.status, 2, asMaker.stdout)
    assert.match(asMaker.stdout, /pass +TPM_EK_CHAIN[\s\S]*fail +TPM_EK_ROOT/)
    await refused('TPM_UNVERIFIED', /that was given/, 'random', '8', '--roots', 'root.pem', '--roots', 'issuer.pem')
    const alone = await tpm('ek', '--lab-ca', 'root.pem')
    assert.equal(alone.status, 2, alone.stdout)
    assert.match(alone.stdout, /fail +TPM_EK_CHAIN/)
    await refused('TPM_UNVERIFIED', /leads to a root/, 'random', '8', '--lab-ca', 'root.pem')
    await refused('UNTRUSTED', /do not vouch/, 'ek', '--lab-ca', 'root.pem', '--trust')
  })

  test('trusts at first sight where it is told to, and says what that means', async () => {
    const { status, stderr } = await tpm('ek', '--kind', 'p256', '--trust')
    assert.equal(status, 0)
    assert.match(stderr, /trusted from now on[\s\S]*whoever sat between/)
    assert.equal(statSync(at('tpm-pins')).mode & 0o777, 0o600)
    assert.match(await ok('random', '16'), /^[0-9a-f]{32}\n$/)
    await ok('random', '16', '--to', 'random.bin')
    assert.deepEqual([readFileSync(at('random.bin')).length, statSync(at('random.bin')).mode & 0o777], [16, 0o600])
  })

  test('makes keys that sign for OpenSSL, with a password that is asked for', async () => {
    writeFileSync(at('password'), 'open sesame\n')
    for (const type of ['p256', 'rsa2048']) {
      const made = JSON.parse(await ok('key', 'create', '--type', type, '--auth', 'file:password', `${type}.pem`, '-o', 'json'))
      assert.equal(statSync(at(`${type}.pem`)).mode & 0o777, 0o600)
      await ok('sign', '--key', `${type}.pem`, '--auth', 'file:password', '--to', `${type}.sig`, 'secret')
      assert.ok(verify('sha256', Buffer.from('the secret'), createPublicKey(made.publicKey), readFileSync(at(`${type}.sig`))))
    }
    await refused('TPM_REFUSED', /AUTH_FAIL|BAD_AUTH/, 'sign', '--key', 'p256.pem', 'secret')
    await refused('USAGE', /there already/, 'key', 'create', 'p256.pem')
    await refused('USAGE', /is not file:PATH or env:NAME/, 'sign', '--key', 'p256.pem', '--auth', 'open sesame', 'secret')
    await ok('lockout', 'reset')
  })

  test('quotes and certifies by an attestation key, which signs no files', async () => {
    const key = JSON.parse(await ok('key', 'create', '--restricted', 'ak.pem', '-o', 'json'))
    const quote = JSON.parse(await ok('quote', '--key', 'ak.pem', '--pcrs', 'sha256:0-7', '--nonce', '00ff', '-o', 'json'))
    assert.deepEqual([quote.type, quote.nonce, quote.signer, quote.pcrs.length], ['quote', '00ff', key.name, 8])
    await ok('key', 'create', 'other.pem')
    const certified = JSON.parse(await ok('certify', '--key', 'ak.pem', 'other.pem', '-o', 'json'))
    assert.equal(certified.type, 'certify')
    await refused('USAGE', /restricted/, 'sign', '--key', 'ak.pem', 'secret')

    await ok('ek', '--kind', 'p256', '--area', 'ek.area')
    const made = await thymus(
      ['tpm', 'credential', 'make', '--ek', 'ek.area', '--name', key.name, '--secret', 'secret', '--to', 'challenge'],
      { cwd: folder },
    )
    assert.equal(made.status, 0, made.stderr)
    assert.equal(await ok('credential', 'activate', '--key', 'ak.pem', 'challenge'), 'the secret')
    await refused('FORMAT', /\(at secret, /, 'credential', 'activate', '--key', 'ak.pem', 'secret')
    await refused('TPM_REFUSED', /INTEGRITY|ATTRIBUTES/, 'credential', 'activate', '--key', 'other.pem', 'challenge')
  })

  test('seals to PCRs, and says so when they have changed', async () => {
    await ok('seal', '--pcrs', 'sha256:0,23', 'secret', 'sealed.pem')
    assert.equal(statSync(at('sealed.pem')).mode & 0o777, 0o600)
    assert.equal(await ok('unseal', 'sealed.pem'), 'the secret')
    await ok('pcr', 'event', '23', 'secret')
    await refused('TPM_REFUSED', /PCRs sha256:0,23 are not what they were/, 'unseal', 'sealed.pem')
    await refused('USAGE', /1 to 128 bytes/, 'seal', 'ak.pem', 'more.pem')
    await refused('FORMAT', /no key file.*\(at secret\)/, 'unseal', 'secret')
  })

  test('an update is signed before it boots, tried after it, and then ends what was signed before', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    writeFileSync(at('signer.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }))
    writeFileSync(at('signer.pub'), publicKey.export({ type: 'spki', format: 'pem' }))
    const counter = '0x01800001'
    await ok('nv', 'define', '--counter', counter)
    await refused(
      'USAGE',
      /never incremented/,
      'policy',
      'sign',
      '--key',
      'signer.pem',
      '--counter',
      counter,
      '--pcrs',
      'sha256:7,16',
      'now.json',
    )
    await ok('nv', 'increment', counter)
    const sign = ['policy', 'sign', '--key', 'signer.pem', '--counter', counter, '--pcrs', 'sha256:7,16']
    await ok(...sign, 'now.json')
    await ok('seal', '--signed-by', 'signer.pub', 'secret', 'disk.pem')
    assert.equal(await ok('unseal', '--policy', 'now.json', 'disk.pem'), 'the secret')

    const before = JSON.parse(readFileSync(at('now.json'), 'utf8')).pcrs['16']
    const { createHash } = await import('node:crypto')
    const event = createHash('sha256').update('the secret').digest()
    const tomorrow = createHash('sha256').update(Buffer.from(before, 'hex')).update(event).digest('hex')
    const elsewhere = [
      'tpm',
      'policy',
      'sign',
      '--key',
      'signer.pem',
      '--from',
      'now.json',
      '--value',
      `16:${tomorrow}`,
      '--next',
      'next.json',
    ]
    assert.equal((await thymus(elsewhere, { cwd: folder })).status, 0)
    const both = ['unseal', '--policy', 'next.json', '--policy', 'now.json', 'disk.pem']
    assert.equal(await ok(...both), 'the secret')
    await refused('TPM_REFUSED', /another boot[\s\S]*PCR 16 is/, 'policy', 'advance', '--signed-by', 'signer.pub', 'next.json')
    await ok('pcr', 'event', '16', 'secret') // the update boots
    assert.equal(await ok(...both), 'the secret')
    await ok('policy', 'advance', '--signed-by', 'signer.pub', 'next.json')
    assert.equal(await ok(...both), 'the secret')
    await refused('TPM_REFUSED', /another boot|an old one/, 'unseal', '--policy', 'now.json', 'disk.pem')
    await refused('USAGE', /an old one: the counter is at/, 'policy', 'advance', '--signed-by', 'signer.pub', 'now.json')
    await refused('USAGE', /--policy/, 'unseal', 'disk.pem')
  })

  test('NV holds what is put there', async () => {
    await ok('nv', 'define', '--size', '10', '0x01800002')
    await ok('nv', 'write', '0x01800002', 'secret')
    assert.equal(await ok('nv', 'read', '0x01800002'), 'the secret')
    const { items } = JSON.parse(await ok('nv', 'list', '-o', 'json'))
    assert.ok(items.some(({ index, isWritten }: { index: string; isWritten: boolean }) => index === '0x01800002' && isWritten))
    await ok('nv', 'undefine', '0x01800002')
    await refused('TPM_REFUSED', /HANDLE.*there is nothing at this handle/, 'nv', 'read', '0x01800002')
    await refused('USAGE', /is not an NV index/, 'nv', 'read', '0x81000001')
    await refused('USAGE', /one of --size and --counter/, 'nv', 'define', '0x01800002')
  })

  test('an interruption in the middle leaves nothing behind', async () => {
    const child = begin(['tpm', 'key', 'create', '--type', 'rsa3072', 'slow.pem', '--tpm', `unix:${swtpm.path}`], { env, cwd: folder })
    const end = ended(child)
    while (!isConnected(swtpm.path) && child.exitCode === null) await sleep(5)
    child.kill('SIGINT')
    const { status, signal } = await end
    assert.deepEqual([status === 130 || existsSync(at('slow.pem')), signal], [true, null])
    assert.match(await ok('handle', 'list', '-o', 'ndjson'), /^(?:.*"kept object".*\n)*$/)
  })

  test('a TPM that is not there, or not one', async () => {
    const run = (place: string) => thymus(['tpm', 'info', '--tpm', place, '--timeout', '500ms'], { env })
    for (const [place, says] of [
      ['/nonexistent/tpm', /^thymus: TPM_ABSENT: there is no such device/],
      ['unix:/nonexistent/tpm', /^thymus: TPM_ABSENT: there is no such socket/],
      ['swtpm:127.0.0.1:1', /^thymus: TPM_ABSENT: /],
      ['/dev/null', /^thymus: FORMAT: /],
      ['tpm0', /^thymus: USAGE: --tpm: "tpm0" is not a path/],
    ] as const) {
      const { stderr, stdout } = await run(place)
      assert.match(stderr, says)
      assert.equal(stdout, '')
    }
  })
})
