// The TPM behind its device: in the lab's guest alone (`lab/lab test --tpm test/kernel/tpm-device.test.ts`), since a machine's own TPM is nobody's
// to try things on.
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { endorsementKey, type Trust } from '../../src/adapters/linux/tpm/endorsement.ts'
import { createBlob, loadBlob } from '../../src/adapters/linux/tpm/keys.ts'
import { seal, unsealed } from '../../src/adapters/linux/tpm/sealing.ts'
import { Tpm } from '../../src/adapters/linux/tpm/tpm.ts'
import { readAttest } from '../../src/layers/hardware/tpm/abi/attest.ts'
import { selectPcrs } from '../../src/layers/hardware/tpm/abi/pcr-selection.ts'
import { createPrimary, entityOf } from '../../src/layers/hardware/tpm/commands/objects.ts'
import { quote } from '../../src/layers/hardware/tpm/commands/signing.ts'
import { fixed, HANDLE } from '../../src/layers/hardware/tpm/entity.ts'
import { ENDORSEMENT_ROOT } from '../../src/layers/hardware/tpm/key-file.ts'
import type { Place } from '../../src/layers/hardware/tpm/place.ts'
import { EMPTY } from '../../src/layers/hardware/tpm/session.ts'
import { STORAGE_ROOT, signingKey } from '../../src/layers/hardware/tpm/templates.ts'
import { thymus } from '../kit/cli.ts'

const MANAGED: Place = { kind: 'device', path: '/dev/tpmrm0' }
const RAW: Place = { kind: 'device', path: '/dev/tpm0' }
const why =
  process.env.THYMUS_LAB_GUEST !== '1'
    ? 'only in the lab: lab/lab test --tpm test/kernel/tpm-device.test.ts'
    : existsSync(MANAGED.path)
      ? undefined
      : 'the guest has no TPM (--tpm)'

describe('a TPM behind its device', { skip: why }, () => {
  test('quotes, seals and unseals, and is left as it was', async () => {
    await using tpm = await Tpm.open(MANAGED)
    await using own = await endorsementKey(tpm, 'p256')
    const trust: Trust = { pins: [{ kind: 'p256', name: own.name }], roots: [], intermediates: [], now: Date.now() }
    await own[Symbol.asyncDispose]()
    await using key = await loadBlob(tpm, await createBlob(tpm, signingKey('p256', true), {}, {}, ENDORSEMENT_ROOT), ENDORSEMENT_ROOT)
    const { message } = await tpm.run(quote(entityOf(key), Buffer.from('nonce'), [selectPcrs('sha256', [0, 7])]), [EMPTY])
    assert.deepEqual(readAttest(message).extraData, Buffer.from('nonce'))
    await key[Symbol.asyncDispose]()
    const file = await seal(tpm, trust, { data: Buffer.from('secret'), policy: [], auth: Buffer.from('pin') })
    assert.deepEqual(await unsealed(tpm, trust, { file, auth: Buffer.from('pin') }), Buffer.from('secret'))
    assert.deepEqual(await tpm.handles(0x80000000), [])
  })

  test('is shared: more objects than it has room for, by several programs at once', async () => {
    const programs = await Promise.all([1, 2, 3].map(() => Tpm.open(MANAGED)))
    const root = createPrimary(fixed(HANDLE.owner), STORAGE_ROOT)
    for (const tpm of programs) for (let each = 0; each < 2; each++) await tpm.hold(root, [EMPTY])
    for (const tpm of programs) await tpm[Symbol.asyncDispose]()
    await using raw = await Tpm.open(RAW)
    assert.deepEqual(await raw.handles(0x80000000), [])
    await assert.rejects(Tpm.open(RAW), { code: 'TPM_ABSENT', message: /another program has the TPM open/ })
  })

  test('is the one that thymus tpm takes where none is named', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'thymus-tpm-device-'))
    const options = { env: { ...process.env, THYMUS_HOME: folder }, cwd: folder }
    const { status, stdout, stderr } = await thymus(['tpm', 'pcr', 'read', 'sha256:0', '-o', 'json'], options)
    assert.equal(status, 0, stderr)
    assert.match(JSON.parse(stdout).items[0].value, /^[0-9a-f]{64}$/)
    assert.equal((await thymus(['tpm', 'ek', '--kind', 'p256', '--trust'], options)).status, 0)
    assert.match((await thymus(['tpm', 'random', '8'], options)).stdout, /^[0-9a-f]{16}\n$/)
    rmSync(folder, { recursive: true })
  })
})
