// thymus ima and thymus module, as a user types them; every file is made here.
import assert from 'node:assert/strict'
import { generateKeyPairSync, hash, sign } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { preAuthentication } from '../../src/formats/dsse.ts'
import { GUID } from '../../src/formats/efi/guid.ts'
import { readCertificate } from '../../src/formats/x509/certificate.ts'
import { readPolicies } from '../../src/layers/network/read-policies.ts'
import { certificate, commonName, newPair, pem } from '../kit/certificates.ts'
import { thymus } from '../kit/cli.ts'
import { signatureList } from '../kit/event-log.ts'
import { imaLists, type LoggedFile, pcrAfter } from '../kit/ima-log.ts'
import { appended } from '../kit/kernel-module.ts'
import { signedData } from '../kit/signed-data.ts'

const folder = mkdtempSync(join(tmpdir(), 'thymus-integrity-'))
after(() => rmSync(folder, { recursive: true }))
const put = (name: string, content: string | Uint8Array) => {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

describe('thymus module', () => {
  const SIGNER = { subject: 'the key of this kernel', key: newPair() }
  const content = Buffer.from('\x7fELF a module')
  const signed = appended(content, signedData({ key: SIGNER.key, by: { issuer: commonName(SIGNER.subject) }, content }))
  const flipped = Buffer.from(signed)
  flipped[9]! ^= 1
  const key = put('key.pem', pem('CERTIFICATE', certificate(SIGNER)))
  const modules = join(folder, 'modules')
  mkdirSync(modules)
  const [good, packed, tight, bare, wrong] = [
    put('modules/good.ko', signed),
    put('modules/packed.ko.gz', gzipSync(signed)),
    put('modules/tight-one.ko.zst', zstdCompressSync(signed)),
    put('modules/bare.ko', content),
    put('modules/wrong.ko', flipped),
  ]

  test('verify tells signed, unsigned, wrong and unknown apart, in words and by its status', async () => {
    const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
      [['--key', key, good, packed, tight], 0, /tight_one +signed .*signed by the key of this kernel \(.*key\.pem\)/],
      [['--key', key, good, bare], 2, /bare +unsigned/],
      [['--key', key, wrong], 2, /wrong +WRONG .*the module is not the one that was signed/],
      [['--key', key, put('empty.ko', Buffer.alloc(0))], 2, /empty +unsigned/],
      [
        ['--key', key, '--revoked', put('revoked', `tbs:${hash('sha256', readCertificate(certificate(SIGNER)).rawBody)}`), good],
        2,
        /good +REVOKED .*the key of this kernel/,
      ],
      [
        [
          '--key',
          key,
          '--revoked',
          put('dbx', Buffer.concat([Buffer.of(0x27, 0, 0, 0), signatureList(GUID.certX509, certificate(SIGNER))])),
          good,
        ],
        2,
        /good +REVOKED/,
      ],
      [['--key', key, '--revoked', put('other', `bin:${'ab'.repeat(32)}`), good], 0, /good +signed/],
      [[good], 3, /good +unknown .*number 1 of the key of this kernel, whose key was not given/],
    ]
    for (const [words, status, says] of cases) {
      const ended = await thymus(['module', 'verify', '--no-trunc', ...words])
      assert.match(ended.stdout, says)
      assert.equal(ended.status, status, ended.stdout)
    }
  })

  test('list goes on after a file that cannot be unpacked, and names it', async () => {
    put('modules/torn.ko.gz', gzipSync(signed).subarray(0, 30))
    const { stdout, status } = await thymus(['module', 'list', '--all', '--folder', modules, '--key', key, '-o', 'json'])
    const { items } = JSON.parse(stdout) as { items: readonly { name: string; signature: string }[] }
    assert.deepEqual(
      items.map(({ name, signature }) => `${name} ${signature}`),
      ['bare unsigned', 'good signed', 'packed signed', 'tight_one signed', 'torn unreadable', 'wrong wrong'],
    )
    assert.equal(status, 2)
  })

  test('policy allows what is signed by its digest, and denies the rest', async () => {
    const { stdout, stderr } = await thymus(['module', 'policy', '--folder', modules, '--key', key])
    const { policies } = readPolicies(stdout, 'modules.yaml')
    const [policy] = policies
    assert.deepEqual([policy!.id, policy!.isolates, policy!.applies.node], ['NodePolicy/modules', ['module'], true])
    const digests = [good, packed, tight].map((path) => hash('sha256', readFileSync(path)))
    assert.deepEqual(
      policy!.rules.map(({ when }) => when),
      digests.map((sha256) => ({ is: 'content', sha256 })),
    )
    assert.match(stderr, /3 of \d modules are signed/)
    const without = await thymus(['module', 'policy', '--folder', modules, '--key', key, '--revoked', key])
    assert.match(without.stderr, /0 of \d modules are signed/)
  })

  test('a key that is none, and a file that is not there, are said in one line', async () => {
    for (const words of [
      ['--key', good, good],
      ['--key', join(folder, 'none'), good],
      ['--revoked', join(folder, 'none'), good],
      ['--revoked', put('typo', 'tbs:ab'), good],
    ]) {
      const { status, stderr } = await thymus(['module', 'verify', ...words])
      assert.ok(status === 1 || status === 64)
      assert.match(stderr, /^thymus: [^\n]+\n$/)
      assert.ok(stderr.includes(words[1]!), stderr)
    }
  })
})

describe('thymus ima', () => {
  const FILES: readonly LoggedFile[] = [
    { name: 'boot_aggregate', content: 'boot' },
    { name: '/usr/bin/env', content: 'env' },
  ]
  const { ascii, binary } = imaLists(FILES)
  const [text, bytes] = [put('list.txt', ascii), put('list.bin', binary)]
  const other = put('other.txt', imaLists([FILES[0]!, { name: '/usr/bin/env', content: 'evil' }]).ascii)
  const pcr = pcrAfter(FILES, 'sha256').toString('hex')

  test('a list that leads to the PCR passes, ASCII and binary; one that is made up does not', async () => {
    for (const list of [text, bytes]) assert.equal((await thymus(['ima', 'verify', '--pcr', pcr, list])).status, 0)
    const ended = await thymus(['ima', 'verify', '--pcr', pcr, other])
    assert.match(ended.stdout, /IMA_PCR +FAIL/)
    assert.equal(ended.status, 2)
    assert.equal((await thymus(['ima', 'verify', text])).status, 3)
  })

  test('a policy of a list allows that list, and names the file that is another', async () => {
    const { stdout } = await thymus(['ima', 'policy', '--log', bytes, '--exclude', '/tmp/'])
    const policy = put('policy.json', stdout)
    assert.equal((await thymus(['ima', 'verify', '--pcr', pcr, '--policy', policy, text])).status, 0)
    const ended = await thymus(['ima', 'verify', '--no-trunc', '--policy', policy, other])
    assert.match(ended.stdout, /IMA_CHANGED +FAIL .*\/usr\/bin\/env is another file/)
    assert.equal(ended.status, 2)
  })

  test('a policy that must be signed is taken from its signer alone', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519')
    const payload = Buffer.from((await thymus(['ima', 'policy', '--log', text])).stdout)
    const enveloped = (payloadType: string) => {
      const sig = sign(null, preAuthentication({ payloadType, payload }), privateKey).toString('base64')
      return JSON.stringify({ payload: payload.toString('base64'), payloadType, signatures: [{ keyid: '', sig }] })
    }
    const envelope = put('envelope.json', enveloped('application/vnd.keylime+json'))
    const [ours, theirs] = [publicKey, generateKeyPairSync('ed25519').publicKey].map((key, at) =>
      put(`key-${at}.pem`, key.export({ format: 'pem', type: 'spki' }).toString()),
    ) as [string, string]
    const verify = (key: string, policy: string) => thymus(['ima', 'verify', '--pcr', pcr, '--policy', policy, '--key', key, text])
    assert.equal((await verify(ours, envelope)).status, 0)
    assert.match((await verify(theirs, envelope)).stderr, /UNTRUSTED.*none of the keys signed it/)
    assert.match((await verify(ours, put('plain.json', payload))).stderr, /UNTRUSTED.*it is not signed/)
    assert.match((await verify(ours, put('other.json', enveloped('application/vnd.in-toto+json')))).stderr, /UNTRUSTED.*holds "application/)
  })
})
