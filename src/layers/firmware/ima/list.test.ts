import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { imaLists, type LoggedFile } from '../../../../test/kit/ima-log.ts'
import { ThymusError } from '../../../core/errors.ts'
import { readAsciiList } from './ascii.ts'
import { readBinaryList } from './binary.ts'
import { MAX_LIST } from './list.ts'

const FILES: readonly LoggedFile[] = [
  { name: 'boot_aggregate', content: 'the boot' },
  { name: '/usr/bin/env', content: 'env', template: 'ima-sig', signature: Buffer.from('030204aabbccdd0002beef', 'hex') },
  { name: '/usr/bin/no_signature', content: 'plain', template: 'ima-sig' },
  { name: 'kexec-cmdline', content: 'quiet init=/bin/sh', template: 'ima-buf' },
  { name: '/lib/libc.so', content: 'libc', template: 'ima-ngv2' },
  { name: '/lib/verity.so', content: 'tree', template: 'ima-sigv2', verity: true },
  { name: '/etc/old', content: 'old', template: 'ima' },
  { name: '/var/log/open for writing', content: '', violation: true },
]
const { ascii, binary, data } = imaLists(FILES)

describe('both lists of the kernel', () => {
  for (const [name, list] of [
    ['the ASCII one', readAsciiList(ascii)],
    ['the binary one', readBinaryList(binary)],
  ] as const) {
    test(`${name} gives back what was hashed, in every template`, () => {
      assert.deepEqual(list.malformed, [])
      assert.deepEqual(
        list.entries.map((entry) => entry.data.toString('hex')),
        data.map((bytes) => bytes.toString('hex')),
      )
      assert.equal(list.templateHash, 'sha1')
    })

    test(`${name} says names, digests and what stands beside them`, () => {
      assert.deepEqual(
        list.entries.map(({ name }) => name),
        FILES.map(({ name }) => name),
      )
      const [, signed, , buffer, , verity, old, violation] = list.entries
      assert.equal(signed!.field('sig')!.toString('hex'), '030204aabbccdd0002beef')
      assert.equal(buffer!.field('buf')!.toString(), 'quiet init=/bin/sh')
      assert.equal(verity!.digest.of, 'verity')
      assert.equal(old!.digest.algorithm, 'sha1')
      assert.deepEqual([signed!.violation, violation!.violation], [false, true])
    })
  }

  test('the list of another bank has longer hashes, and is known by them', () => {
    for (const bank of ['sha256', 'sha384', 'sha512'] as const) {
      const lists = imaLists(FILES, bank)
      assert.equal(readAsciiList(lists.ascii).templateHash, bank)
      assert.equal(readBinaryList(lists.binary).templateHash, bank)
      assert.equal(readBinaryList(lists.binary).entries.length, FILES.length)
    }
  })

  test('lines that come later go on counting', () => {
    assert.deepEqual(
      readAsciiList(ascii, 100).entries.map(({ number }) => number),
      FILES.map((_, index) => 100 + index),
    )
  })

  test('the template that carries metadata is hashed with its numbers', () => {
    const line = `10 ${'0'.repeat(39)}1 evm-sig sha256:${'ab'.repeat(32)} /bin/su 0502 security.ima|security.capability 0400 aa 0 1000 33261`
    const [entry] = readAsciiList(Buffer.from(line)).entries
    assert.equal(entry!.field('iuid')!.readUInt32LE(), 0)
    assert.equal(entry!.field('igid')!.readUInt32LE(), 1000)
    assert.equal(entry!.field('imode')!.readUInt16LE(), 0o100755)
    assert.equal(entry!.field('xattrnames')!.toString(), 'security.ima|security.capability\0')
  })

  test('a template of one’s own has its format for a name', () => {
    const [entry] = readAsciiList(Buffer.from(`10 ${'ab'.repeat(20)} n-ng|d-ng /bin/a sha256:${'cd'.repeat(32)}`)).entries
    assert.deepEqual([entry!.name, entry!.digest.algorithm], ['/bin/a', 'sha256'])
  })

  test('whatever a file is called, both lists say the same of it', () => {
    const name = fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }).filter((text) => !/[\0\n]/.test(text) && text.isWellFormed())
    fc.assert(
      fc.property(name, fc.string(), fc.constantFrom('ima-ng', 'ima-sig', 'ima-buf', 'ima'), (name, content, template) => {
        const lists = imaLists([{ name, content, template: Buffer.byteLength(name) > 255 ? 'ima-ng' : template }])
        const [one, other] = [readAsciiList(lists.ascii), readBinaryList(lists.binary)]
        assert.deepEqual(one.entries[0]!.data, other.entries[0]!.data)
        assert.equal(one.entries[0]!.name, name)
      }),
    )
  })
})

describe('text that is no list', () => {
  const lines = [
    '',
    'rubbish',
    '10',
    '10 ',
    `24 ${'0'.repeat(40)} ima-ng sha256:aa /bin/a`,
    `10 ${'0'.repeat(39)} ima-ng sha256:aa /bin/a`,
    `10 ${'0'.repeat(39)}g ima-ng sha256:aa /bin/a`,
    `10 ${'0'.repeat(40)} ima-xx sha256:aa /bin/a`,
    `10 ${'0'.repeat(40)} ima-ng sha256:aa`,
    `10 ${'0'.repeat(40)} ima-ng sha256:a /bin/a`,
    `10 ${'0'.repeat(40)} ima-ng :aa /bin/a`,
    `10 ${'0'.repeat(40)} ima-sig sha256:aa /bin/a`,
    `10 ${'0'.repeat(40)} ima-sig sha256:aa /bin/a zz`,
    `10 ${'0'.repeat(40)} ima ${'aa'.repeat(20)} /${'x'.repeat(256)}`,
  ]

  test('each line that is none is named, and the others are read', () => {
    const good = ascii.toString().split('\n')[0]!
    const { entries, malformed } = readAsciiList(Buffer.from([good, ...lines.slice(1), good].join('\n')))
    assert.equal(entries.length, 2)
    assert.deepEqual(
      malformed.map(({ number }) => number),
      lines.slice(1).map((_, index) => index + 2),
    )
  })

  test('cut anywhere, damaged anywhere, it is an answer', () => {
    for (let length = 0; length < ascii.length; length++) readAsciiList(ascii.subarray(0, length))
    for (let at = 0; at < ascii.length; at++) {
      const damaged = Buffer.from(ascii)
      damaged[at]! ^= 0x80
      readAsciiList(damaged)
    }
  })
})

describe('bytes that are no list', () => {
  const refused = (bytes: Uint8Array) => {
    try {
      return readBinaryList(bytes).malformed.length > 0
    } catch (error) {
      assert.ok(error instanceof ThymusError && error.code === 'FORMAT', String(error))
      return true
    }
  }

  test('cut within an entry, they are refused with the field', () => {
    const ends = new Set([0])
    for (let count = 1; count <= FILES.length; count++) ends.add(imaLists(FILES.slice(0, count)).binary.length)
    for (let length = 0; length <= binary.length; length++)
      assert.equal(refused(binary.subarray(0, length)), !ends.has(length), String(length))
  })

  test('a length that is larger than the input is refused', () => {
    for (const at of [24, 24 + 4 + 6]) {
      const hostile = Buffer.from(binary)
      hostile.writeUInt32LE(0xffff_ffff, at)
      assert.throws(() => readBinaryList(hostile), { code: 'FORMAT' })
    }
  })

  test('a field that runs out of its entry makes the entry malformed, and the next one is read', () => {
    const hostile = Buffer.from(binary)
    hostile.writeUInt32LE(0xffff, 24 + 4 + 6 + 4)
    const { entries, malformed } = readBinaryList(hostile)
    assert.deepEqual([entries.length, malformed[0]!.number], [FILES.length - 1, 1])
  })

  test('a name with a NUL inside, behind which anything could be hashed with it, is malformed', () => {
    const { entries, malformed } = readBinaryList(imaLists([{ name: '/usr/bin/env\0hidden', content: 'env' }]).binary)
    assert.deepEqual([entries.length, malformed.map(({ number }) => number)], [0, [1]])
  })

  test('a list of a big-endian machine is refused', () => {
    assert.throws(() => readBinaryList(Buffer.concat([Buffer.from([0, 0, 0, 10]), binary.subarray(4)])), {
      code: 'FORMAT',
      message: /big-endian/,
    })
  })

  test('a list that is too long is refused before it is read', () => {
    for (const read of [readAsciiList, readBinaryList]) assert.throws(() => read(new Uint8Array(MAX_LIST + 1)), { code: 'FORMAT' })
  })
})
