import assert from 'node:assert/strict'
import { hash, sign } from 'node:crypto'
import { test } from 'node:test'
import { certificate, newPair } from '../../../../test/kit/certificates.ts'
import { type Host, type Package, policyFromPackages, readMd5sums, usualNames, type WeakHash } from './packages.ts'
import { fileKeyOf } from './signature.ts'

const CONTENTS: Readonly<Record<string, string>> = { '/usr/bin/env': 'env', '/usr/bin/sh': 'evil' }
const real = (path: string) => path.replace(/^\/bin/, '/usr/bin')
const HOST: Host = {
  namesOf: (path) => [real(path)],
  now: (path, algorithm: WeakHash) => {
    const content = CONTENTS[real(path)]
    return content === undefined
      ? undefined
      : { path: real(path), digest: hash(algorithm, content, 'buffer'), sha256: hash('sha256', content) }
  },
}
const digest = (content: string, algorithm = 'sha256') => ({ algorithm, bytes: hash(algorithm, content, 'buffer'), of: 'file' }) as const
const NONE = { changed: [], missing: [], weak: [], unsigned: [] }

test('a file that is known by MD5 is taken with its SHA-256 where that MD5 is still its own, under its name without links', () => {
  const packages = [
    readMd5sums('coreutils', `${hash('md5', 'env')}  bin/env\n${hash('md5', 'gone')}  usr/bin/gone file\n`),
    readMd5sums('dash', `${hash('md5', 'sh')}  bin/sh\n`),
  ]
  const { policy, hashed, out } = policyFromPackages(packages, HOST)
  assert.deepEqual([...policy.files], [['/usr/bin/env', new Set([hash('sha256', 'env')])]])
  assert.equal(hashed, 1)
  assert.deepEqual(out, { ...NONE, changed: ['dash: /bin/sh'], missing: ['coreutils: /usr/bin/gone file'] })
  const weak = policyFromPackages(packages.slice(1), { namesOf: usualNames })
  assert.deepEqual([weak.policy.files.size, weak.out], [0, { ...NONE, weak: ['dash: /bin/sh'] }])
})

test('a file that is known by a good hash is taken as its package says, whatever it is here', () => {
  const packages: readonly Package[] = [{ name: 'dash', files: [{ path: '/bin/sh', digest: digest('sh') }] }]
  const { policy, hashed, out } = policyFromPackages(packages, HOST)
  assert.deepEqual([...policy.files], [['/usr/bin/sh', new Set([hash('sha256', 'sh')])]])
  assert.deepEqual([hashed, out], [0, NONE])
})

test('with keys, only files count that one of them signed', () => {
  const [SIGNER, STRANGER] = [newPair(), newPair()]
  const key = fileKeyOf(certificate({ subject: 'the vendor', key: SIGNER }))
  const signed = (content: string, { privateKey }: ReturnType<typeof newPair>) => {
    const bytes = sign('sha256', Buffer.from(content), privateKey)
    const head = Buffer.from('0302040000000000', 'hex')
    head.writeUInt32BE(key.id, 3)
    return Buffer.concat([head, Buffer.of(bytes.length), bytes])
  }
  const files = [
    { path: '/bin/good', digest: digest('good'), signature: signed('good', SIGNER) },
    { path: '/bin/other', digest: digest('other'), signature: signed('good', SIGNER) },
    { path: '/bin/theirs', digest: digest('theirs'), signature: signed('theirs', STRANGER) },
    { path: '/bin/none', digest: digest('none') },
    { path: '/bin/rubbish', digest: digest('rubbish'), signature: Buffer.of(3) },
  ]
  const { policy, out } = policyFromPackages([{ name: 'p', files }], HOST, [key])
  assert.deepEqual([...policy.files.keys()], ['/usr/bin/good'])
  assert.deepEqual(out.unsigned, ['p: /bin/other', 'p: /bin/theirs', 'p: /bin/none', 'p: /bin/rubbish'])
})

test('where no machine says what is a link, a file has the names that the usual links give it', () => {
  for (const [path, names] of [
    ['/bin/sh', ['/bin/sh', '/usr/bin/sh']],
    ['/sbin/ldconfig', ['/sbin/ldconfig', '/usr/sbin/ldconfig', '/usr/bin/ldconfig']],
    ['/usr/sbin/sshd', ['/usr/sbin/sshd', '/usr/bin/sshd']],
    ['/lib64/ld.so', ['/lib64/ld.so', '/usr/lib64/ld.so']],
    ['/opt/bin/x', ['/opt/bin/x']],
    ['/library/x', ['/library/x']],
  ] as const)
    assert.deepEqual(usualNames(path), names)
})

test('a line that is none is named', () => {
  for (const line of ['x', `${'a'.repeat(31)}  bin/a`, `${'a'.repeat(32)} bin/a`])
    assert.throws(() => readMd5sums('dash', `\n${line}`), { code: 'REFERENCE', at: 'dash:1' })
})
