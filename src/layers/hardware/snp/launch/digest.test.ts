import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import { firmwareImage, SECTIONS } from '../../../../../test/kit/firmware-image.ts'
import { firmwareDigest, type Launch, launchDigest } from './digest.ts'
import { readFirmware } from './firmware.ts'
import { hashesPage, hashesTable, hashKernel } from './kernel-hashes.ts'
import { cpuidSignature, RESET_VECTOR, savedState, vcpuSignature } from './vcpu.ts'

const firmware = readFirmware(firmwareImage())
const hashes = hashKernel(Buffer.from('kernel'), Buffer.from('initrd'), 'quiet')
const LAUNCH: Launch = { mode: 'sev-snp', firmware, hashes, vcpus: 2, signature: vcpuSignature('EPYC-Milan') ?? 0 }
const digest = (change: Partial<Launch> = {}) => launchDigest({ ...LAUNCH, ...change }).toString('hex')
const refused = (change: Partial<Launch>, why: RegExp) => assert.throws(() => digest(change), { code: 'REFERENCE', message: why })

describe('the digest of SEV-SNP', () => {
  test('is the chain of its pages', () => {
    let chain = Buffer.alloc(48)
    const page = (type: number, gpa: number, content?: Uint8Array) => {
      const head = Buffer.from([0x70, 0, type, 0, 0, 0, 0, 0])
      const address = Buffer.alloc(8)
      address.writeBigUInt64LE(BigInt(gpa))
      const hash = content === undefined ? Buffer.alloc(48) : createHash('sha384').update(content).digest()
      chain = createHash('sha384')
        .update(Buffer.concat([chain, hash, head, address]))
        .digest()
    }
    page(1, 0xffffe000, firmware.bytes.subarray(0, 4096))
    page(1, 0xfffff000, firmware.bytes.subarray(4096))
    page(3, 0x800000)
    page(3, 0x801000)
    page(5, 0x80d000)
    page(6, 0x80e000)
    page(3, 0x80f000)
    page(1, 0x810000, hashesPage(hashes, 0x810c00))
    for (const eip of [RESET_VECTOR, 0x80b004]) page(2, 0xfffffffff000, savedState('qemu', eip, 1n, 0xa00f11))
    assert.equal(digest(), chain.toString('hex'))
  })

  test('differs by everything that a guest is launched with', () => {
    const others: readonly Partial<Launch>[] = [
      { firmware: readFirmware(firmwareImage({ pages: 3 })) },
      { firmware: readFirmware(firmwareImage({ resetEip: 0x80b008 })) },
      { firmware: readFirmware(firmwareImage({ hashesTable: 0x810d00 })) },
      { hashes: hashKernel(Buffer.from('other'), Buffer.from('initrd'), 'quiet') },
      { hashes: hashKernel(Buffer.from('kernel'), Buffer.from('other'), 'quiet') },
      { hashes: hashKernel(Buffer.from('kernel'), Buffer.from('initrd'), 'quiet init=/bin/sh') },
      { vcpus: 1 },
      { vcpus: 3 },
      { signature: vcpuSignature('EPYC-Genoa') ?? 0 },
      { features: 0x21n },
      { vmm: 'ec2' },
      { vmm: 'gce' },
    ]
    const digests = [{}, ...others].map((change) => digest(change))
    assert.equal(new Set(digests).size, digests.length)
    assert.ok(digests.every((each) => each.length === 96))
  })

  test('goes on from that of the firmware', () => {
    assert.equal(digest({ firmwareDigest: firmwareDigest(firmware) }), digest())
    assert.notEqual(digest({ firmwareDigest: Buffer.alloc(48) }), digest())
    refused({ firmwareDigest: Buffer.alloc(32) }, /48/)
    for (const mode of ['sev', 'sev-es'] as const) refused({ mode, firmwareDigest: firmwareDigest(firmware) }, /only SEV-SNP/)
  })
})

describe('the digest of SEV and SEV-ES', () => {
  const sha256 = (...parts: readonly Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest('hex')

  test('is of firmware and hashes, and of processors where these are encrypted', () => {
    const state = (eip: number) => savedState('qemu', eip, 0n, 0xa00f11)
    assert.equal(digest({ mode: 'sev' }), sha256(firmware.bytes, hashesTable(hashes)))
    assert.equal(digest({ mode: 'sev-es' }), sha256(firmware.bytes, hashesTable(hashes), state(RESET_VECTOR), state(0x80b004)))
    const { hashes: _, ...disk } = LAUNCH
    assert.equal(launchDigest({ ...disk, mode: 'sev' }).toString('hex'), sha256(firmware.bytes))
    assert.equal(digest({ mode: 'sev', vcpus: 9 }), digest({ mode: 'sev' }))
  })
})

describe('what cannot be launched', () => {
  test('is refused: a kernel that the firmware does not measure', () => {
    for (const mode of ['sev', 'sev-es', 'sev-snp'] as const) {
      refused({ mode, firmware: readFirmware(firmwareImage({ hashesTable: 0 })) }, /no place for the hashes/)
      refused({ mode, firmware: readFirmware(firmwareImage({ footer: false })) }, /no place for the hashes/)
    }
    refused({ firmware: readFirmware(firmwareImage({ sections: SECTIONS.slice(0, 4) })) }, /no page for the hashes/)
    refused({ firmware: readFirmware(firmwareImage({ sections: [[0x810000, 0x2000, 16]] })) }, /8192 bytes/)
    refused({ firmware: readFirmware(firmwareImage({ hashesTable: 0x810fc0 })) }, /not in one page/)
  })

  test('is refused: further processors that begin nowhere, or no number of them', () => {
    const alone = readFirmware(firmwareImage({ resetEip: 0 }))
    refused({ firmware: alone }, /further processors/)
    digest({ firmware: alone, vcpus: 1 })
    for (const vcpus of [0, -1, 1.5, Number.NaN, 1e9]) refused({ vcpus }, /processors/)
  })
})

describe('a type of processor', () => {
  test('has the signature that CPUID would show', () => {
    assert.equal(cpuidSignature(23, 1, 2), 0x800f12)
    assert.equal(cpuidSignature(25, 17, 1), 0xa10f11)
    assert.equal(cpuidSignature(26, 2, 1), 0xb00f21)
    assert.equal(vcpuSignature('EPYC-Milan-v2'), vcpuSignature('EPYC-Milan'))
    assert.equal(vcpuSignature('EPYC-IBPB'), vcpuSignature('EPYC'))
    for (const type of ['EPYC-v5', 'EPYC-Rome-v5', 'EPYC-Milan-v3', 'EPYC-Genoa-v2', 'EPYC-Turin-v1'])
      assert.equal(vcpuSignature(type), vcpuSignature(type.slice(0, -3)), type)
    for (const type of [
      'Skylake-Server',
      'EPYC-Milan-IBPB',
      'EPYC-IBPB-v1',
      'EPYC-v0',
      'EPYC-v01',
      'EPYC-v6',
      'EPYC-Turin-v9',
      'EPYC-v1-v1',
    ])
      assert.equal(vcpuSignature(type), undefined, type)
  })
})
