import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { machine, NONCE, NOW } from '../../../test/kit/machine.ts'
import { needSwtpm, type Swtpm, startSwtpm } from '../../../test/kit/swtpm.ts'
import type { Asked } from '../../crossings/attestation/appraise.ts'
import { referenceOf } from '../../crossings/attestation/record.ts'
import { appraisers } from '../../crossings/attestation/technologies/appraisers.ts'
import { appraiseEk } from '../../crossings/attestation/technologies/endorsement.ts'
import { verifyBoot, verifyGuestBoot } from '../../crossings/measured-boot/verify-boot.ts'
import { parseEventLog } from '../../layers/firmware/tcg-log/event-log.ts'
import { EV } from '../../layers/firmware/tcg-log/event-types.table.ts'
import { readVendorCertificate } from '../../layers/hardware/tpm/abi/vendor-certificate.ts'
import { NV } from '../../layers/hardware/tpm/commands/nv.ts'
import { pcrExtend } from '../../layers/hardware/tpm/commands/platform.ts'
import { EMPTY } from '../../layers/hardware/tpm/session.ts'
import { collectEvidence } from './evidence.ts'
import { EVENT_LOG, IMA_LOG } from './roots.ts'
import { defineNv, writeNv } from './tpm/nv.ts'
import { Tpm } from './tpm/tpm.ts'

const NOWHERE = { kind: 'unix', path: '/nonexistent/tpm.sock' } as const

function tree(t: TestContext, files: Readonly<Record<string, Uint8Array>>): string {
  const root = mkdtempSync(join(tmpdir(), 'thymus-evidence-'))
  t.after(() => rmSync(root, { recursive: true }))
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), content)
  }
  return root
}

test('what is not there is named, each with its reason', async (t) => {
  const root = tree(t, {})
  const runs = join(root, 'runs/measured-runs.log')
  const { evidence, absent } = await collectEvidence({ tpm: NOWHERE, root, runs })
  assert.equal(existsSync(dirname(runs)), false)
  assert.deepEqual(evidence, [])
  assert.deepEqual(
    absent.map(({ type, why }) => `${type} ${why.code}`),
    [
      'tpm-quote TPM_ABSENT',
      'tcg-log NOT_THERE',
      'ima-log NOT_THERE',
      'measured-runs NOT_THERE',
      'cc-log NOT_THERE',
      'tee-report TEE_ABSENT',
    ],
  )
})

test('the log of a confidential guest reaches as far as its table says, and one of SEV is held to nothing', async (t) => {
  const table = (technology: number, length: number) => {
    const bytes = Buffer.alloc(56)
    bytes.write('CCEL8', 'latin1')
    bytes.writeUInt8(technology, 36)
    bytes.writeBigUInt64LE(BigInt(length), 40)
    bytes.writeUInt8(-bytes.reduce((sum, byte) => sum + byte, 0) & 0xff, 9)
    return bytes
  }
  const collected = async (bytes: Buffer) => {
    const tables = { 'sys/firmware/acpi/tables/CCEL': bytes, 'sys/firmware/acpi/tables/data/CCEL': Buffer.alloc(100, 7) }
    const { evidence, absent } = await collectEvidence({ tpm: NOWHERE, root: tree(t, tables) })
    return evidence[0]?.parts.log?.length ?? absent.find(({ type }) => type === 'cc-log')?.why.code
  }
  assert.deepEqual(
    [await collected(table(2, 60)), await collected(table(2, 500)), await collected(table(1, 60)), await collected(Buffer.alloc(56))],
    [60, 100, 'TEE_ABSENT', 'FORMAT'],
  )
})

test('logs are read whole, whatever size they say they have', async (t) => {
  const root = tree(t, { [EVENT_LOG]: Buffer.alloc(100_000, 7), [IMA_LOG]: Buffer.of(1), 'runs/log': Buffer.alloc(7) })
  const { evidence } = await collectEvidence({ tpm: NOWHERE, root, runs: join(root, 'runs/log') })
  assert.deepEqual(
    evidence.map(({ type, parts }) => [type, parts.log!.length]),
    [
      ['tcg-log', 100_000],
      ['ima-log', 1],
      ['measured-runs', 7],
    ],
  )
})

test('a TPM quotes what was measured into it, by the same key each time, and keeps nothing of it', async (t) => {
  if (!needSwtpm(t)) return
  await using swtpm = await startSwtpm()
  const log = machine().evidence.find(({ type }) => type === 'tcg-log')!.parts.log!
  {
    await using tpm = await Tpm.open(swtpm.place)
    for (const { register, type, digests } of parseEventLog(log).events) {
      if (type === EV.NO_ACTION) continue
      await tpm.run(pcrExtend(register, [{ hash: 0x0b, digest: digests[0]!.value }]), [EMPTY])
    }
  }
  const collect = async () => {
    const { evidence } = await collectEvidence({ tpm: swtpm.place, nonce: NONCE, root: tree(t, { [EVENT_LOG]: log }) })
    return { about: 'node-1', collected: NOW, absent: [], evidence: evidence.map((each) => ({ ...each, about: 'node-1' })) }
  }
  const [first, second] = [await collect(), await collect()]
  const reference = referenceOf(first, NOW)
  assert.equal(reference.tpm?.keys?.length, 1)
  assert.deepEqual(referenceOf(second, NOW), reference)
  const asked: Asked = { now: NOW, nonce: NONCE, reference }
  const by = appraisers({ toQuote: verifyBoot, toGuest: verifyGuestBoot })
  for (const evidence of second.evidence) {
    const { checks } = by[evidence.type]!(evidence, asked, second.evidence)
    assert.deepEqual(
      checks.filter(({ verdict }) => verdict.is !== 'pass').map(({ code }) => code),
      [],
      evidence.name,
    )
  }
  await using tpm = await Tpm.open(swtpm.place)
  assert.deepEqual(await tpm.handles(0x80000000), [])
})

test('endorsement keys are presented where they are asked for, with all that their maker wrote into the TPM', async (t) => {
  if (!needSwtpm(t)) return
  const of = async ({ place }: Swtpm, endorsement = true) => {
    const { evidence, absent } = await collectEvidence({ tpm: place, endorsement, root: tree(t, {}) })
    return {
      keys: evidence.filter(({ type }) => type === 'tpm-endorsement'),
      why: absent.find(({ type }) => type === 'tpm-endorsement')?.why,
    }
  }
  await using bare = await startSwtpm()
  assert.equal((await of(bare)).why?.code, 'TPM_UNVERIFIED')
  assert.deepEqual(await of(bare, false), { keys: [], why: undefined })
  await using swtpm = await startSwtpm(true)
  if (swtpm.authorities === undefined) return t.skip('the emulator has no certificates here (lab/lab setup makes one that has)')
  const [root, issuer] = [swtpm.authorities.root, swtpm.authorities.issuer].map((pem) => readVendorCertificate(Buffer.from(pem)))
  {
    await using tpm = await Tpm.open(swtpm.place)
    const attributes = NV.ownerWrite | NV.authRead | NV.noDa
    await defineNv(tpm, { index: 0x01c00100, nameHash: 0x000b, attributes, authPolicy: Buffer.alloc(0), size: issuer!.raw.length })
    await writeNv(tpm, 0x01c00100, issuer!.raw)
  }
  const { keys } = await of(swtpm)
  assert.ok(keys.length >= 2)
  for (const { name, type, parts } of keys) {
    const { checks } = appraiseEk({ name, type, parts, about: '' }, { roots: [], labRoots: [root!], intermediates: [] }, Date.now())
    assert.ok(checks.length > 0 && checks.every(({ verdict }) => verdict.is === 'pass'), name)
  }
  await using tpm = await Tpm.open(swtpm.place)
  assert.deepEqual(await tpm.handles(0x80000000), [])
})

test('an enclave of Gramine presents a quote over the challenge', async (t) => {
  const files = { attestation_type: Buffer.from('dcap'), user_report_data: Buffer.alloc(0), quote: Buffer.from('quote') }
  const root = tree(t, Object.fromEntries(Object.entries(files).map(([name, bytes]) => [join('dev/attestation', name), bytes])))
  const { evidence } = await collectEvidence({ tpm: NOWHERE, root, nonce: Buffer.alloc(32, 7) })
  assert.deepEqual(evidence, [{ name: 'sgx', type: 'dcap-quote', parts: { quote: Buffer.from('quote') } }])
  assert.deepEqual(readFileSync(join(root, 'dev/attestation/user_report_data')), Buffer.concat([Buffer.alloc(32, 7), Buffer.alloc(32)]))
})
