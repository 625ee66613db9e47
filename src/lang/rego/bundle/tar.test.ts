import assert from 'node:assert/strict'
import test from 'node:test'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { makeTar, paxRecord } from '../../../../test/kit/tar.ts'
import { ThymusError } from '../../../core/errors.ts'
import { readArchive } from './tar.ts'

const paths = (bytes: Buffer) => readArchive(bytes).map(({ path, bytes }) => [path, bytes.toString()])
const refused = (bytes: Buffer, words: RegExp, limits?: { bytes: number; files: number }) =>
  assert.throws(
    () => readArchive(bytes, limits),
    (error: unknown) => error instanceof ThymusError && error.code === 'BUNDLE' && words.test(`${error.message} ${error.at}`),
  )

test('files are read, whatever their paths begin with; folders are passed over', () => {
  const tar = makeTar([
    { name: '/data.json', content: '{}' },
    { name: './a/', type: '5' },
    { name: './a/p.rego', content: 'package a' },
    { name: 'b', prefix: 'long/prefix', content: 'x'.repeat(1000) },
  ])
  const expected = [
    ['data.json', '{}'],
    ['a/p.rego', 'package a'],
    ['long/prefix/b', 'x'.repeat(1000)],
  ]
  assert.deepEqual(paths(tar), expected)
  assert.deepEqual(paths(gzipSync(tar)), expected)
})

test('long names come by pax and by GNU', () => {
  const long = `${'d/'.repeat(100)}p.rego`
  assert.deepEqual(
    paths(
      makeTar([
        { name: 'x', type: 'x', content: paxRecord('path', long) },
        { name: 'short', content: '1' },
      ]),
    ),
    [[long, '1']],
  )
  assert.deepEqual(
    paths(
      makeTar([
        { name: 'x', type: 'L', content: `${long}\0` },
        { name: 'short', content: '1' },
      ]),
    ),
    [[long, '1']],
  )
  assert.deepEqual(
    paths(
      makeTar([
        { name: 'g', type: 'g', content: paxRecord('path', 'no') },
        { name: 'yes', content: '1' },
      ]),
    ),
    [['yes', '1']],
  )
})

test('what leads out of the bundle is refused', () => {
  for (const name of ['../x', 'a/../../x', '/..', 'a\\..\\x', 'a/..']) refused(makeTar([{ name }]), /leads out|no path has/)
  refused(makeTar([{ name: 'x', type: 'x', content: paxRecord('path', '../../etc/passwd') }, { name: 'ok' }]), /leads out/)
  refused(makeTar([{ name: '/' }]), /without a name/)
  for (const type of ['1', '2', '3', '4', '6', 'S', 'K', 'Z']) refused(makeTar([{ name: 'x', type }]), /link|device|pipe|unknown kind/)
  refused(makeTar([{ name: 'x', type: 'x', content: paxRecord('linkpath', '/etc') }, { name: 'ok' }]), /link/)
  refused(makeTar([{ name: 'a' }, { name: './a' }]), /twice/)
})

test('sizes that are not there are refused', () => {
  refused(makeTar([{ name: 'x', content: 'x', size: 5000 }]), /ends within a file/)
  refused(makeTar([{ name: 'x', size: '77777777777' }]), /ends within a file/)
  refused(makeTar([{ name: 'x', size: '99999999999' }]), /number that is none/)
  refused(makeTar([{ name: 'x', size: '\xff'.repeat(12) }]), /cannot be|sum/)
  refused(makeTar([{ name: 'x', type: 'x', content: paxRecord('size', '99999999999') }, { name: 'y' }]), /ends within a file/)
  refused(makeTar([{ name: 'x', type: 'x', content: paxRecord('size', '-1') }, { name: 'y' }]), /cannot be/)
  for (const content of ['5 a=b', '0 a=b\n', '99 a=b\n', 'x', '6 abc\n']) refused(makeTar([{ name: 'x', type: 'x', content }]), /attribute/)
  refused(makeTar([{ name: 'x', content: 'x' }]).subarray(0, 700), /ends within a header/)
  refused(makeTar([{ name: 'x' }], false).subarray(0, 300), /ends within a header/)
  const changed = makeTar([{ name: 'x' }])
  changed[0] = 'y'.charCodeAt(0)
  refused(changed, /sum of a header is wrong/)
  refused(Buffer.alloc(0), /ends within a header/)
  refused(Buffer.from('not an archive'.repeat(100)), /sum of a header|number that is none/)
})

test('archives have limits, before and after they are decompressed', () => {
  const many = makeTar(Array.from({ length: 5 }, (_, at) => ({ name: `f${at}` })))
  refused(many, /more than 4 files/, { bytes: 1 << 20, files: 4 })
  const bomb = gzipSync(Buffer.alloc(4 << 20))
  assert.ok(bomb.length < 10_000)
  refused(bomb, /larger than 1048576/, { bytes: 1 << 20, files: 4 })
  refused(Buffer.alloc(2 << 20), /larger than 1048576/, { bytes: 1 << 20, files: 4 })
  refused(Buffer.from([0x1f, 0x8b, 8, 0, 0]), /no gzip, or is damaged/)
})

test('no bytes do more than be refused', () => {
  const sound = makeTar([
    { name: 'x', type: 'x', content: paxRecord('path', 'a/b') },
    { name: 'y', content: 'text' },
    { name: 'z', type: '5' },
  ])
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(sound.length - 1), fc.nat(255)), { maxLength: 6 }), fc.boolean(), (changes, mend) => {
      const bytes = Buffer.from(sound)
      for (const [at, byte] of changes) bytes[at] = byte
      if (mend) for (let at = 0; at < bytes.length; at += 512) mendSum(bytes.subarray(at, at + 512))
      try {
        for (const { path } of readArchive(bytes)) assert.ok(!path.startsWith('/') && !path.split('/').includes('..'))
      } catch (error) {
        assert.ok(error instanceof ThymusError && error.code === 'BUNDLE', String(error))
      }
    }),
    { numRuns: 2_000 },
  )
})

/** So that changes are not only found by the sum. */
function mendSum(block: Buffer): void {
  if (block.every((byte) => byte === 0)) return
  block.fill(' ', 148, 156)
  block.write(
    `${block
      .reduce((total, byte) => total + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0`,
    148,
  )
}
