import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { examine } from '../doctor/capability.ts'
import { teeProbes } from './abilities.ts'
import type { Machine } from './machine.ts'

const cpu = (vendor: string, flags: string) => ({
  '/proc/cpuinfo': `processor\t: 0\nvendor_id\t: ${vendor}\nflags\t\t: fpu ${flags}\nbugs\t\t:\n`,
})
const BOOT = '[    0.000000] Linux version 6.12.0\n'

interface Shown {
  readonly files?: Readonly<Record<string, string>>
  readonly devices?: Readonly<Record<string, Buffer>>
  /** Null: it may not be read. */
  readonly log?: string | null
}

function machine({ files = {}, devices = {}, log = BOOT }: Shown): Machine {
  return {
    exists: (path) => [...Object.keys(files), ...Object.keys(devices)].some((each) => each === path || each.startsWith(`${path}/`)),
    text: (path) => files[path],
    bytes: (path, offset, length) => (devices[path] ?? assert.fail(path)).subarray(offset - 0xc0010000, offset - 0xc0010000 + length),
    log: () => log ?? assert.fail(Object.assign(new Error('EPERM'), { code: 'EPERM' })),
  }
}

/** Code → state and reason. */
async function states(shown: Shown): Promise<Readonly<Record<string, string>>> {
  const found = await Promise.all(teeProbes(machine(shown)).map(examine))
  return Object.fromEntries(found.map(({ code, state, reason }) => [code.replace('TEE_', ''), `${state}: ${reason}`]))
}

describe('a host', () => {
  test('of AMD with all on runs encrypted guests, and encrypts its own memory', async () => {
    const parameters = Object.fromEntries(['sev', 'sev_es', 'sev_snp'].map((name) => [`/sys/module/kvm_amd/parameters/${name}`, 'Y\n']))
    const files = { ...cpu('AuthenticAMD', 'sme sev sev_es sev_snp'), ...parameters, '/dev/sev': '' }
    const found = await states({ files, log: `${BOOT}[    0.1] Memory Encryption Features active: AMD SME\n` })
    assert.equal(found.SEV, 'ok: sev, sev_es, sev_snp')
    assert.equal(found.SEV_HOST, 'ok: kvm_amd: sev, sev_es, sev_snp')
    assert.equal(found.GUEST, 'missing: it runs on no hypervisor')
    assert.equal(found.MEMORY, 'ok: of this host: AMD SME')
    assert.match(found.TDX_HOST!, /^missing/)
    const { '/dev/sev': _, ...without } = files
    assert.match((await states({ files: without })).SEV_HOST!, /^refused: .*no secure processor/)
    const off = {
      ...files,
      '/sys/module/kvm_amd/parameters/sev': 'N\n',
      '/sys/module/kvm_amd/parameters/sev_es': 'N',
      '/sys/module/kvm_amd/parameters/sev_snp': 'N',
    }
    assert.match((await states({ files: off })).SEV_HOST!, /^refused/)
  })

  test('that says nothing of its memory may still encrypt it', async () => {
    assert.match((await states({ files: cpu('AuthenticAMD', 'sme') })).MEMORY!, /^unknown: .*TSME/)
    assert.match((await states({ files: cpu('GenuineIntel', ''), log: null })).MEMORY!, /^refused/)
    assert.equal(
      (await states({ files: cpu('GenuineIntel', ''), log: `${BOOT}x86/tme: enabled by BIOS\n` })).MEMORY,
      'ok: of this host: Intel TME',
    )
  })

  test('of Intel runs TDX guests and enclaves where the kernel says so', async () => {
    const files = { ...cpu('GenuineIntel', 'sgx tdx_host_platform'), '/sys/module/kvm_intel/parameters/tdx': 'Y', '/dev/sgx_enclave': '' }
    const found = await states({ files })
    assert.equal(found.TDX_HOST, 'ok: kvm_intel: tdx')
    assert.equal(found.SGX, 'ok: /dev/sgx_enclave')
    assert.equal(found.SEV, 'missing: this is GenuineIntel')
    assert.match((await states({ files: cpu('GenuineIntel', 'sgx tdx_host_platform') })).TDX_HOST!, /^refused/)
  })
})

describe('a guest', () => {
  test('knows by its devices that it is confidential', async () => {
    const snp = { ...cpu('AuthenticAMD', 'hypervisor sev'), '/dev/sev-guest': '', '/sys/devices/system/cpu/sev/vmpl': '1\n' }
    const found = await states({ files: snp })
    assert.equal(found.GUEST, 'ok: AMD SEV-SNP, VMPL 1')
    assert.equal(found.MEMORY, 'ok: of this guest: AMD SEV-SNP, VMPL 1')
    assert.equal((await states({ files: cpu('GenuineIntel', 'hypervisor tdx_guest') })).GUEST, 'ok: Intel TDX')
  })

  test('knows it by its status register', async () => {
    const files = cpu('AuthenticAMD', 'hypervisor')
    const withStatus = (...bytes: number[]) => ({
      files,
      devices: { '/dev/cpu/0/msr': Buffer.concat([Buffer.alloc(0x131), Buffer.from(bytes)]) },
    })
    assert.equal((await states(withStatus(3, 0, 0, 0, 0, 0, 0, 0))).GUEST, 'ok: AMD SEV, SEV-ES')
    assert.equal((await states(withStatus(0, 0, 0, 0, 0, 0, 0, 0))).GUEST, 'missing: SEV_STATUS says no')
    assert.match((await states(withStatus(1))).GUEST!, /^unknown/)
  })

  test('knows it by what its kernel said, as far as that goes back', async () => {
    const files = cpu('AuthenticAMD', 'hypervisor')
    const guest = async (log: string | null) => (await states({ files, log })).GUEST
    assert.equal(await guest(`${BOOT}Memory Encryption Features active: AMD SEV SEV-ES\n`), 'ok: AMD SEV SEV-ES')
    assert.match((await guest(BOOT))!, /^missing/)
    assert.match((await guest('[  900.0] something else\n'))!, /^unknown/)
    assert.match((await guest(null))!, /^refused/)
    assert.match((await states({ files })).MEMORY!, /^unknown: .*only the host/)
  })

  test('gives reports where its kernel does', async () => {
    assert.match((await states({})).REPORTS!, /^missing/)
    assert.match((await states({ files: { '/sys/kernel/config/tsm/report/x': '' } })).REPORTS!, /^ok/)
  })
})
