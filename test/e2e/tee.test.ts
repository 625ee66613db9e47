// Confidential computing from the command line: no agent, no privilege.
import assert from 'node:assert/strict'
import { globSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, describe, test } from 'node:test'
import { launchDigest } from '../../src/layers/hardware/snp/launch/digest.ts'
import { readFirmware } from '../../src/layers/hardware/snp/launch/firmware.ts'
import { hashKernel } from '../../src/layers/hardware/snp/launch/kernel-hashes.ts'
import { vcpuSignature } from '../../src/layers/hardware/snp/launch/vcpu.ts'
import { thymus } from '../kit/cli.ts'
import { firmwareImage } from '../kit/firmware-image.ts'
import { Vendor } from '../kit/snp.ts'

const folder = mkdtempSync(join(tmpdir(), 'thymus-tee-'))
after(() => rmSync(folder, { recursive: true }))
const file = (name: string, content: Uint8Array | string) => {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}
const firmware = file('ovmf.fd', firmwareImage())
const kernel = file('vmlinuz', 'kernel')

describe('thymus tee', () => {
  test('doctor says of each thing what was found', async () => {
    const { stdout, status } = await thymus(['tee', 'doctor', '-o', 'json'])
    assert.equal(status, 0)
    const { items } = JSON.parse(stdout)
    assert.deepEqual(
      items.map(({ code }: { code: string }) => code),
      ['TEE_SEV', 'TEE_SEV_HOST', 'TEE_TDX_HOST', 'TEE_SGX', 'TEE_GUEST', 'TEE_MEMORY', 'TEE_REPORTS'],
    )
    for (const { state, reason, fix } of items) assert.ok(reason !== '' && (state === 'ok') === (fix === null))
  })

  test('launch shows the lines, and the measurement that they yield', async () => {
    const args = ['tee', 'launch', '--firmware', firmware, '--kernel', kernel, '--append', 'quiet', '--vcpus', '2', '-o', 'json']
    const { stdout, status } = await thymus(args)
    assert.equal(status, 0)
    const { measurement, qemu, libvirt } = JSON.parse(stdout)
    const hashes = hashKernel(Buffer.from('kernel'), undefined, 'quiet')
    const launch = {
      mode: 'sev-snp',
      firmware: readFirmware(firmwareImage()),
      hashes,
      vcpus: 2,
      signature: vcpuSignature('EPYC-Milan')!,
    } as const
    assert.equal(measurement, launchDigest(launch).toString('hex'))
    assert.ok(qemu.includes(firmware) && qemu.includes('quiet') && qemu.includes('2,maxcpus=2'))
    assert.match(libvirt, /type='sev-snp'/)
  })

  test('launch refuses what would not be measured, and what it does not know', async () => {
    const refused = async (args: readonly string[], status: number, why: RegExp) => {
      const result = await thymus(['tee', 'launch', ...args])
      assert.equal(result.status, status, result.stderr)
      assert.match(result.stderr, why)
    }
    const plain = file('plain.fd', firmwareImage({ hashesTable: 0 }))
    await refused(['--firmware', plain, '--kernel', kernel], 1, /REFERENCE: .*no place for the hashes/)
    await refused(['--firmware', file('cut.fd', 'x')], 1, /FORMAT/)
    await refused(['--firmware', firmware, '--append', 'x'], 64, /USAGE/)
    await refused(['--firmware', firmware, '--cpu', 'Pentium'], 64, /EPYC-Milan/)
    await refused(['--firmware', firmware, '--policy', '0x10000'], 64, /bit 17/)
    await refused(['--firmware', join(folder, 'absent')], 64, /ENOENT/)
    await refused(['--firmware', firmware, '--vcpus', '0'], 64, /vcpus/)
  })

  test('collateral is kept as it was given, and its age is said', async () => {
    const env = { ...process.env, THYMUS_HOME: join(folder, 'home') }
    const collateral = (...words: readonly string[]) => thymus(['tee', 'collateral', ...words, '-o', 'json'], { env })
    assert.equal((await collateral('list')).status, 3)
    const vendor = new Vendor()
    const old = { from: '200101000000Z', to: '210101000000Z' }
    const root = file('root.der', vendor.root())
    const added = await collateral('add', file('vek.der', vendor.vek({ change: old })), root)
    assert.equal(added.status, 0, added.stderr)
    assert.equal((await collateral('add', root)).status, 0)
    const { stdout, status } = await collateral('list')
    assert.equal(status, 3)
    const items = JSON.parse(stdout).items.map(({ kind, state }: { kind: string; state: string }) => `${kind} ${state}`)
    assert.deepEqual(items, ['VCEK ended', 'authority current'])
    for (const path of ['/dev/zero', folder, join(folder, 'absent')]) assert.equal((await collateral('add', path)).status, 64)
    assert.match((await collateral('add', file('text', 'text'))).stderr, /FORMAT/)
    const [kept] = globSync(join(folder, 'home/**/collateral')) as [string]
    assert.deepEqual(
      readdirSync(kept).map((name) => /^[0-9a-f]{64}$/.test(name)),
      [true, true],
    )
    for (const at of [kept, dirname(kept)]) {
      rmSync(at, { recursive: true })
      writeFileSync(at, '')
      for (const words of [['list'], ['add', root]]) {
        const { status, stderr } = await collateral(...words)
        assert.deepEqual([status, stderr.match(/USAGE: .*\((EEXIST|ENOTDIR)\)/)?.length], [64, 2], stderr)
        assert.ok(stderr.includes(kept))
      }
      rmSync(at)
    }
  })
})
