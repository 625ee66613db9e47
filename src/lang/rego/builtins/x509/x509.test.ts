import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import {
  certificate,
  certificateRequest,
  der,
  dnsNames,
  extension,
  isCa,
  newPair,
  type Pair,
  pem,
  sequence,
  text,
  usages,
} from '../../../../../test/kit/certificates.ts'
import { callBuiltin } from '../../../../../test/kit/rego-builtin.ts'

const call = (name: string, ...operands: readonly unknown[]) =>
  callBuiltin(`crypto.${name}`, operands, { now: BigInt(Date.UTC(2025, 0, 1)) * 1_000_000n })
const ca = newPair()
const host = newPair()
const root = certificate({ subject: 'root', key: ca, extensions: [isCa()] })
const leafExtensions = [
  extension('2.5.29.17', sequence(text(0x82, 'a.b'), der(0x87, Buffer.from([1, 2, 3, 4])), text(0x86, 'https://u@h:1/%2f?q'))),
  usages('1.3.6.1.5.5.7.3.2'),
]
const leaf = certificate({ subject: 'leaf', key: host, issuer: { subject: 'root', key: ca }, extensions: leafExtensions })
const chain = pem('CERTIFICATE', root) + pem('CERTIFICATE', leaf)
const big = (value: string) => Number(BigInt(`0x${Buffer.from(value, 'base64url').toString('hex')}`))
const point = ({ publicKey }: Pair) => {
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
  return { Curve: {}, X: big(x), Y: big(y) }
}

test('a certificate has the fields of Go, in whatever clothes it comes', () => {
  const [read] = call('x509.parse_certificates', pem('CERTIFICATE', leaf)) as Record<string, unknown>[]
  const expected = {
    Raw: leaf.toString('base64'),
    SerialNumber: 1,
    Version: 3,
    SignatureAlgorithm: 10,
    PublicKeyAlgorithm: 3,
    PublicKey: point(host),
    NotBefore: '2020-01-01T00:00:00Z',
    DNSNames: ['a.b'],
    EmailAddresses: null,
    IPAddresses: ['1.2.3.4'],
    ExtKeyUsage: [2],
    UnknownExtKeyUsage: null,
    MaxPathLen: 0,
    BasicConstraintsValid: false,
    PolicyIdentifiers: null,
    URIStrings: ['https://u@h:1/%2f?q'],
  }
  for (const [name, value] of Object.entries(expected)) assert.deepEqual(read![name], value, name)
  assert.equal(Object.keys(read!).length, 53)
  assert.deepEqual(read!.URIs, [
    {
      Scheme: 'https',
      Opaque: '',
      User: {},
      Host: 'h:1',
      Path: '//',
      RawPath: '/%2f',
      OmitHost: false,
      ForceQuery: false,
      RawQuery: 'q',
      Fragment: '',
      RawFragment: '',
    },
  ])
  assert.deepEqual(read!.Subject, {
    ...{ CommonName: 'leaf', SerialNumber: '', Country: null, Locality: null, Province: null, StreetAddress: null, PostalCode: null },
    ...{ Organization: null, OrganizationalUnit: null, ExtraNames: null, Names: [{ Type: [2, 5, 4, 3], Value: 'leaf' }] },
  })
  for (const other of [leaf.toString('base64'), Buffer.from(pem('CERTIFICATE', leaf)).toString('base64')]) {
    assert.deepEqual(call('x509.parse_certificates', other), [read])
  }
  assert.equal((call('x509.parse_certificates', Buffer.concat([root, leaf]).toString('base64')) as unknown[]).length, 2)
  for (const bad of ['x', pem('PUBLIC KEY', leaf), pem('CERTIFICATE', leaf.subarray(1)), chain + pem('X', leaf), 'AAAA']) {
    assert.equal(call('x509.parse_certificates', bad), undefined, bad)
  }
})

test('a chain is verified from its last certificate to its first', () => {
  const options = (given: object, text = chain) => call('x509.parse_and_verify_certificates_with_options', text, given)
  const valid = (answer: unknown) => (answer as [boolean, unknown[]] | undefined)?.[0]
  assert.deepEqual(call('x509.parse_and_verify_certificates', chain), [false, []])
  const [, path] = options({ KeyUsages: ['KeyUsageClientAuth'] }) as [boolean, { Raw: string }[]]
  assert.deepEqual(
    path.map(({ Raw }) => Raw),
    [leaf, root].map((each) => each.toString('base64')),
  )
  const any = { KeyUsages: ['KeyUsageAny'] }
  assert.equal(valid(options({ ...any, DNSName: 'a.b' })), true)
  assert.equal(valid(options({ ...any, DNSName: 'b' })), false)
  assert.equal(valid(options({ ...any, CurrentTime: Date.UTC(2031, 0, 1) * 1e6 })), false)
  assert.equal(valid(options({ ...any, CurrentTime: 0 })), false)
  assert.equal(valid(options(any, pem('CERTIFICATE', leaf) + pem('CERTIFICATE', root))), false)
  assert.equal(valid(options({ x: 1 }, 'no certificate')), false)
  for (const bad of [{ x: 1 }, { KeyUsages: ['x'] }, { KeyUsages: 'x' }, { CurrentTime: '1' }, { CurrentTime: 1e20 }, { DNSName: 1 }]) {
    assert.equal(options(bad), undefined, JSON.stringify(bad))
  }
  const server = certificate({ subject: 'leaf', key: host, issuer: { subject: 'root', key: ca } })
  assert.equal(valid(call('x509.parse_and_verify_certificates', pem('CERTIFICATE', root) + pem('CERTIFICATE', server))), true)
})

test('a request shows what it asks for', () => {
  const request = certificateRequest('x', host, [dnsNames('a.b'), isCa()])
  const read = call('x509.parse_certificate_request', pem('CERTIFICATE REQUEST', request)) as Record<string, unknown>
  assert.deepEqual(read.DNSNames, ['a.b'])
  assert.deepEqual(read.Attributes, [
    {
      Type: [1, 2, 840, 113549, 1, 9, 14],
      Value: [
        [
          { Type: [2, 5, 29, 17], Value: 'MAWCA2EuYg==' },
          // The value of a critical extension is hidden by the boolean before it, in Go as here.
          { Type: [2, 5, 29, 19], Value: true },
        ],
      ],
    },
  ])
  assert.deepEqual(call('x509.parse_certificate_request', request.toString('base64')), read)
  for (const bad of [pem('CERTIFICATE', request), 'x', '']) assert.equal(call('x509.parse_certificate_request', bad), undefined)
})

test('private keys of every form are read, and made JWKs', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 })
  const ed = generateKeyPairSync('ed25519')
  const forms = (pair: Pair, types: readonly ('pkcs1' | 'pkcs8' | 'sec1')[]) =>
    types.map((type) => String(pair.privateKey.export({ format: 'pem', type: type as 'pkcs8' })))
  for (const [pair, types] of [
    [rsa, ['pkcs1', 'pkcs8']],
    [host, ['sec1', 'pkcs8']],
    [ed, ['pkcs8']],
  ] as const) {
    for (const form of forms(pair, types)) {
      assert.deepEqual(call('x509.parse_rsa_private_key', form), pair.privateKey.export({ format: 'jwk' }))
      assert.deepEqual(call('x509.parse_rsa_private_key', Buffer.from(form).toString('base64')), pair.privateKey.export({ format: 'jwk' }))
    }
  }
  const { n = '', e = '', d = '' } = rsa.privateKey.export({ format: 'jwk' })
  const [one, two, three] = call(
    'parse_private_keys',
    forms(rsa, ['pkcs1'])
      .concat(forms(host, ['sec1']), forms(ed, ['pkcs8']))
      .join('x\n'),
  ) as [Record<string, unknown>, Record<string, unknown>, string]
  assert.deepEqual([one.N, one.E, one.D], [n, e, d].map(big))
  assert.deepEqual({ ...two, D: 0 }, { ...point(host), D: 0 })
  assert.equal(Buffer.from(three, 'base64').length, 64)
  assert.equal(call('parse_private_keys', ''), null)
  assert.deepEqual(call('parse_private_keys', 'x'), [])
  assert.deepEqual(call('parse_private_keys', chain), [])
  assert.equal(call('parse_private_keys', pem('EC PRIVATE KEY', Buffer.from('3003020101', 'hex'))), undefined)
  const encrypted = rsa.privateKey.export({ format: 'pem', type: 'pkcs1', cipher: 'aes-128-cbc', passphrase: 'x' })
  assert.equal(call('parse_private_keys', String(encrypted)), undefined)
})

test('a certificate and its key make a pair', () => {
  const key = String(host.privateKey.export({ format: 'pem', type: 'pkcs8' }))
  const pair = call('x509.parse_keypair', pem('CERTIFICATE', leaf), key) as {
    Certificate: string[]
    Leaf: { Raw: string }
    PrivateKey: object
  }
  assert.deepEqual(pair.Certificate, [leaf.toString('base64')])
  assert.equal(pair.Leaf.Raw, leaf.toString('base64'))
  assert.equal('URIStrings' in pair.Leaf, false)
  const bare = host.privateKey.export({ format: 'der', type: 'sec1' }).toString('base64')
  assert.deepEqual(call('x509.parse_keypair', leaf.toString('base64'), bare), pair)
  assert.equal(call('x509.parse_keypair', pem('CERTIFICATE', root), key), undefined)
  assert.equal(call('x509.parse_keypair', key, pem('CERTIFICATE', leaf)), undefined)
})

test('what is hostile ends as undefined, and soon', () => {
  const deep = `${'3080'.repeat(50_000)}`
  for (const bytes of [Buffer.from(deep, 'hex'), Buffer.from('3084ffffffff', 'hex'), Buffer.alloc(1_000_000, 0x30)]) {
    assert.equal(call('x509.parse_certificates', bytes.toString('base64')), undefined)
    assert.equal(call('x509.parse_certificate_request', bytes.toString('base64')), undefined)
    for (const label of ['RSA PRIVATE KEY', 'EC PRIVATE KEY', 'PRIVATE KEY'])
      assert.equal(call('parse_private_keys', pem(label, bytes)), undefined)
  }
  assert.equal(call('x509.parse_certificates', pem('CERTIFICATE', leaf).repeat(1_100)), undefined)
})
