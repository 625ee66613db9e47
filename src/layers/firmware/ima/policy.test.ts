import assert from 'node:assert/strict'
import { generateKeyPairSync, hash, type KeyObject, sign } from 'node:crypto'
import { describe, test } from 'node:test'
import { certificate, newPair } from '../../../../test/kit/certificates.ts'
import { imaLists, type LoggedFile } from '../../../../test/kit/ima-log.ts'
import { ownTime } from '../../../../test/kit/own-time.ts'
import { readAsciiList } from './ascii.ts'
import { bufferOf } from './buffer.ts'
import {
  both,
  EMPTY,
  excludes,
  type ImaPolicy,
  policyFromAllowlist,
  policyFromLog,
  readKeylimePolicy,
  writeKeylimePolicy,
} from './policy.ts'
import { type FileKey, fileKeyOf, fileKeysOf, readFileSignature } from './signature.ts'
import { judge, validate } from './validate.ts'

const SIGNER = newPair()
const CERTIFICATE = certificate({ subject: 'the signer of files', key: SIGNER })
const entriesOf = (files: readonly LoggedFile[]) => readAsciiList(imaLists(files).ascii).entries
const sha256 = (text: string) => hash('sha256', text)

/** security.ima of version 2. */
function signed(content: string, key: KeyObject = SIGNER.privateKey, { id }: Pick<FileKey, 'id'> = fileKeyOf(CERTIFICATE)): Buffer {
  const signature = sign('sha256', Buffer.from(content), key)
  const head = Buffer.alloc(9)
  head.set([3, 2, 4])
  head.writeUInt32BE(id, 3)
  head.writeUInt16BE(signature.length, 7)
  return Buffer.concat([head, signature])
}

const FILES: readonly LoggedFile[] = [
  { name: 'boot_aggregate', content: 'boot' },
  { name: '/usr/bin/env', content: 'env' },
  { name: 'kexec-cmdline', content: 'quiet', template: 'ima-buf' },
  { name: '.ima', content: CERTIFICATE, template: 'ima-buf' },
]
const failed = (files: readonly LoggedFile[], policy: ImaPolicy) =>
  validate(entriesOf(files), policy)
    .filter(({ verdict }) => verdict.is !== 'pass')
    .map(({ code, got }) => `${code}: ${got}`)

describe('a policy made of a log', () => {
  const policy = policyFromLog(entriesOf(FILES))

  test('allows what the log holds, and names files, keyrings and buffers apart', () => {
    assert.deepEqual(
      [...policy.files.keys(), ...policy.keyrings.keys(), ...policy.buffers.keys()],
      ['/usr/bin/env', '.ima', 'kexec-cmdline'],
    )
    assert.deepEqual(failed(FILES, policy), [])
  })

  test('a file that is another one, and one that nobody knows, are said by their names', () => {
    const [changed] = failed([{ name: '/usr/bin/env', content: 'evil' }], policy)
    assert.equal(changed, `IMA_CHANGED: /usr/bin/env is another file: sha256:${sha256('evil')}, where ${sha256('env')} is known`)
    assert.deepEqual(failed([{ name: '/tmp/x', content: 'env' }], policy), ['IMA_FILE: /tmp/x is not known'])
  })

  test('a kexec command line, and a key, that are others are told', () => {
    assert.match(
      failed([{ name: 'kexec-cmdline', content: 'init=/bin/sh', template: 'ima-buf' }], policy)[0]!,
      /^IMA_CHANGED: kexec-cmdline /,
    )
    const other = certificate({ subject: 'another', key: newPair() })
    assert.match(failed([{ name: '.ima', content: other, template: 'ima-buf' }], policy)[0]!, /^IMA_KEYRING: a key of \.ima /)
  })

  test('a file that was written while it was read passes only where that is forgiven', () => {
    const written: LoggedFile[] = [{ name: '/usr/bin/env', content: '', violation: true }]
    assert.deepEqual(failed(written, policy), ['IMA_VIOLATION: /usr/bin/env was written while it was read'])
    assert.equal(failed(written, { ...policy, excludes: excludes(['/usr/bin/.*']) }).length, 1)
    assert.ok(validate(entriesOf(written), policy, { allowViolations: true }).every(({ verdict }) => verdict.is === 'pass'))
  })

  test('a digest of an algorithm that is not known makes no policy', () => {
    const line = `10 ${'ab'.repeat(20)} ima-ng whirl:${'00'.repeat(30)} /bin/a`
    assert.throws(() => policyFromLog(readAsciiList(Buffer.from(line)).entries), { code: 'REFERENCE', at: 'entry 1' })
  })

  test('Keylime reads it, and it comes back the same', () => {
    const signing = { ...policy, keys: [fileKeyOf(CERTIFICATE)] }
    for (const each of [policy, signing]) assert.deepEqual(readKeylimePolicy(writeKeylimePolicy(each, new Date(0))), each)
  })
})

describe('an allowlist', () => {
  test('is what sha256sum prints, with keyrings beside', () => {
    const text = `${sha256('env')}  /usr/bin/env\r\n\n${sha256('a b')} */opt/a b\nsha256:${sha256('key')}  %keyring:.ima\n`
    const { files, keyrings } = policyFromAllowlist(text)
    assert.deepEqual(
      [...files],
      [
        ['/usr/bin/env', new Set([sha256('env')])],
        ['/opt/a b', new Set([sha256('a b')])],
      ],
    )
    assert.deepEqual([...keyrings.keys()], ['.ima'])
  })

  test('a line that is none is named', () => {
    for (const line of ['word', 'xyz  /a', `${'ab'.repeat(15)}  /a`, `sha256:${'ab'.repeat(20)}  /a`, `sha9:${'ab'.repeat(32)}  /a`])
      assert.throws(() => policyFromAllowlist(`\n${line}`), { code: 'REFERENCE', at: 'line 2' }, line)
  })
})

describe('a runtime policy of Keylime', () => {
  const policy = (more: object) => JSON.stringify({ meta: { version: 1 }, digests: { '/a': [sha256('a')] }, ...more })

  const keyring = (key: KeyObject, keyids: readonly unknown[] = []) =>
    JSON.stringify({ pubkeys: [key.export({ format: 'der', type: 'spki' }).toString('base64')], keyids })

  test('its keys are a text of JSON, and known by their identifiers, or by the usual ones', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey
    for (const key of [rsa, SIGNER.publicKey]) {
      const [usual] = fileKeysOf(key.export({ format: 'pem', type: 'spki' }).toString())
      const read = (text: string) => readKeylimePolicy(policy({ 'verification-keys': text })).keys
      for (const ids of [[], [null], [0], [usual!.id]]) assert.deepEqual(read(keyring(key, ids)), [usual])
      assert.deepEqual(read(keyring(key, [0xfedcba98])), [{ ...usual, id: 0xfedcba98 }])
      assert.deepEqual(read(JSON.stringify(keyring(key))), [usual])
      assert.deepEqual(read(''), [])
    }
  })

  test('its excludes match from the first byte of a path', () => {
    const { excludes } = readKeylimePolicy(policy({ excludes: ['/tmp/.*', '/home'] }))
    const judged = judge(
      entriesOf([
        { name: '/tmp/x', content: '' },
        { name: '/var/tmp/x', content: '' },
      ]),
      { ...EMPTY, excludes },
    )
    assert.deepEqual(
      judged.map(({ judgement }) => judgement.is),
      ['excluded', 'unknown'],
    )
  })

  test('a pattern that would take an engine of another kind for ever takes no time', () => {
    const names = [{ name: `/${'a'.repeat(200)}!`, content: '' }]
    assert.equal(judge(entriesOf(names), { ...EMPTY, excludes: excludes(['(/?a*)*$']) })[0]!.judgement.is, 'unknown')
  })

  test('what it must not hold is refused with its field', () => {
    const cases: readonly [object, string][] = [
      [{ meta: { version: 2 } }, 'meta.version'],
      [{ digests: { '/a': 'x' } }, 'digests./a'],
      [{ digests: [] }, 'digests'],
      [{ excludes: ['('] }, 'excludes[0]'],
      [{ excludes: ['/tmp', ''] }, 'excludes[1]'],
      [{ excludes: ['a'.repeat(1_001)] }, 'excludes[0]'],
      [{ excludes: Array(1_001).fill('a') }, 'excludes'],
      [{ keyrings: { '.ima': [1] } }, 'keyrings..ima'],
      [{ 'verification-keys': 1 }, 'verification-keys'],
      [{ 'verification-keys': 'no keys at all' }, 'verification-keys'],
      [{ 'verification-keys': '[]' }, 'verification-keys'],
      [{ 'verification-keys': '{}' }, 'verification-keys.pubkeys'],
      [{ 'verification-keys': '{"pubkeys":[],"keyids":[]}' }, 'verification-keys.pubkeys'],
      [{ 'verification-keys': '{"pubkeys":["!"]}' }, 'verification-keys.pubkeys[0]'],
      [{ 'verification-keys': '{"pubkeys":["AAAA"]}' }, 'verification-keys.pubkeys[0]'],
      [{ 'verification-keys': keyring(generateKeyPairSync('ed25519').publicKey) }, 'verification-keys.pubkeys[0]'],
      [{ 'verification-keys': keyring(SIGNER.publicKey, [1.5]) }, 'verification-keys.keyids'],
      [{ 'verification-keys': keyring(SIGNER.publicKey, [2 ** 32]) }, 'verification-keys.keyids'],
    ]
    for (const [more, at] of cases) assert.throws(() => readKeylimePolicy(policy(more)), { code: 'REFERENCE', at })
    assert.throws(() => readKeylimePolicy('{'), { code: 'REFERENCE' })
  })

  test('keyrings may be left unjudged', () => {
    const ignoring = { ...EMPTY, ignoredKeyrings: new Set(['.ima']) }
    assert.deepEqual(failed([FILES[3]!], ignoring), [])
    assert.equal(failed([FILES[3]!], EMPTY).length, 1)
  })

  test('two policies allow what either does', () => {
    const one = readKeylimePolicy(policy({}))
    const other = policyFromAllowlist(`${sha256('b')}  /a\n${sha256('c')}  /c`)
    assert.deepEqual(
      [...both(one, other).files],
      [
        ['/a', new Set([sha256('a'), sha256('b')])],
        ['/c', new Set([sha256('c')])],
      ],
    )
  })
})

describe('signatures of files', () => {
  const trusting = { ...EMPTY, keys: [fileKeyOf(CERTIFICATE)] }
  const judged = (file: Partial<LoggedFile>, policy: ImaPolicy = trusting) => {
    const [one] = judge(entriesOf([{ name: '/usr/bin/new', content: 'new', template: 'ima-sig', ...file }]), policy)
    return [one!.judgement.is, one!.signature]
  }

  test('a file that a known key signed is allowed, whatever its path', () => {
    assert.deepEqual(judged({ signature: signed('new') }), ['allowed', 'good'])
  })

  test('a signature of another file, by another key, or that is none allows nothing', () => {
    const stranger = newPair()
    assert.deepEqual(judged({ signature: signed('old') }), ['unknown', 'wrong'])
    assert.deepEqual(judged({ signature: signed('new', stranger.privateKey) }), ['unknown', 'wrong'])
    assert.deepEqual(judged({ signature: signed('new', stranger.privateKey, { id: 1 }) }), ['unknown', 'stranger'])
    assert.deepEqual(judged({ signature: Buffer.from('0302', 'hex') }), ['unknown', 'unsupported'])
    assert.deepEqual(judged({ signature: signed('new'), algorithm: 'sha512' }), ['unknown', 'wrong'])
    assert.deepEqual(judged({}), ['unknown', 'none'])
  })

  test('RSA signs too, by a bare public key', () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const keys = fileKeysOf(publicKey.export({ format: 'pem', type: 'spki' }).toString())
    const [key] = keys
    assert.deepEqual(judged({ signature: signed('new', privateKey, key) }, { ...EMPTY, keys }), ['allowed', 'good'])
    assert.deepEqual(judged({ signature: signed('old', privateKey, key) }, { ...EMPTY, keys }), ['unknown', 'wrong'])
  })

  test('the digest of a Merkle tree is signed with its kind', () => {
    const digest = hash('sha256', 'tree', 'buffer')
    const signature = sign('sha256', Buffer.concat([Buffer.of(6, 4), digest]), SIGNER.privateKey)
    const plain = signed('tree')
    const verity = Buffer.concat([Buffer.of(6, 3, 4), plain.subarray(3, 7), Buffer.of(0, signature.length), signature])
    const file = { name: '/a', content: 'tree', template: 'ima-sigv2', verity: true } as const
    assert.deepEqual(judged({ ...file, signature: verity }), ['allowed', 'good'])
    assert.deepEqual(judged({ ...file, signature: plain }), ['unknown', 'wrong'])
  })

  test('a key that the log shows entering a keyring signs what follows, if the policy lets it in', () => {
    const files: LoggedFile[] = [FILES[3]!, { name: '/usr/bin/new', content: 'new', template: 'ima-sig', signature: signed('new') }]
    const knowing = policyFromLog(entriesOf([FILES[3]!]))
    assert.deepEqual(failed(files, knowing), [])
    assert.equal(judge(entriesOf(files), EMPTY)[1]!.judgement.is, 'unknown')
    assert.equal(judge(entriesOf(files.toReversed()), knowing)[0]!.judgement.is, 'unknown')
  })

  test('a key that enters any other keyring signs nothing, and one that is revoked least of all', () => {
    for (const name of ['.blacklist', '.evm', '.builtin_trusted_keys']) {
      const entering: LoggedFile = { ...FILES[3]!, name }
      const files: LoggedFile[] = [entering, { name: '/usr/bin/new', content: 'new', template: 'ima-sig', signature: signed('new') }]
      assert.deepEqual(
        failed(files, policyFromLog(entriesOf([entering]))),
        ['IMA_FILE: /usr/bin/new is not known, and none of the keys signed it'],
        name,
      )
    }
  })

  test('cut anywhere, a signature is refused', () => {
    const whole = signed('new')
    for (let length = 0; length < whole.length; length++)
      assert.throws(() => readFileSignature(whole.subarray(0, length)), { code: 'FORMAT' })
    assert.throws(() => readFileSignature(Buffer.concat([whole, Buffer.of(0)])), { code: 'FORMAT' })
  })
})

describe('what was measured that is no file', () => {
  const of = (name: string, content: string | Buffer) => bufferOf(entriesOf([{ name, content, template: 'ima-buf' }])[0]!)

  test('is told in words', () => {
    assert.deepEqual(of('kexec-cmdline', 'quiet\0'), { kind: 'command-line', text: 'quiet' })
    const key = of('.ima', CERTIFICATE)
    assert.equal(key?.kind === 'key' && key.keyring, '.ima')
    const table = 'dm_version=4.45.0;name=root,uuid=a\\,b,num_targets=1;target_index=0,target_name=verity;'
    assert.deepEqual(of('dm_table_load', table), {
      kind: 'device-mapper',
      event: 'dm_table_load',
      groups: [{ dm_version: '4.45.0' }, { name: 'root', uuid: 'a\\,b', num_targets: '1' }, { target_index: '0', target_name: 'verity' }],
    })
  })

  test('a command line of NULs with something behind takes no longer than its bytes', () => {
    const zeros = Buffer.concat([Buffer.alloc(1 << 20), Buffer.from('x')])
    const began = ownTime()
    assert.equal(of('kexec-cmdline', zeros)?.kind, 'command-line')
    assert.ok(ownTime() - began < 2_000)
  })

  test('what is not what its name promises is only bytes', () => {
    for (const name of ['dm_table_load', '.ima', 'selinux-state']) assert.equal(of(name, 'rubbish')?.kind, 'other')
  })
})
