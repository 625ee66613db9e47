// thymus boot verify, as a user types it; every image, key and list is made here.
import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { GUID } from '../../src/formats/efi/guid.ts'
import { imageDigest, readImage } from '../../src/formats/pe/image.ts'
import { readCertificate } from '../../src/formats/x509/certificate.ts'
import { certificate, commonName, isCa, newPair, pem } from '../kit/certificates.ts'
import { thymus } from '../kit/cli.ts'
import { signatureList } from '../kit/event-log.ts'
import { peImage, signImage } from '../kit/pe-image.ts'

const folder = mkdtempSync(join(tmpdir(), 'thymus-boot-verify-'))
after(() => rmSync(folder, { recursive: true }))
const put = (name: string, content: string | Uint8Array) => {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

describe('thymus boot verify', () => {
  const [rootKey, signerKey] = [newPair(), newPair()]
  const root = certificate({ subject: 'Root', key: rootKey, extensions: [isCa()] })
  const signer = certificate({ subject: 'Signer', key: signerKey, issuer: { subject: 'Root', key: rootKey } })
  const bytes = peImage({
    sections: { '.text': Buffer.from('code'), '.sbat': Buffer.from('grub,3,vendor,grub2,2.06,https://example.org\n') },
  })
  const digest = imageDigest(readImage(bytes), 'sha256')
  const tbs = (der: Buffer) => Buffer.concat([hash('sha256', readCertificate(der).rawBody, 'buffer'), Buffer.alloc(16)])
  const attributes = Buffer.of(0x27, 0, 0, 0)

  const signed = put('signed.efi', signImage(bytes, digest, { key: signerKey, by: { issuer: commonName('Root') }, certificates: [signer] }))
  const bare = put('bare.efi', bytes)
  const db = put('db.pem', pem('CERTIFICATE', root))
  const nothing = ['--db', db, '--dbx', '/dev/null', '--sbat', put('level', 'sbat,1,2025021800\ngrub,3\n')]

  test('tells what is started from what is not, and why, in words and by its status', async () => {
    const list = (name: string, type: string, entry: Buffer) => put(name, Buffer.concat([attributes, signatureList(type, entry)]))
    const silent = peImage({ sections: { '.text': Buffer.from('code') } })
    const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
      [[...nothing, signed], 0, /UEFI_ALLOWED +pass .*Root/],
      [[...nothing, '--db', put('db.der', root), signed], 0, /UEFI_SBAT +pass/],
      [['--db', list('hash', GUID.certSha256, digest), '--dbx', '/dev/null', '--sbat', 'LEVEL', bare], 0, /UEFI_ALLOWED +pass .*its hash/],
      [[...nothing, bare], 2, /UEFI_ALLOWED +FAIL .*not signed/],
      [[...nothing, '--dbx', list('dbx-hash', GUID.certSha256, digest), signed], 2, /UEFI_FORBIDDEN +FAIL .*the image/],
      // The certificate of db whose hash is forbidden is not in the image.
      [[...nothing, '--dbx', list('dbx-tbs', GUID.certX509Sha256, tbs(root)), signed], 2, /UEFI_FORBIDDEN +FAIL .*Root/],
      [
        ['--db', db, '--dbx', '/dev/null', '--sbat', put('newer', Buffer.concat([attributes, Buffer.from('sbat,1\ngrub,4')])), signed],
        2,
        /UEFI_SBAT +FAIL .*grub,3/,
      ],
      [
        [
          '--db',
          list('silent-hash', GUID.certSha256, imageDigest(readImage(silent), 'sha256')),
          '--dbx',
          '/dev/null',
          '--sbat',
          'LEVEL',
          put('silent.efi', silent),
        ],
        3,
        /UEFI_SBAT +unknown/,
      ],
      [
        [...nothing, put('damaged.efi', bytes.subarray(0, 200)), signed],
        2,
        /damaged\.efi +UEFI_IMAGE +FAIL.*signed\.efi +UEFI_IMAGE +pass/s,
      ],
    ]
    for (const [words, expected, shown] of cases) {
      const all = words.map((word) => (word === 'LEVEL' ? join(folder, 'level') : word))
      const { stdout, stderr, status } = await thymus(['boot', 'verify', ...all, '--no-trunc'])
      assert.equal(status, expected, `${all.join(' ')}\n${stdout}${stderr}`)
      assert.match(stdout, shown)
    }
  })

  test('answers programs with the checks of each image', async () => {
    const { stdout, status } = await thymus(['boot', 'verify', ...nothing, '-o', 'json', signed, bare])
    assert.equal(status, 2)
    const { kind, items } = JSON.parse(stdout)
    assert.equal(kind, 'ImageList')
    assert.deepEqual(
      items.map(({ about, verdict, checks }: { about: string; verdict: { is: string }; checks: readonly unknown[] }) => [
        about,
        verdict.is,
        checks.length,
      ]),
      [
        [signed, 'pass', 4],
        [bare, 'fail', 4],
      ],
    )
  })

  test('refuses what it cannot read, each by its code and place', async () => {
    const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
      [[...nothing, join(folder, 'gone.efi')], 64, /USAGE: there is no such file .*gone\.efi/],
      [['--db', put('no-list', 'no list at all, and no certificate'), '--dbx', '/dev/null', signed], 1, /FORMAT: .*no-list/],
      [['--db', db, '--dbx', '/dev/null', '--sbat', put('no-level', 'grub'), signed], 1, /FORMAT: .*no-level/],
      [nothing, 64, /IMAGE/],
    ]
    for (const [words, expected, said] of cases) {
      const { stdout, stderr, status } = await thymus(['boot', 'verify', ...words])
      assert.equal(status, expected, stderr)
      assert.equal(stdout, '')
      assert.match(stderr, said)
    }
  })

  test('takes no machine without db and dbx for one that forbids nothing', async (t) => {
    if (existsSync(`/sys/firmware/efi/efivars/dbx-${GUID.imageSecurityDatabase}`)) return t.skip('this machine has a dbx')
    const { stderr, status } = await thymus(['boot', 'verify', '--db', db, signed])
    assert.equal(status, 64)
    assert.match(stderr, /this machine shows no dbx/)
  })
})
