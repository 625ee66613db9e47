import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { describe, test } from 'node:test'
import { certificate, commonName, integer, isCa, newPair } from '../../../../test/kit/certificates.ts'
import { signatureList } from '../../../../test/kit/event-log.ts'
import { ownTime } from '../../../../test/kit/own-time.ts'
import { peImage, signImage } from '../../../../test/kit/pe-image.ts'
import { GUID } from '../../../formats/efi/guid.ts'
import { readSignatureLists } from '../../../formats/efi/signature-list.ts'
import { imageDigest, readImage } from '../../../formats/pe/image.ts'
import { readCertificate } from '../../../formats/x509/certificate.ts'
import { type ImageTrust, verifyImage } from './image.ts'
import { readSbatLevel } from './sbat.ts'
import { certificateName } from './signature-name.ts'

const [rootKey, middleKey, signerKey, otherKey] = [newPair(), newPair(), newPair(), newPair()]
const root = certificate({ subject: 'Root', key: rootKey, extensions: [isCa()], to: '210101000000Z' })
const middle = certificate({ subject: 'Middle', key: middleKey, issuer: { subject: 'Root', key: rootKey }, extensions: [isCa()] })
const signer = certificate({ subject: 'Signer', key: signerKey, issuer: { subject: 'Middle', key: middleKey } })
const other = certificate({ subject: 'Other', key: otherKey, extensions: [isCa()] })
const sbat =
  'sbat,1,SBAT Version,sbat,1,https://example.org\nshim,3,UEFI shim,shim,1,https://example.org\nshim.debian,1,Debian,shim,15.8-1,https://example.org\n'
const bare = peImage({ sections: { '.text': Buffer.from('code'), '.sbat': Buffer.from(sbat) } })
const bareHash = imageDigest(readImage(bare), 'sha256')
const signed = signImage(bare, bareHash, { key: signerKey, by: { issuer: commonName('Middle') }, certificates: [signer, middle] })

const certificates = (...all: readonly Buffer[]) => all.flatMap((each) => readSignatureLists(signatureList(GUID.certX509, each)))
const hashes = (type: string, ...all: readonly Buffer[]) => readSignatureLists(signatureList(type, ...all))
const wrong = (image: Buffer, trust: Partial<ImageTrust>) =>
  verifyImage(image, { db: [], dbx: [], ...trust })
    .filter(({ verdict }) => verdict.is !== 'pass')
    .map(({ code, got }) => `${code} ${got ?? ''}`.trim())

describe('an image is allowed', () => {
  test('by who signed it, by who signed that, and by a root whose time has passed', () => {
    for (const anchor of [signer, middle, root]) assert.deepEqual(wrong(signed, { db: certificates(other, anchor) }), [])
  })

  test('by its own hash, signed or not', () => {
    for (const image of [bare, signed]) assert.deepEqual(wrong(image, { db: hashes(GUID.certSha256, bareHash) }), [])
    assert.deepEqual(wrong(bare, { db: hashes(GUID.certSha512, imageDigest(readImage(bare), 'sha512')) }), [])
  })

  test('by nobody else', () => {
    assert.deepEqual(wrong(signed, { db: certificates(other) }), ['UEFI_ALLOWED signed by Signer'])
    assert.deepEqual(wrong(bare, { db: certificates(root) }), ['UEFI_ALLOWED not signed'])
    const namesake = certificate({ subject: 'Root', key: otherKey, extensions: [isCa()] })
    assert.deepEqual(wrong(signed, { db: certificates(namesake) }), ['UEFI_ALLOWED signed by Signer'])
    const leafAsIssuer = certificate({ subject: 'Middle', key: middleKey })
    const alone = signImage(bare, bareHash, { key: signerKey, by: { issuer: commonName('Middle') }, certificates: [signer] })
    assert.deepEqual(wrong(alone, { db: certificates(leafAsIssuer) }), ['UEFI_ALLOWED signed by Signer'])
  })

  test('not by a signature of another image, nor by one that another key made', () => {
    const copied = signImage(peImage({ sections: { '.text': Buffer.from('evil') } }), bareHash, {
      key: signerKey,
      by: { issuer: commonName('Middle') },
      certificates: [signer, middle],
    })
    assert.deepEqual(wrong(copied, { db: certificates(root) }), ['UEFI_ALLOWED signed, but as another image'])
    const forged = signImage(bare, bareHash, { key: otherKey, by: { issuer: commonName('Middle') }, certificates: [signer, middle] })
    assert.deepEqual(wrong(forged, { db: certificates(root) }), ['UEFI_ALLOWED signed by Signer'])
  })
})

describe('an image is forbidden', () => {
  const db = certificates(root)

  test('by its hash, by a certificate above it, and by the hash of one', () => {
    assert.deepEqual(wrong(signed, { db, dbx: hashes(GUID.certSha256, bareHash) }), ['UEFI_FORBIDDEN the image'])
    for (const [certified, name] of [
      [signer, 'Signer'],
      [middle, 'Middle'],
    ] as const) {
      assert.deepEqual(wrong(signed, { db, dbx: certificates(certified) }), [`UEFI_FORBIDDEN ${name}`])
      const { rawBody } = readCertificate(certified)
      for (const [type, algorithm] of [
        [GUID.certX509Sha256, 'sha256'],
        [GUID.certX509Sha384, 'sha384'],
      ] as const) {
        const timed = Buffer.concat([hash(algorithm, rawBody, 'buffer'), Buffer.alloc(16)])
        assert.deepEqual(wrong(signed, { db, dbx: hashes(type, timed) }), [`UEFI_FORBIDDEN ${name}`])
      }
    }
    assert.deepEqual(wrong(signed, { db, dbx: certificates(other) }), [])
  })

  test('by what its signature leaves out: a hash of the certificate of db to which it leads, or who signed it', () => {
    const timed = (certified: Buffer) => Buffer.concat([hash('sha256', readCertificate(certified).rawBody, 'buffer'), Buffer.alloc(16)])
    const by = { key: signerKey, by: { issuer: commonName('Middle') } }
    const stripped = signImage(bare, bareHash, { ...by, certificates: [signer] })
    const trust = { db: certificates(other, middle) }
    assert.deepEqual(wrong(stripped, trust), [])
    assert.deepEqual(wrong(stripped, { ...trust, dbx: hashes(GUID.certX509Sha256, timed(middle)) }), ['UEFI_FORBIDDEN Middle'])
    assert.deepEqual(wrong(stripped, { ...trust, dbx: hashes(GUID.certX509Sha256, timed(other)) }), [])
    const nameless = signImage(bare, bareHash, { ...by, certificates: [middle] })
    assert.deepEqual(wrong(nameless, { db: certificates(signer) }), ['UEFI_ALLOWED signed by somebody unknown'])
    for (const dbx of [certificates(root), hashes(GUID.certX509Sha256, timed(signer))])
      assert.deepEqual(wrong(nameless, { db: hashes(GUID.certSha256, bareHash), dbx }), [
        'UEFI_FORBIDDEN a signer whose certificate is not in the image',
      ])
  })

  describe('by generations as shim reads them', () => {
    const shown = (section: string, level = 'sbat,1,2024010900\nshim,4\ngrub,3\n') => {
      const image = peImage({ sections: { '.text': Buffer.from('code'), '.sbat': Buffer.from(section) } })
      const db = hashes(GUID.certSha256, imageDigest(readImage(image), 'sha256'))
      return wrong(image, { db, sbatLevel: readSbatLevel(level) })
    }
    const entry = (start: string) => `${start},vendor,package,version,url`

    test('a line counts however it ends, and whatever stands before it', () => {
      for (const section of ['\uFEFF', '\n\r\n', '\0', `${entry('a,1')}\r`, `${entry('a,1')}\0`, `${entry('a,1')},more\r\n`])
        assert.deepEqual(shown(`${section}${entry('grub,2')}\n`), ['UEFI_SBAT grub,2'], JSON.stringify(section))
      assert.deepEqual(shown(`${entry('grub,2')}\n`, 'sbat,1,2024010900\r\ngrub,3\r\n'), ['UEFI_SBAT grub,2'])
      assert.deepEqual(shown(`${entry('grub,3')}\0\0\0`), [])
    })

    test('a generation is what atoi makes of it', () => {
      for (const [text, got] of [
        ['2x', '2'],
        [' 2', '2'],
        ['x', '0'],
        ['65538', '2'],
      ] as const)
        assert.deepEqual(shown(entry(`grub,${text}`)), [`UEFI_SBAT grub,${got}`], text)
      assert.deepEqual(shown(entry('grub,3x')), [])
    })

    test('what shim does not take is refused', () => {
      for (const section of ['', '\n', 'garbage', 'grub,3', entry('grub,'), `${entry('grub,3')}\ngrub,3,vendor,package,version\n`])
        assert.match(
          shown(section).join(),
          /^UEFI_SBAT (SBAT without an entry|an entry of SBAT without its 6 fields)$/,
          JSON.stringify(section),
        )
      assert.deepEqual(shown(`${entry('x,1')}\n`.repeat(300) + entry('grub,2')), ['UEFI_SBAT SBAT with more than 256 entries'])
      assert.deepEqual(shown(`${entry('x,1')}\n`.repeat(256)), [])
      const twice = peImage({
        sections: { '.sbat': Buffer.from(entry('a,1')), '.text': Buffer.from('code'), '.sbaT': Buffer.from(entry('grub,2')) },
      })
      twice.write('.sbat', twice.indexOf('.sbaT'), 'latin1')
      const db = hashes(GUID.certSha256, imageDigest(readImage(twice), 'sha256'))
      assert.deepEqual(wrong(twice, { db, sbatLevel: readSbatLevel('sbat,1') }), ['UEFI_SBAT more than one section .sbat'])
    })

    test('of a level that names a component twice, the greater counts; one that cannot be read is none', () => {
      for (const level of ['grub,3\ngrub,1', 'grub,1\ngrub,3']) assert.deepEqual(shown(entry('grub,2'), level), ['UEFI_SBAT grub,2'])
      for (const level of ['', '\n', 'grub', 'grub,', ',3']) assert.throws(() => readSbatLevel(level), { code: 'FORMAT' }, level)
    })
  })

  test('by generations below the level', () => {
    assert.deepEqual(wrong(signed, { db, sbatLevel: readSbatLevel('sbat,1,2023012900\nshim,3\n') }), [])
    assert.deepEqual(wrong(signed, { db, sbatLevel: readSbatLevel('sbat,1,2024010900\nshim,4\ngrub,3\n') }), ['UEFI_SBAT shim,3'])
    const silent = peImage({ sections: { '.text': Buffer.from('code') } })
    assert.deepEqual(
      wrong(silent, { db: hashes(GUID.certSha256, imageDigest(readImage(silent), 'sha256')), sbatLevel: readSbatLevel('sbat,1,1') }),
      ['UEFI_SBAT'],
    )
  })
})

test('no byte of an image that is covered by its signature can be changed', () => {
  const db = certificates(root)
  const { checksumAt, directoryAt } = readImage(signed)
  for (let at = 0; at < bare.length; at += 7) {
    if ((at >= checksumAt && at < checksumAt + 4) || (at >= directoryAt! && at < directoryAt! + 8)) continue
    const turned = Buffer.from(signed)
    turned[at]! ^= 4
    assert.notDeepEqual(wrong(turned, { db }), [], `byte ${at}`)
  }
  assert.match(wrong(Buffer.from('MZ'), { db })[0]!, /^UEFI_IMAGE /)
})

test('certificates that sign one another in circles come to an end', () => {
  const ring = Array.from({ length: 40 }, (_, number) =>
    certificate({ subject: 'Ring', key: middleKey, extensions: [isCa()], serial: integer(number + 2) }),
  )
  const leaf = certificate({ subject: 'Leaf', key: signerKey, issuer: { subject: 'Ring', key: middleKey } })
  const image = signImage(bare, bareHash, { key: signerKey, by: { issuer: commonName('Ring') }, certificates: [leaf, ...ring] })
  const started = ownTime()
  assert.deepEqual(wrong(image, { db: certificates(other) }), ['UEFI_ALLOWED signed by Leaf'])
  assert.ok(ownTime() - started < 1_000)
})

test('a forbidden root is not hidden behind more certificates than are looked at', () => {
  // Whoever knows a public key can give it other names: these lead from the signer into a crowd.
  const detours = Array.from({ length: 10 }, (_, number) =>
    certificate({
      subject: 'Middle',
      key: middleKey,
      issuer: { subject: 'Crowd', key: otherKey },
      extensions: [isCa()],
      serial: integer(number + 2),
    }),
  )
  const crowd = Array.from({ length: 20 }, (_, number) =>
    certificate({ subject: 'Crowd', key: rootKey, extensions: [isCa()], serial: integer(number + 2) }),
  )
  const by = { key: signerKey, by: { issuer: commonName('Middle') } }
  const trust = { db: certificates(middle), dbx: certificates(root) }
  assert.deepEqual(wrong(signImage(bare, bareHash, { ...by, certificates: [signer, middle] }), trust), ['UEFI_FORBIDDEN Root'])
  assert.deepEqual(wrong(signImage(bare, bareHash, { ...by, certificates: [signer, ...detours, ...crowd, middle] }), trust), [
    'UEFI_FORBIDDEN more certificates than are looked at',
  ])
})

test('who only sounds like Microsoft is told apart', () => {
  const fake = certificate({ subject: 'Microsoft Corporation UEFI CA 2011', key: otherKey })
  assert.match(certificateName(fake), /^Microsoft Corporation UEFI CA 2011 \(sha256:[0-9a-f]{16}, not a root of Microsoft that is known\)$/)
  assert.match(certificateName(Buffer.from('3003020101', 'hex')), /^the certificate sha256:/)
})
