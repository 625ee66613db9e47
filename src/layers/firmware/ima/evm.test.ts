import assert from 'node:assert/strict'
import { generateKeyPairSync, hash, sign } from 'node:crypto'
import { describe, test } from 'node:test'
import { type Attributes, imaLists, type LoggedFile } from '../../../../test/kit/ima-log.ts'
import { readAsciiList } from './ascii.ts'
import { readBinaryList } from './binary.ts'
import { EMPTY, type ImaPolicy } from './policy.ts'
import { fileKeysOf } from './signature.ts'
import { judge, validate } from './validate.ts'

/**
 * Signed by evmctl 1.4, `evmctl sign --imahash --portable -a sha256`, on a file of "hello\n" of user 12 and group 34 with cap_net_raw=ep; openssl made the
 * key.
 */
const BY_EVMCTL = {
  key: `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEK6UShNK1QV8FyAOvZ9b47X1EmTLm
1FESygpwaLL9segMt+MHLGjyvdalfw5qMTw+5xU047T4jR8Wd1ifdpmStg==
-----END PUBLIC KEY-----
`,
  signature: Buffer.from(
    '050204184ae3aa00483046022100d3844ce78579b98a40c0a3108b191d27b92b03065b854164e2b0821e27855ba6022100cbdb90cf18d75d04d59634063c542bdd39df3c14568c1793d22fe9bef81f7e77',
    'hex',
  ),
  attributes: {
    xattrs: [
      ['security.ima', Buffer.from('04045891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03', 'hex')],
      ['security.capability', Buffer.from('0100000200200000000000000000000000000000', 'hex')],
    ],
    uid: 12,
    gid: 34,
    mode: 0o100755,
  },
} as const satisfies { readonly key: string; readonly signature: Buffer; readonly attributes: Attributes }
/** As Linux 6.1 lists it with `ima_template=evm-sig`: /bin/true, signed in the same way by the same key. */
const LISTED = [
  '10',
  '3d9d3650dd27164896991984df3ea81c4b717944',
  'evm-sig',
  'sha256:c79bf44242829108e323378531f4ac839513ca1fba45efd6583643526e1e9fd2',
  '/tmp/m/signed',
  '050204184ae3aa0047304502205d0b9e3d75fcdad6252b7a2b2ef9ef1fc3a310bb0bb344f0689225bed7812a5e022100de1899192ef912d133ab5237783bed8e546a190d2d343560e62f2ced7adb37b5',
  'security.ima|security.capability',
  '2200000014000000',
  '0404c79bf44242829108e323378531f4ac839513ca1fba45efd6583643526e1e9fd20100000200200000000000000000000000000000',
  '12',
  '34',
  '33261',
].join(' ')
const HELLO: LoggedFile = {
  name: '/usr/bin/hello',
  content: 'hello\n',
  template: 'evm-sig',
  signature: BY_EVMCTL.signature,
  attributes: BY_EVMCTL.attributes,
}

const SIGNER = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const PEM = SIGNER.publicKey.export({ format: 'pem', type: 'spki' }).toString()
const [KEY] = fileKeysOf(PEM)
const TRUSTING: ImaPolicy = { ...EMPTY, keys: [KEY!] }

/** A signature of `type` over these bytes. */
function signed(type: number, over: Buffer, version = 2): Buffer {
  const bytes = sign('sha256', over, SIGNER.privateKey)
  const head = Buffer.from([type, version, 4, 0, 0, 0, 0, 0, bytes.length])
  head.writeUInt32BE(KEY!.id, 3)
  return Buffer.concat([head, bytes])
}

function signedAttributes({ xattrs, uid, gid, mode }: Attributes): Buffer {
  const misc = Buffer.alloc(24)
  misc.writeUInt32LE(uid, 12)
  misc.writeUInt32LE(gid, 16)
  misc.writeUInt16LE(mode, 20)
  return signed(5, Buffer.concat([...xattrs.map(([, value]) => value), misc]))
}

const IMA_DIGEST = (content: string, number = 4) =>
  Buffer.concat([Buffer.of(4, number), hash(number === 6 ? 'sha512' : 'sha256', content, 'buffer')])
const attributes = (xattrs: Attributes['xattrs']): Attributes => ({ xattrs, uid: 0, gid: 0, mode: 0o100755 })
const file = (of: Attributes, more: Partial<LoggedFile> = {}): LoggedFile => ({
  name: '/usr/bin/new',
  content: 'new',
  template: 'evm-sig',
  signature: signedAttributes(of),
  attributes: of,
  ...more,
})
const judged = (one: LoggedFile, policy = TRUSTING) => {
  const { ascii, binary } = imaLists([one])
  const answers = [readAsciiList(ascii), readBinaryList(binary)].map(({ entries, malformed }) => {
    assert.deepEqual(malformed, [])
    const [{ judgement, signature }] = judge(entries, policy) as [ReturnType<typeof judge>[number]]
    return [judgement.is, signature]
  })
  assert.deepEqual(answers[0], answers[1])
  return answers[0]
}

describe('a portable signature of EVM', () => {
  test('as evmctl makes it is good, over all that it says of the file', () => {
    const policy = { ...EMPTY, keys: fileKeysOf(BY_EVMCTL.key) }
    assert.deepEqual(judged(HELLO, policy), ['allowed', 'good'])
    const { xattrs, ...rest } = BY_EVMCTL.attributes
    const others: readonly Partial<Attributes>[] = [
      { uid: 13 },
      { gid: 0 },
      { mode: 0o104755 },
      { xattrs: xattrs.slice(0, 1) },
      { xattrs: [xattrs[0], ['security.capability', Buffer.alloc(20)]] },
      { xattrs: [['security.selinux', Buffer.from('x\0')], ...xattrs] },
    ]
    for (const other of others)
      assert.deepEqual(judged({ ...HELLO, attributes: { xattrs, ...rest, ...other } }, policy), ['unknown', 'wrong'], JSON.stringify(other))
  })

  test('is good as the kernel lists it, and not with a bit of it changed', () => {
    const state = (line: string) =>
      judge(readAsciiList(Buffer.from(`${line}\n`)).entries, { ...EMPTY, keys: fileKeysOf(BY_EVMCTL.key) })[0]?.signature
    assert.equal(state(LISTED), 'good')
    for (const [from, to] of [
      ['sha256:c7', 'sha256:c6'],
      [' 0404c7', ' 0404c6'],
      [' 12 34 ', ' 12 35 '],
      [' 33261', ' 35309'],
      ['2200000014000000', '2300000013000000'],
      ['security.ima|security.capability', 'security.capability|security.ima'],
    ] as const) {
      assert.ok(LISTED.includes(from))
      assert.match(state(LISTED.replace(from, to))!, /^(?:wrong|unsupported)$/, from)
    }
  })

  test('of another file, or by another key, allows nothing', () => {
    assert.deepEqual(judged({ ...HELLO, content: 'other' }, { ...EMPTY, keys: fileKeysOf(BY_EVMCTL.key) }), ['unknown', 'wrong'])
    assert.deepEqual(judged(HELLO), ['unknown', 'stranger'])
    assert.deepEqual(judged({ ...HELLO, signature: Buffer.alloc(0) }), ['unknown', 'none'])
  })

  test('counts only with what IMA knows of the content, by a good hash of its very length or a good signature', () => {
    const ima = (value: Buffer) => judged(file(attributes([['security.ima', value]])))
    assert.deepEqual(ima(IMA_DIGEST('new')), ['allowed', 'good'])
    assert.deepEqual(ima(signed(3, Buffer.from('new'))), ['allowed', 'good'])
    assert.deepEqual(ima(signed(3, Buffer.from('old'))), ['unknown', 'wrong'])
    assert.deepEqual(ima(IMA_DIGEST('old')), ['unknown', 'wrong'])
    assert.deepEqual(ima(Buffer.concat([IMA_DIGEST('new'), Buffer.alloc(20)])), ['unknown', 'wrong'])
    assert.deepEqual(ima(IMA_DIGEST('new', 6)), ['unknown', 'wrong'])
    assert.deepEqual(ima(Buffer.concat([Buffer.of(1), hash('sha1', 'new', 'buffer')])), ['unknown', 'unsupported'])
    assert.deepEqual(judged(file(attributes([['security.selinux', Buffer.from('x')]]))), ['unknown', 'wrong'])
    assert.deepEqual(judged(file(attributes([]))), ['unknown', 'wrong'])
  })

  test("in place of IMA's in ima-sig is not verified, since its attributes are not there, and that is said", () => {
    const one: LoggedFile = { ...HELLO, template: 'ima-sig' }
    assert.deepEqual(judged(one, { ...EMPTY, keys: fileKeysOf(BY_EVMCTL.key) }), ['unknown', 'unsupported'])
    const [check] = validate(readAsciiList(imaLists([one]).ascii).entries, EMPTY).filter(({ code }) => code === 'IMA_FILE')
    assert.match(check!.got!, /hello is not known, and its signature cannot be verified: .*does not carry what was signed/)
  })

  test('whose attributes do not fit together is not verified', () => {
    const of = attributes([['security.ima', IMA_DIGEST('new')]])
    const { binary } = imaLists([file(of)])
    const place = binary.indexOf(Buffer.from('0400000022000000', 'hex'))
    assert.ok(place > 0)
    for (const length of [0x21, 0x23, 0xffff_ffff]) {
      binary.writeUInt32LE(length, place + 4)
      assert.equal(judge(readBinaryList(binary).entries, TRUSTING)[0]!.signature, 'unsupported')
    }
  })
})
