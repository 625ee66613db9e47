import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  certificate,
  der,
  dnsNames,
  extension,
  isCa,
  newPair,
  policies,
  type Request,
  sequence,
  text,
  usages,
} from '../../../test/kit/certificates.ts'
import { type Certificate, readCertificate } from './certificate.ts'
import { matchesHost } from './hostname.ts'
import { readMailbox } from './mailbox.ts'
import { ANY_USAGE, type VerifyOptions, verifyChain } from './verify.ts'

const keys = Array.from({ length: 4 }, newPair)
const SERVER = '1.3.6.1.5.5.7.3.1'
const CLIENT = '1.3.6.1.5.5.7.3.2'
const NOW = Date.UTC(2025, 0, 1)

type Change = Partial<Request>
const make = (at: number, change: Change = {}) => readCertificate(certificate({ ...links[at]!, ...change }))
const links: readonly Request[] = [
  { subject: 'root', key: keys[0]!, extensions: [isCa()] },
  { subject: 'middle', key: keys[1]!, issuer: { subject: 'root', key: keys[0]! }, extensions: [isCa()] },
  { subject: 'leaf', key: keys[2]!, issuer: { subject: 'middle', key: keys[1]! }, extensions: [dnsNames('a.example')] },
]

function lengthOf(changes: readonly Change[], options: Partial<VerifyOptions> = {}): number {
  const [root, middle, leaf] = links.map((_, at) => make(at, changes[at])) as [Certificate, Certificate, Certificate]
  const all = { roots: [root], intermediates: [middle], now: NOW, usages: [ANY_USAGE], ...options }
  return verifyChain(leaf, all).length
}
const holds = (changes: readonly Change[], options?: Partial<VerifyOptions>) => assert.equal(lengthOf(changes, options), 3)
const fails = (changes: readonly Change[], options?: Partial<VerifyOptions>) =>
  assert.throws(() => lengthOf(changes, options), { code: 'UNTRUSTED' })

describe('a path', () => {
  test('leads to a root, and only while all are valid', () => {
    holds([])
    fails([], { now: Date.UTC(2031, 0, 1) })
    fails([], { now: Date.UTC(2019, 0, 1) })
    fails([{}, { to: '240101000000Z' }])
    fails([{}, {}, { extensions: [extension('1.2.3', der(0x05), true)] }])
    fails([{}, {}, { issuer: { subject: 'middle', key: keys[3]! } }])
    fails([{}, {}, { issuer: { subject: 'other', key: keys[1]! } }])
    fails([{}, {}, { hash: 'sha1' }])
    const root = make(0)
    assert.equal(verifyChain(root, { roots: [root], intermediates: [], now: NOW, usages: [SERVER] }).length, 1)
  })

  test('goes through authorities only, as far as they allow', () => {
    fails([{}, { extensions: [] }])
    fails([{}, { extensions: [extension('2.5.29.19', sequence())] }])
    fails([{ extensions: [isCa(0)] }])
    holds([{ extensions: [isCa(1)] }])
    fails([{}, { extensions: [isCa(), extension('2.5.29.15', der(0x03, Buffer.from([7, 0x80])))] }])
  })

  test('allows a usage in every certificate', () => {
    const ca = [isCa(), usages(CLIENT)]
    holds([{}, { extensions: ca }, { extensions: [usages(SERVER, CLIENT)] }], { usages: [CLIENT] })
    fails([{}, { extensions: ca }, { extensions: [usages(SERVER, CLIENT)] }], { usages: [SERVER] })
    fails([{}, { extensions: ca }, { extensions: [usages(SERVER)] }], { usages: [SERVER, CLIENT] })
    holds([{}, { extensions: [isCa(), usages(ANY_USAGE)] }, {}], { usages: [SERVER] })
  })

  test('keeps names within constraints', () => {
    const constrain = (at: number, tag: number, value: string | Buffer) => [
      isCa(),
      extension('2.5.29.30', sequence(der(0xa0 + at, sequence(typeof value === 'string' ? text(tag, value) : der(tag, value)))), true),
    ]
    const names = (...parts: readonly Buffer[]) => ({ extensions: [extension('2.5.29.17', sequence(...parts))] })
    const cases: readonly (readonly [readonly Buffer[], Change, boolean])[] = [
      [constrain(0, 0x82, 'example'), names(text(0x82, 'A.Example')), true],
      [constrain(0, 0x82, 'example'), names(text(0x82, 'badexample')), false],
      [constrain(0, 0x82, '.example'), names(text(0x82, 'example')), false],
      [constrain(1, 0x82, 'a.example'), names(text(0x82, '*.example')), false],
      [constrain(1, 0x82, 'a.b.example'), names(text(0x82, '*.example')), true],
      [constrain(1, 0x82, ''), names(text(0x82, 'x')), false],
      [constrain(0, 0x81, 'example'), names(text(0x81, 'x@example')), true],
      [constrain(0, 0x81, 'x@example'), names(text(0x81, 'y@example')), false],
      [constrain(1, 0x81, 'z'), names(text(0x81, 'no mailbox')), false],
      [constrain(0, 0x87, Buffer.from('0a000000ff000000', 'hex')), names(der(0x87, Buffer.from([10, 1, 1, 1]))), true],
      [constrain(0, 0x87, Buffer.from('0a000000ff000000', 'hex')), names(der(0x87, Buffer.from([11, 1, 1, 1]))), false],
      [constrain(0, 0x86, 'example'), names(text(0x86, 'https://a.example:8/x')), true],
      [constrain(1, 0x86, 'example'), names(text(0x86, 'https://1.2.3.4/')), false],
      [constrain(1, 0x86, 'example'), names(text(0x86, 'mailto:a@b')), false],
      [constrain(0, 0x82, 'example'), { extensions: [] }, true],
    ]
    for (const [extensions, leaf, good] of cases) (good ? holds : fails)([{}, { extensions }, leaf])
  })

  test('has a policy where one is asked for', () => {
    const explicit = extension('2.5.29.36', sequence(der(0x80, Buffer.from([0]))))
    holds([{}, { extensions: [isCa(), explicit, policies('1.2.3')] }, { extensions: [policies('1.2.3')] }])
    holds([{}, { extensions: [isCa(), explicit, policies('2.5.29.32.0')] }, { extensions: [policies('1.2.3')] }])
    fails([{}, { extensions: [isCa(), explicit, policies('1.2.3')] }, { extensions: [policies('1.2.4')] }])
    fails([{}, { extensions: [isCa(), explicit] }, { extensions: [policies('1.2.3')] }])
    holds([{}, { extensions: [isCa(), policies('1.2.3')] }, { extensions: [policies('1.2.4')] }])
  })

  test('is looked for with bounds, whoever signs whom', () => {
    // Ten authorities of one name, each signed by all others: 10! ways round.
    const pairs = Array.from({ length: 10 }, newPair)
    const circle = pairs.flatMap((signer) =>
      pairs.map((key) => readCertificate(certificate({ subject: 'c', key, issuer: { subject: 'c', key: signer }, extensions: [isCa()] }))),
    )
    const leaf = readCertificate(certificate({ subject: 'leaf', key: keys[2]!, issuer: { subject: 'c', key: pairs[0]! } }))
    assert.throws(() => verifyChain(leaf, { roots: [make(0)], intermediates: circle, now: NOW, usages: [ANY_USAGE] }), {
      code: 'UNTRUSTED',
    })
  })
})

test('a host is the one of the certificate', () => {
  const names = { dns: ['a.example', '*.wild.example', '*'], emails: [], ips: [Buffer.from([1, 2, 3, 4])], uris: [] }
  for (const host of ['a.example', 'A.EXAMPLE.', 'x.wild.example', '1.2.3.4', '::ffff:1.2.3.4', '[1.2.3.4]'])
    assert.ok(matchesHost(names, host), host)
  for (const host of ['', '.', 'b.example', 'wild.example', 'x.y.wild.example', '1.2.3.5', 'a..example'])
    assert.ok(!matchesHost(names, host), host)
})

test('mailboxes are read as RFC 2821 has them', () => {
  assert.deepEqual(readMailbox('"a\\"b c"@d.e'), { local: 'a"b c', domain: 'd.e' })
  assert.deepEqual(readMailbox('a.b+c@d'), { local: 'a.b+c', domain: 'd' })
  for (const text of ['', '@d', 'a', '.a@d', 'a..b@d', 'a.@d', 'a b@d', '"a@d', 'a@d..e', 'a@d.', 'é@d', `${'a'.repeat(20_000)}@d`]) {
    assert.equal(readMailbox(text), undefined, text)
  }
})
