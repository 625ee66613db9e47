import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { checkPolicy, type Guest, libvirtDomain, POLICIES, qemuArguments, shellWord } from './guest.ts'

const GUEST: Guest = {
  ...{ mode: 'sev-snp', firmware: '/f.fd', kernel: '/k', initrd: '/i', commandLine: 'a=b "c"' },
  ...{ vcpus: 4, cpu: 'EPYC-Milan', memory: 2048, policy: 0x30000n, cBit: 51 },
}
const disk = ({ kernel: _, initrd: __, commandLine: ___, ...rest }: Guest): Guest => rest
const line = (guest: Guest) => qemuArguments(guest).join(' ')

describe('the lines that launch a guest', () => {
  test('hand a kernel over only with its hashes', () => {
    assert.match(
      line(GUEST),
      /-object sev-snp-guest,id=sev0,cbitpos=51,reduced-phys-bits=1,policy=0x30000,kernel-hashes=on -bios \/f.fd -kernel \/k/,
    )
    assert.match(libvirtDomain(GUEST, 'x'), /<launchSecurity type='sev-snp' kernelHashes='yes'>/)
    assert.doesNotMatch(line(disk(GUEST)), /kernel/)
    assert.doesNotMatch(libvirtDomain(disk(GUEST), 'x'), /kernel|initrd|cmdline/)
  })

  test('give SEV-SNP memory of its own, and SEV its object', () => {
    assert.match(line(GUEST), /memory-backend=ram0 -object memory-backend-memfd,id=ram0,size=2048M,share=true/)
    assert.match(line({ ...GUEST, mode: 'sev-es', policy: 5n }), /confidential-guest-support=sev0 -object sev-guest,id=sev0,.*policy=0x5/)
  })

  test('say what they are given, and nothing more', () => {
    assert.match(libvirtDomain({ ...GUEST, firmware: "/a'b&c" }, 'x<y'), /<name>x&lt;y<\/name>[\s\S]*<loader type='rom'>\/a&apos;b&amp;c</)
    assert.match(libvirtDomain(GUEST, 'x'), /<cmdline>a=b &quot;c&quot;<\/cmdline>/)
    assert.match(libvirtDomain({ ...GUEST, commandLine: 'a\r\n\tb\u{1f600}' }, 'x'), /<cmdline>a&#13;\n\tb\u{1f600}<\/cmdline>/u)
    for (const commandLine of ['a\u0001', 'a\u001b[m', '\ud800', '\uffff'])
      assert.throws(() => libvirtDomain({ ...GUEST, commandLine }, 'x'), { code: 'USAGE', message: /control character/ })
    assert.equal(shellWord('/a/b-c_d.e'), '/a/b-c_d.e')
    assert.equal(shellWord("it's $(x)"), "'it'\\''s $(x)'")
    assert.equal(shellWord(''), "''")
  })
})

describe('a policy', () => {
  test('asks for its mode; one that the firmware would refuse is refused', () => {
    for (const [mode, policy] of Object.entries(POLICIES)) checkPolicy(mode as Guest['mode'], policy)
    checkPolicy('sev', 0xffff_0001n)
    checkPolicy('sev-snp', 0x3ff_ffffn)
    for (const [mode, policy] of [
      ['sev-snp', 0x1001fn],
      ['sev-es', 1n],
      ['sev', 5n],
      ['sev', 0x41n],
      ['sev', 0x1_0000_0001n],
      ['sev-es', 0x100_0000_0005n],
      ['sev-snp', 0x8000_0000_0002_0000n],
      ['sev-snp', 0x402_0000n],
    ] as const) {
      assert.throws(() => checkPolicy(mode, policy), { code: 'USAGE' })
    }
  })
})
