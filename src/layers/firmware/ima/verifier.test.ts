import assert from 'node:assert/strict'
import { generateKeyPairSync, hash, sign } from 'node:crypto'
import { describe, test } from 'node:test'
import { certificate, newPair } from '../../../../test/kit/certificates.ts'
import { imaLists, type LoggedFile } from '../../../../test/kit/ima-log.ts'
import { readAsciiList } from './ascii.ts'
import { EMPTY, policyFromAllowlist, policyFromLog } from './policy.ts'
import { fileKeyOf, fileKeysOf } from './signature.ts'
import { judge, validate } from './validate.ts'
import { SignatureVerifier } from './verifier.ts'

const SIGNER = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const PEM = SIGNER.publicKey.export({ format: 'pem', type: 'spki' }).toString()
const [KEY] = fileKeysOf(PEM)
const signed = (content: string, { privateKey } = SIGNER, id = KEY!.id) => {
  const bytes = sign('sha256', Buffer.from(content), privateKey)
  const head = Buffer.from([3, 2, 4, 0, 0, 0, 0, 0, bytes.length])
  head.writeUInt32BE(id, 3)
  return Buffer.concat([head, bytes])
}
const file = (content: string, signature = signed(content)): LoggedFile => ({
  name: `/usr/bin/${content}`,
  content,
  template: 'ima-sig',
  signature,
})
const entriesOf = (files: readonly LoggedFile[]) => readAsciiList(imaLists(files).ascii).entries
const sha256 = (text: string) => hash('sha256', text)

describe('how many signatures are verified', () => {
  const digest = hash('sha256', 'a', 'buffer')
  const good = sign('sha256', Buffer.from('a'), SIGNER.privateKey)

  test('the same one again is free; another behind the last is not said to be wrong', () => {
    const verifier = new SignatureVerifier(2)
    const ask = (of: Buffer, signature = good) => verifier.isSignedBy([KEY!], 'sha256', of, signature)
    const other = hash('sha256', 'b', 'buffer')
    assert.deepEqual([ask(digest), ask(digest), ask(other), ask(other), ask(digest)], [true, true, false, false, true])
    assert.equal(ask(digest, Buffer.concat([good, Buffer.of(0)])), undefined)
    assert.equal(ask(digest), true)
  })

  test('two keys of one identifier are two', () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const [other] = fileKeysOf(publicKey.export({ format: 'pem', type: 'spki' }).toString())
    assert.equal(new SignatureVerifier(2).isSignedBy([other!, KEY!], 'sha256', digest, good), true)
    assert.equal(new SignatureVerifier(1).isSignedBy([other!, KEY!], 'sha256', digest, good), undefined)
  })

  test('a file behind the last is unknown, not refused, unless its digest is known; what is wrong before it fails', () => {
    const policy = { ...policyFromAllowlist(`${sha256('c')}  /usr/bin/c\n${sha256('old')}  /usr/bin/d\n`), keys: [KEY!] }
    const files = ['a', 'b', 'c', 'd'].map((content) => file(content))
    const judged = (most: number) =>
      judge(entriesOf(files), policy, { mostSignatures: most }).map(({ judgement, signature }) => [judgement.is, signature])
    assert.deepEqual(judged(2), [
      ['allowed', 'good'],
      ['allowed', 'good'],
      ['allowed', 'unverified'],
      ['undecided', 'unverified'],
    ])
    assert.ok(judged(4).every(([is]) => is === 'allowed'))
    const verdicts = (these: readonly LoggedFile[]) =>
      Object.fromEntries(validate(entriesOf(these), policy, { mostSignatures: 2 }).map(({ code, verdict }) => [code, verdict]))
    const { IMA_FILE: inFile, IMA_SIGNATURE: inSignature, IMA_CHANGED: inChanged } = verdicts(files)
    for (const verdict of [inFile, inSignature]) {
      assert.equal(verdict!.is, 'unknown')
      assert.match(
        verdict!.is === 'unknown' ? verdict!.why.text : '',
        /too many signatures for one list: [12] were not verified, of .*\/usr\/bin\/d/,
      )
    }
    assert.equal(inChanged!.is, 'pass')
    const wrong = verdicts([file('a', signed('b')), ...files])
    assert.deepEqual([wrong.IMA_FILE!.is, wrong.IMA_SIGNATURE!.is], ['fail', 'fail'])
  })

  test('a key that enters again and again is one', () => {
    const pair = newPair()
    const cert = certificate({ subject: 'a signer', key: pair })
    const entering: LoggedFile = { name: '.ima', content: cert, template: 'ima-buf' }
    const bad = file('x', signed('y', pair, fileKeyOf(cert).id))
    const policy = policyFromLog(entriesOf([entering]))
    const [last] = judge(entriesOf([...Array<LoggedFile>(9).fill(entering), bad]), policy, { mostSignatures: 1 }).slice(-1)
    assert.equal(last!.signature, 'wrong')
  })

  test('a key that enters the keyring of EVM signs no content, and one of IMA no attributes', () => {
    const pair = newPair()
    const cert = certificate({ subject: 'a signer', key: pair })
    const { id } = fileKeyOf(cert)
    const ima = Buffer.concat([Buffer.of(4, 4), hash('sha256', 'x', 'buffer')])
    const evm = Buffer.from(signed('x', pair, id))
    const misc = Buffer.alloc(24)
    misc.writeUInt16LE(0o100755, 20)
    const over = sign('sha256', Buffer.concat([ima, misc]), pair.privateKey)
    const signature = Buffer.concat([Buffer.of(5), evm.subarray(1, 8), Buffer.of(over.length), over])
    const attributes = { xattrs: [['security.ima', ima]], uid: 0, gid: 0, mode: 0o100755 } as const
    const both = [file('x', signed('x', pair, id)), { ...file('x', signature), template: 'evm-sig', attributes } as const]
    const states = (keyring: string) => {
      const entering: LoggedFile = { name: keyring, content: cert, template: 'ima-buf' }
      return judge(entriesOf([entering, ...both]), policyFromLog(entriesOf([entering]))).map((each) => each.signature)
    }
    assert.deepEqual(states('.ima'), ['none', 'good', 'stranger'])
    assert.deepEqual(states('.evm'), ['none', 'stranger', 'good'])
    assert.deepEqual(states('.blacklist'), ['none', 'stranger', 'stranger'])
    assert.deepEqual(
      judge(entriesOf(both), EMPTY).map((each) => each.signature),
      ['stranger', 'stranger'],
    )
  })
})
