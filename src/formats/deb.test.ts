import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { test } from 'node:test'
import { ar, deb } from '../../test/kit/deb.ts'
import { makeTar, type TarEntry } from '../../test/kit/tar.ts'
import { debData, debFiles } from './deb.ts'

const FILES: readonly TarEntry[] = [
  { name: './', type: '5' },
  { name: './usr/bin/tiny', content: 'tiny' },
  { name: './usr/bin/same', type: '1', link: './usr/bin/tiny' },
  { name: './usr/bin/link', type: '2', link: 'tiny' },
  { name: './dev/null', type: '3' },
  { name: 'x', type: 'L', content: `./opt/${'d/'.repeat(100)}ü\0` },
  { name: './opt/d', content: 'deep' },
  { name: 'x', type: 'K', content: './usr/bin/tiny\0' },
  { name: './usr/bin/again', type: '1', link: './cut' },
]
const told = (bytes: Buffer) => debFiles(debData(bytes)).map(({ path, digest }) => [path, digest.bytes.toString('hex')])

test('the files of a package have the digests of their content, hard links too; no folders, links and devices', () => {
  const [tiny, deep] = [hash('sha256', 'tiny'), hash('sha256', 'deep')]
  assert.deepEqual(told(deb(makeTar(FILES))), [
    ['/usr/bin/tiny', tiny],
    ['/usr/bin/same', tiny],
    [`/opt/${'d/'.repeat(100)}ü`, deep],
    ['/usr/bin/again', tiny],
  ])
})

test('a member that is not there, cut off, or of another format is refused', () => {
  const data = makeTar(FILES)
  for (const [bytes, message] of [
    [Buffer.from('text'), /no package of Debian/],
    [ar([]), /no data\.tar/],
    [
      ar([
        ['debian-binary', '3.0\n'],
        ['data.tar', data],
      ]),
      /no package of Debian 2/,
    ],
    [ar([['data.tar', data]]), /no package of Debian 2/],
    [
      ar([
        ['debian-binary', '2.0\n'],
        ['control.tar', ''],
      ]),
      /no data\.tar/,
    ],
    [ar([['debian-binary', '2.0\n'], ...Array(20).fill(['_x', '']), ['data.tar', data]]), /no data\.tar/],
  ] as const)
    assert.throws(() => debData(bytes), { code: 'FORMAT', message })
})

test('a hard link to nothing, and one that nothing follows, are refused', () => {
  for (const entries of [[{ name: './a', type: '1', link: './b' }], [{ name: 'x', type: 'K', content: './b\0' }]])
    assert.throws(() => debFiles(makeTar(entries)), { code: 'FORMAT', message: /link/ })
})

test('cut anywhere, it is refused', () => {
  const whole = deb(makeTar(FILES.slice(0, 3), false))
  for (let length = 0; length < whole.length; length++)
    assert.throws(() => told(whole.subarray(0, length)), { code: 'FORMAT' }, `${length} bytes`)
})
