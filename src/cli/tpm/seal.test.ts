import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import {
  isApprovedBy,
  readSignedPolicy,
  type SignedPolicy,
  signPolicy,
  writeSignedPolicy,
} from '../../layers/hardware/tpm/signed-policy.ts'
import { signPolicyFile } from './seal.ts'

const folder = mkdtempSync(join(tmpdir(), 'thymus-seal-'))
after(() => rmSync(folder, { recursive: true }))
const at = (name: string) => join(folder, name)

const KEY = generateKeyPairSync('ec', { namedCurve: 'P-256' })
writeFileSync(at('signer.pem'), KEY.privateKey.export({ type: 'pkcs8', format: 'pem' }))
const NOW = signPolicy(
  {
    bank: 'sha256',
    pcrs: new Map([
      [7, Buffer.alloc(32, 7)],
      [11, Buffer.alloc(32, 11)],
    ]),
    counter: { index: 0x01800001, name: Buffer.alloc(34, 3), atMost: 5n },
    ref: Buffer.alloc(0),
  },
  KEY.privateKey,
)

/** What is signed for an update of PCR 7. */
async function signedFrom(policy: SignedPolicy): Promise<SignedPolicy> {
  writeFileSync(at('now.json'), writeSignedPolicy(policy))
  const value = [[7, Buffer.alloc(32, 8)]] as const
  await signPolicyFile({ key: at('signer.pem'), from: at('now.json'), value, next: true }, at('next.json'))
  return readSignedPolicy(readFileSync(at('next.json'), 'utf8'))
}

test('what was signed before is changed and signed anew', async () => {
  const next = await signedFrom(NOW)
  assert.deepEqual([next.pcrs.get(7), next.pcrs.get(11), next.counter.atMost], [Buffer.alloc(32, 8), Buffer.alloc(32, 11), 6n])
  assert.ok(isApprovedBy(next, KEY.publicKey))
  rmSync(at('next.json'))
})

test('nothing is signed from a policy that the key has not signed', async () => {
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  for (const policy of [
    { ...NOW, pcrs: new Map([...NOW.pcrs, [11, Buffer.alloc(32, 0xee)]]) },
    { ...NOW, counter: { ...NOW.counter, name: Buffer.alloc(34, 4) } },
    { ...NOW, counter: { ...NOW.counter, atMost: 1n << 40n } },
    { ...NOW, ref: Buffer.from('other') },
    signPolicy(NOW, other.privateKey),
  ])
    await assert.rejects(signedFrom(policy), { code: 'UNTRUSTED', at: at('now.json') })
  const unsigned = { ...NOW, signature: Buffer.alloc(0) }
  await assert.rejects(signedFrom(unsigned), { code: 'FORMAT', at: `${at('now.json')}: sigAlg at byte 0` })
  assert.ok(!existsSync(at('next.json')))
})
