import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { describe, test } from 'node:test'
import { ndb, type RpmFileMade, type RpmValue, rpmHeader, rpmPackage, rpmTags } from '../../../test/kit/rpm.ts'
import { ByteReader } from '../bytes.ts'
import { rpmFiles, rpmName } from './files.ts'
import { readRpmHeader } from './header.ts'
import { ndbHeaders } from './ndb.ts'
import { readRpmPackage } from './package.ts'

const FILES: readonly RpmFileMade[] = [
  { path: '/usr/bin/tiny', content: 'tiny', signature: Buffer.from('030204', 'hex') },
  { path: '/usr/bin', mode: 0o40755 },
  { path: '/usr/bin/link', mode: 0o120777 },
  { path: '/etc/ü b.conf', content: 'settings', flags: 1 },
  { path: '/var/lib/tiny/state', content: 'of the build', flags: 1 << 6 },
]
const told = (bytes: Buffer) =>
  rpmFiles(readRpmPackage(bytes)).map(({ path, digest, signature }) => [
    path,
    digest.algorithm,
    digest.bytes.toString('hex'),
    signature?.toString('hex'),
  ])
const tagged = (tags: Readonly<Record<number, RpmValue>>) => rpmPackage(FILES, tags)
const sha256 = (text: string) => hash('sha256', text)
const readHeader = (bytes: Buffer) => readRpmHeader(new ByteReader(bytes, 'big'))

describe('a package', () => {
  test('tells its files with their digests: configuration too, but no folders, links and ghosts', () => {
    assert.equal(rpmName(readRpmPackage(rpmPackage(FILES)).header), 'tiny-1.0-1.noarch')
    assert.deepEqual(told(rpmPackage(FILES)), [
      ['/usr/bin/tiny', 'sha256', sha256('tiny'), '030204'],
      ['/etc/ü b.conf', 'sha256', sha256('settings'), undefined],
    ])
  })

  test('of no files is one, whatever its hash algorithm', () => {
    assert.deepEqual(told(rpmPackage([], { 5011: { int32: [99] } })), [])
  })

  test('that names no hash algorithm means MD5', () => {
    const tags = rpmTags(FILES.slice(0, 1))
    tags[1035] = { texts: [hash('md5', 'tiny')] }
    delete tags[5011]
    const [file] = rpmFiles({ header: readHeader(rpmHeader(tags)) })
    assert.deepEqual(file!.digest, { algorithm: 'md5', bytes: hash('md5', 'tiny', 'buffer'), of: 'file' })
  })

  test('whose lists do not fit together is refused at its tag', () => {
    const digest = sha256('x')
    const refused: readonly (readonly [Readonly<Record<number, RpmValue>>, RegExp])[] = [
      [{ 1035: { texts: [digest] } }, /FILEDIGESTS/],
      [{ 1035: { texts: FILES.map(() => 'abc') } }, /FILEDIGESTS/],
      [{ 1035: { texts: FILES.map(() => 'x'.repeat(64)) } }, /FILEDIGESTS/],
      [{ 1030: { int16: [1] } }, /FILEMODES/],
      [{ 1030: { texts: FILES.map(() => 'x') } }, /FILEMODES/],
      [{ 1037: { int32: [] } }, /FILEFLAGS/],
      [{ 1116: { int32: FILES.map(() => 77) } }, /DIRINDEXES/],
      [{ 1118: { texts: FILES.map(() => '') } }, /DIRNAMES/],
      [{ 1117: { texts: FILES.map(() => 'x'.repeat(5_000)) } }, /BASENAMES/],
      [{ 5011: { int32: [99] } }, /FILEDIGESTALGO/],
      [{ 5090: { texts: ['00'] } }, /FILESIGNATURES/],
      [{ 5090: { texts: FILES.map(() => 'xx') } }, /FILESIGNATURES/],
      [{ 1117: { texts: [] }, 1027: { texts: ['/bin/old'] } }, /OLDFILENAMES/],
    ]
    for (const [tags, at] of refused) assert.throws(() => told(tagged(tags)), { code: 'FORMAT', at }, String(at))
  })

  test('that was damaged on its way is found by the digest that it states, and cut anywhere it is refused', () => {
    const whole = rpmPackage(FILES)
    const damaged = Buffer.from(whole)
    damaged[damaged.length - 2]! ^= 1
    assert.throws(() => readRpmPackage(damaged), { code: 'FORMAT', at: /^header at byte/ })
    for (let length = 0; length < whole.length; length++)
      assert.throws(() => readRpmPackage(whole.subarray(0, length)), { code: 'FORMAT' }, `${length} bytes`)
    assert.equal(told(Buffer.concat([whole, Buffer.from('the payload')])).length, 2)
  })
})

describe('a header', () => {
  test('as it is installed: what was added behind its own entries replaces them', () => {
    const own = rpmHeader(rpmTags([FILES[0]!]))
    const other = rpmHeader({ ...rpmTags([FILES[0]!]), 1117: { texts: ['other'] } })
    const [count, size] = [own.readUInt32BE(0), own.readUInt32BE(4)]
    const added = Buffer.from(other.subarray(8, 8 + 16 * other.readUInt32BE(0)).subarray(16 * 8, 16 * 9))
    assert.equal(added.readUInt32BE(0), 1117)
    added.writeUInt32BE(added.readUInt32BE(8) + size, 8)
    const head = Buffer.from(own.subarray(0, 8))
    head.writeUInt32BE(count + 1, 0)
    head.writeUInt32BE(size + other.readUInt32BE(4), 4)
    const index = own.subarray(8, 8 + 16 * count)
    const whole = Buffer.concat([head, index, added, own.subarray(8 + 16 * count), other.subarray(8 + 16 * other.readUInt32BE(0))])
    assert.deepEqual(
      rpmFiles({ header: readHeader(whole) }).map(({ path }) => path),
      ['/usr/bin/other'],
    )
  })

  test('that promises more than is there, or more than anybody needs, is refused before anything is made for it', () => {
    const numbers = (count: number, size: number) => {
      const bytes = rpmHeader({ 1117: { texts: ['a'] }, 1030: { int16: [1] } })
      bytes.writeUInt32BE(count, 0)
      bytes.writeUInt32BE(size, 4)
      return bytes
    }
    for (const [count, size, at] of [
      [0x1_0000, 4, /^index_length/],
      [0xffff, 4, /^index/],
      [1, 0x1000_0000, /^data/],
      [1, 100, /^data/],
    ] as const)
      assert.throws(() => readHeader(numbers(count, size)), { code: 'FORMAT', at })
    for (const count of [2, 3_000_000, 0xffff_ffff]) {
      const bytes = rpmHeader({ 1117: { texts: ['a'] } })
      bytes.writeUInt32BE(count, 8 + 12)
      assert.throws(() => readHeader(bytes).texts('BASENAMES'), { code: 'FORMAT', at: /^BASENAMES/ })
    }
  })
})

describe('a database of SUSE', () => {
  const headers = [FILES.slice(0, 1), FILES, []].map((files) => rpmHeader(rpmTags(files)))
  const read = (bytes: Buffer) => [...ndbHeaders(bytes)].map(({ blob }) => blob)

  test('gives the headers of its packages back', () => {
    assert.deepEqual(read(ndb(headers)), headers)
    assert.deepEqual(read(ndb([])), [])
  })

  test('two slots of one place, and places that are none, are refused', () => {
    const slot = 32
    for (const [at, value, field] of [
      [slot + 16 + 4, 9, /^pkgidx/],
      [slot + 16 + 8, 256, /^byte|^blkoff|^pkgidx|^bloblen/],
      [slot + 8, 0xffff_ffff, /^blkoff/],
      [slot + 8, 1, /^blkoff/],
      [slot + 12, 1, /^blkoff/],
      [slot, 0, /^slot/],
      [12, 0, /^slotnpages/],
      [12, 0xffff_ffff, /^slotnpages/],
      [4, 1, /^version/],
    ] as const) {
      const bytes = ndb(headers)
      bytes.writeUInt32LE(value, at)
      assert.throws(() => read(bytes), { code: 'FORMAT', at: field }, `${value} at ${at}`)
    }
    const twice = ndb(headers)
    twice.copy(twice, slot + 16, slot, slot + 16)
    assert.throws(() => read(twice), { code: 'FORMAT', message: /two packages in one place/ })
  })

  test('cut anywhere, it is refused', () => {
    const whole = ndb(headers)
    for (let length = 0; length < whole.length; length++)
      assert.throws(() => read(whole.subarray(0, length)), { code: 'FORMAT' }, `${length} bytes`)
  })
})
